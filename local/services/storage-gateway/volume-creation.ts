import {
  CreateCachediSCSIVolume$, CreateStorediSCSIVolume$, type CreateCachediSCSIVolumeInput, type CreateCachediSCSIVolumeOutput,
  type CreateStorediSCSIVolumeInput, type CreateStorediSCSIVolumeOutput, type Tag,
} from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { allocated, freeDisk } from './disks';
import { invalidRequest } from './errors';
import { connectedGateway, requireType, type Gateway } from './gateway';
import { mergedTags } from './tags';
import { once } from './tokens';
import { existingVolume, existingVolumes, newVolumeId, targetArnOf, volumesOf, type SnapshotSchedule, type Volume } from './volume';
import { GIB, TIB, type Appliance } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import { operation, type Context, type Given, type Operation } from '../service';
import { snapshotsOf, stateOf, type Snapshot } from '../snapshots';

const MOST_VOLUMES = 32;
const LARGEST_CACHED = 32 * TIB;
const LARGEST_STORED = 16 * TIB;
const LARGEST_TOTAL = { CACHED: 1024 * TIB, STORED: 512 * TIB };
/** The direct API and EC2 count in GiB; nothing smaller can be told apart. */
const SMALLEST = GIB;

export const volumeCreationOperations = (appliances: Appliances): Operation[] => [
  operation<CreateCachediSCSIVolumeInput, CreateCachediSCSIVolumeOutput>(
    CreateCachediSCSIVolume$, CONSTRAINTS.CreateCachediSCSIVolume, (input, context) => {
      const { gateway, appliance } = connectedGateway(context, appliances, input.GatewayARN);
      requireType(gateway, 'CACHED');
      return once(context, 'CreateCachediSCSIVolume', input, () => createCached(input, gateway, appliance, context));
    }),

  operation<CreateStorediSCSIVolumeInput, CreateStorediSCSIVolumeOutput>(
    CreateStorediSCSIVolume$, CONSTRAINTS.CreateStorediSCSIVolume, (input, context) => {
      const { gateway, appliance } = connectedGateway(context, appliances, input.GatewayARN);
      requireType(gateway, 'STORED');
      return createStored(input, appliances, gateway, appliance, context);
    }),
];

function createCached(
  input: Given<CreateCachediSCSIVolumeInput>, gateway: Gateway, appliance: Appliance, context: Context,
): CreateCachediSCSIVolumeOutput {
  const { VolumeSizeInBytes: sizeInBytes, SourceVolumeARN, SnapshotId } = input;
  if (sizeInBytes < SMALLEST || sizeInBytes > LARGEST_CACHED) {
    throw invalidRequest('InvalidParameters', `VolumeSizeInBytes is to be between ${SMALLEST} and ${LARGEST_CACHED}.`);
  }
  if (allocated(appliance, 'CACHE STORAGE').length === 0) {
    throw invalidRequest('NoDisksAvailable');
  }
  if (SnapshotId !== undefined && SourceVolumeARN !== undefined) {
    throw invalidRequest('InvalidParameters', 'Either SnapshotId or SourceVolumeARN can be given.');
  }
  const snapshot = SnapshotId === undefined ? undefined : completedSnapshot(context, SnapshotId);
  const source = SourceVolumeARN === undefined ? undefined : sourceVolume(context, SourceVolumeARN);
  if (sizeInBytes < Math.max((snapshot?.volumeSize ?? 0) * GIB, source?.sizeInBytes ?? 0)) {
    throw invalidRequest('InvalidParameters', 'VolumeSizeInBytes is smaller than what the volume is made from.');
  }
  const isEncrypted = snapshot?.encrypted === true || source?.kmsKey !== undefined;
  const content = snapshot?.snapshotId ?? source?.snapshotId;
  const kind = { type: 'CACHED' as const, sizeInBytes, ...(content !== undefined && { snapshotId: content }) };
  const volume = newVolume(input, isEncrypted, kind, gateway, appliance, context);
  volumesOf(context.state).put(volume.arn, volume);
  return { VolumeARN: volume.arn, TargetARN: volume.targetArn };
}

