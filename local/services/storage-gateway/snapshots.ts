import {
  CreateSnapshot$, CreateSnapshotFromVolumeRecoveryPoint$, type CreateSnapshotFromVolumeRecoveryPointInput,
  type CreateSnapshotFromVolumeRecoveryPointOutput, type CreateSnapshotInput, type CreateSnapshotOutput, type Tag,
} from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { connectedGateway, requireType } from './gateway';
import { mergedTags } from './tags';
import { existingVolume, gatewayOfVolume, gibibytes, recoveryPointOf, statusOf, type Volume } from './volume';
import type { Appliances } from '../appliances/appliances';
import { rememberParent } from '../ebs/lineage';
import { operation, type Context, type Operation } from '../service';
import { newSnapshotId, snapshotsOf, stateOf, type Snapshot } from '../snapshots';

/** How long a snapshot takes, in seconds of the clock. */
const SNAPSHOT_SECONDS = 2;

export const snapshotOperations = (appliances: Appliances): Operation[] => [
  operation<CreateSnapshotInput, CreateSnapshotOutput>(
    CreateSnapshot$, CONSTRAINTS.CreateSnapshot, ({ VolumeARN, SnapshotDescription, Tags }, context) => {
      const volume = existingVolume(context, VolumeARN);
      const { appliance } = connectedGateway(context, appliances, volume.gatewayArn);
      if (!['AVAILABLE', 'RESTORING'].includes(statusOf(volume, appliance, context))) {
        throw invalidRequest('VolumeNotReady');
      }
      return { VolumeARN, SnapshotId: takeSnapshot(context, volume, SnapshotDescription, Tags) };
    }),

  operation<CreateSnapshotFromVolumeRecoveryPointInput, CreateSnapshotFromVolumeRecoveryPointOutput>(
    CreateSnapshotFromVolumeRecoveryPoint$, CONSTRAINTS.CreateSnapshotFromVolumeRecoveryPoint,
    ({ VolumeARN, SnapshotDescription, Tags }, context) => {
      // Also for a volume whose gateway is out of reach: this is how data is got out of it.
      const volume = existingVolume(context, VolumeARN);
      const gateway = gatewayOfVolume(context, volume);
      requireType(gateway, 'CACHED');
      if (['CREATING', 'DELETING'].includes(statusOf(volume, appliances.get(gateway.applianceId), context))) {
        throw invalidRequest('VolumeNotReady');
      }
      return { VolumeARN, SnapshotId: takeSnapshot(context, volume, SnapshotDescription, Tags), VolumeRecoveryPointTime: recoveryPointOf(volume) };
    }),
];

/** Snapshots of the volume that are not completed yet. EC2 knows the volume by its id in lower case. */
export function pendingSnapshots(context: Context, { id }: Volume): Snapshot[] {
  return snapshotsOf(context.state).values().filter((snapshot) => snapshot.volumeId === id.toLowerCase() && stateOf(snapshot, context.clock) === 'pending');
}

/** What is pending when its gateway is deleted never completes. */
export function strandSnapshots(context: Context, volumes: readonly Volume[]): void {
  for (const { completesAt: _, ...snapshot } of volumes.flatMap((volume) => pendingSnapshots(context, volume))) {
    snapshotsOf(context.state).put(snapshot.snapshotId, snapshot);
  }
}

function takeSnapshot(context: Context, volume: Volume, description: string, tags: Tag[] | undefined): string {
  const snapshotId = newSnapshotId();
  const now = context.clock.time();
  snapshotsOf(context.state).put(snapshotId, {
    snapshotId,
    ownerId: context.account,
    description,
    volumeSize: gibibytes(volume),
    startTime: now,
    state: 'pending',
    completesAt: now + SNAPSHOT_SECONDS * 1000,
    tags: mergedTags([], tags),
    encrypted: volume.kmsKey !== undefined,
    volumeId: volume.id.toLowerCase(),
    ...(volume.kmsKey !== undefined && { kmsKeyId: volume.kmsKey }),
  });
  if (volume.snapshotId !== undefined) {
    // Nothing writes to volumes here: this one still holds what it was made from.
    rememberParent(context.state, snapshotId, volume.snapshotId);
  }
  return snapshotId;
}
