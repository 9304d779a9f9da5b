import { randomBytes } from 'node:crypto';
import { invalidRequest } from './errors';
import { gatewaysOf, type Gateway, type GatewayTag } from './gateway';
import { GIB, type Appliance } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import type { View } from '../service';
import type { Collection, RegionState } from '../state/state';

/** How long volumes take, in seconds of the clock: short, but long enough to be seen. */
const CREATION_SECONDS = 2;
const DELETION_SECONDS = 1;

export const ISCSI_PORT = 3260;

export interface SnapshotSchedule {
  readonly StartAt: number;
  readonly RecurrenceInHours: number;
  readonly Description: string;
  readonly tags: readonly GatewayTag[];
}

/** An iSCSI volume of a gateway. */
export interface Volume {
  readonly arn: string;
  readonly id: string;
  readonly gatewayArn: string;
  readonly type: 'CACHED' | 'STORED';
  readonly targetName: string;
  readonly targetArn: string;
  readonly sizeInBytes: number;
  readonly networkInterfaceId: string;
  readonly lun: number;
  readonly createdAt: number;
  readonly tags: readonly GatewayTag[];
  readonly snapshotId?: string;
  readonly kmsKey?: string;
  /** Path of the disk that holds a stored volume. */
  readonly diskPath?: string;
  readonly preservedExistingData?: boolean;
  readonly schedule?: SnapshotSchedule;
  /** `host:port` of those who are connected. */
  readonly initiators: readonly string[];
  /** From when on it is gone. */
  readonly goneAt?: number;
}

export const volumesOf = (state: RegionState): Collection<Volume> => state.collection('volumes');

/** Storage Gateway prints ids in upper case where EC2 prints them in lower case. */
export const newVolumeId = () => `vol-0${randomBytes(8).toString('hex').toUpperCase()}`;

export const targetArnOf = (gatewayArn: string, targetName: string) => `${gatewayArn}/target/iqn.1997-05.com.amazon:${targetName}`;

export const gibibytes = ({ sizeInBytes }: Volume) => Math.ceil(sizeInBytes / GIB);

/** The recovery point is a string on the wire, in the form of ISO 8601. The local data never lags behind. */
export const recoveryPointOf = ({ createdAt }: Volume) => new Date(createdAt).toISOString();

/** Volumes that are there; those whose deletion has ended are forgotten on the way. */
export function existingVolumes(context: View, gatewayArn?: string): Volume[] {
  const volumes = volumesOf(context.state);
  for (const { arn, goneAt = Infinity } of volumes.values()) {
    if (context.clock.time() >= goneAt) {
      volumes.delete(arn);
    }
  }
  return volumes.values().filter((volume) => gatewayArn === undefined || volume.gatewayArn === gatewayArn);
}

export function existingVolume(context: View, arn: string): Volume {
  const volume = existingVolumes(context).find((candidate) => candidate.arn === arn);
  if (!volume) {
    throw invalidRequest('VolumeNotFound');
  }
  return volume;
}

export function startDeletion(volume: Volume, { clock }: View): Volume {
  return { ...volume, goneAt: volume.goneAt ?? clock.time() + DELETION_SECONDS * 1000 };
}

export type VolumeStatus =
  | 'CREATING' | 'AVAILABLE' | 'RESTORING' | 'BOOTSTRAPPING' | 'DELETING' | 'IRRECOVERABLE'
  | 'UPLOAD BUFFER NOT CONFIGURED' | 'WORKING STORAGE NOT CONFIGURED';

/** States follow from what is: the clock, and the disks of the appliance. */
export function statusOf(volume: Volume, appliance: Appliance, { clock }: View): VolumeStatus {
  const buffer = volume.type === 'CACHED' ? ['UPLOAD BUFFER'] : ['UPLOAD BUFFER', 'WORKING STORAGE'];
  const isLost = appliance.disks.some((disk) => disk.status !== 'present'
    && (volume.type === 'CACHED' ? disk.allocation === 'CACHE STORAGE' : disk.path === volume.diskPath));
  const age = clock.time() - volume.createdAt;
  if (volume.goneAt !== undefined) {
    return 'DELETING';
  }
  if (isLost) {
    return 'IRRECOVERABLE';
  }
  if (age < CREATION_SECONDS * 1000) {
    return 'CREATING';
  }
  if (!appliance.disks.some(({ allocation }) => buffer.includes(allocation))) {
    return volume.type === 'CACHED' ? 'UPLOAD BUFFER NOT CONFIGURED' : 'WORKING STORAGE NOT CONFIGURED';
  }
  if (volume.type === 'STORED' && age < 2 * CREATION_SECONDS * 1000) {
    return volume.snapshotId === undefined ? 'BOOTSTRAPPING' : 'RESTORING';
  }
  return 'AVAILABLE';
}

/** The gateway of a volume: it exists as long as the volume does. */
export function gatewayOfVolume(context: View, { gatewayArn }: Volume): Gateway {
  const gateway = gatewaysOf(context.state).get(gatewayArn);
  if (!gateway) {
    throw invalidRequest('GatewayNotFound');
  }
  return gateway;
}

export const applianceOfVolume = (context: View, appliances: Appliances, volume: Volume): Appliance =>
  appliances.get(gatewayOfVolume(context, volume).applianceId);