function createStored(
  input: Given<CreateStorediSCSIVolumeInput>, appliances: Appliances, gateway: Gateway, appliance: Appliance, context: Context,
): CreateStorediSCSIVolumeOutput {
  const disk = freeDisk(appliance, input.DiskId);
  const { sizeInBytes } = disk;
  if (sizeInBytes % GIB !== 0) {
    throw invalidRequest('DiskSizeNotGigAligned');
  }
  if (sizeInBytes > LARGEST_STORED) {
    throw invalidRequest('DiskSizeGreaterThanVolumeMaxSize');
  }
  const snapshot = input.SnapshotId === undefined ? undefined : completedSnapshot(context, input.SnapshotId);
  if (snapshot && snapshot.volumeSize * GIB > sizeInBytes) {
    throw invalidRequest('DiskSizeLessThanVolumeSize');
  }
  const stored = {
    type: 'STORED' as const,
    sizeInBytes,
    diskPath: disk.path,
    preservedExistingData: input.PreserveExistingData,
    ...(snapshot && { snapshotId: snapshot.snapshotId }),
  };
  const made = newVolume(input, snapshot?.encrypted === true, stored, gateway, appliance, context);
  const volume = { ...made, schedule: defaultSchedule(gateway, made, context) };
  volumesOf(context.state).put(volume.arn, volume);
  const resource = `${volume.targetArn.split('/target/')[1]}::${volume.lun}::${context.region}-${volume.id}`;
  appliances.changeDisks(appliance.id, (other) => (other === disk ? { ...disk, allocation: 'STORED iSCSI VOLUME', resource } : other));
  return { VolumeARN: volume.arn, TargetARN: volume.targetArn, VolumeSizeInBytes: sizeInBytes };
}

/** What both kinds of creation say about the volume. */
interface VolumeInput {
  readonly TargetName: string;
  readonly NetworkInterfaceId: string;
  readonly KMSEncrypted?: boolean;
  readonly KMSKey?: string;
  readonly Tags?: Tag[];
}

type Kind = Pick<Volume, 'type' | 'sizeInBytes' | 'snapshotId' | 'diskPath' | 'preservedExistingData'>;

function newVolume(input: VolumeInput, isSourceEncrypted: boolean, kind: Kind, gateway: Gateway, appliance: Appliance, context: Context): Volume {
  // What is being deleted is out of the way, as its disk is: who replaces a volume creates right after the answer to DeleteVolume.
  const siblings = existingVolumes(context, gateway.arn).filter(({ goneAt }) => goneAt === undefined);
  if (siblings.some(({ targetName }) => targetName === input.TargetName)) {
    throw invalidRequest('TargetAlreadyExists');
  }
  const total = siblings.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, kind.sizeInBytes);
  if (siblings.length >= MOST_VOLUMES || total > LARGEST_TOTAL[kind.type]) {
    throw invalidRequest('MaximumVolumeCountExceeded');
  }
  if (input.NetworkInterfaceId !== appliance.host) {
    throw invalidRequest('NetworkConfigurationChanged');
  }
  const kmsKey = keyOf(input, isSourceEncrypted);
  const id = newVolumeId();
  return {
    ...kind,
    arn: `${gateway.arn}/volume/${id}`,
    id,
    gatewayArn: gateway.arn,
    targetName: input.TargetName,
    targetArn: targetArnOf(gateway.arn, input.TargetName),
    networkInterfaceId: input.NetworkInterfaceId,
    lun: 1,
    createdAt: context.clock.time(),
    tags: mergedTags([], input.Tags),
    initiators: [],
    ...(kmsKey !== undefined && { kmsKey }),
  };
}

/** The key comes with the wish to encrypt, and an encrypted source cannot give an unencrypted volume. */
function keyOf({ KMSEncrypted = false, KMSKey }: VolumeInput, isSourceEncrypted: boolean): string | undefined {
  if (KMSEncrypted !== (KMSKey !== undefined)) {
    throw invalidRequest('InvalidParameters', 'KMSKey is given if, and only if, KMSEncrypted is true.');
  }
  if (isSourceEncrypted && !KMSEncrypted) {
    throw invalidRequest('InvalidParameters', 'What the volume is made from is encrypted; so KMSEncrypted is to be true.');
  }
  return KMSKey;
}

function completedSnapshot(context: Context, id: string): Snapshot {
  const snapshot = snapshotsOf(context.state).get(id.toLowerCase());
  const state = snapshot && stateOf(snapshot, context.clock);
  if (!snapshot || state === 'error') {
    throw invalidRequest('SnapshotIdInvalid');
  }
  if (state === 'pending') {
    throw invalidRequest('SnapshotInProgress');
  }
  return snapshot;
}

function sourceVolume(context: Context, arn: string): Volume {
  const volume = existingVolume(context, arn);
  if (volume.type !== 'CACHED') {
    throw invalidRequest('UnsupportedOperationForGatewayType');
  }
  return volume;
}

/** Stored volumes are snapshot every 24 hours from their creation on, by the gateway's own time. */
function defaultSchedule({ id, timezone }: Gateway, volume: Volume, { clock }: Context): SnapshotSchedule {
  const [, sign = '+', hours = '0', minutes = '0'] = /^GMT([+-])(\d+):(\d+)$/.exec(timezone) ?? [];
  const offset = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  const local = new Date(clock.time() + offset * 60_000);
  return { StartAt: local.getUTCHours(), RecurrenceInHours: 24, Description: `${id}:${volume.id}:Schedule`, tags: [] };
}
