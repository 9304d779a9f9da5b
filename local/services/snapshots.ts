import { randomBytes } from 'node:crypto';
import type { Clock } from './clock';
import type { Collection, RegionState } from './state/state';

export interface SnapshotTag {
  readonly Key: string;
  readonly Value: string;
}

export type SnapshotState = 'pending' | 'completed' | 'error';

/**
 * An EBS snapshot, whoever made it: a gateway's volume, or the direct API. One collection for all services; EC2 shows and deletes them.
 */
export interface Snapshot {
  readonly snapshotId: string;
  readonly ownerId: string;
  readonly description: string;
  /** GiB. */
  readonly volumeSize: number;
  /** Milliseconds since 1970, as all times of the state. */
  readonly startTime: number;
  /** What it was when it was put; `stateOf` says what it is. */
  readonly state: SnapshotState;
  readonly stateMessage?: string;
  /** From when on a pending snapshot is completed. */
  readonly completesAt?: number;
  /** From when on a pending snapshot is an error, unless it is put again. */
  readonly failsAt?: number;
  readonly tags: readonly SnapshotTag[];
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
  /** In EC2's lower case; snapshots that come from no volume have EC2's own placeholder. */
  readonly volumeId?: string;
  readonly parentSnapshotId?: string;
}

/** What EC2 shows where a snapshot came from no volume. */
export const NO_VOLUME = 'vol-ffffffff';

export const snapshotsOf = (state: RegionState): Collection<Snapshot> => state.collection('snapshots');

export const newSnapshotId = () => `snap-0${randomBytes(8).toString('hex')}`;

/** States follow the clock when they are looked at: whatever comes first, completion or failure, holds. */
export function stateOf(snapshot: Snapshot, clock: Clock): SnapshotState {
  const now = clock.time();
  if (snapshot.state !== 'pending') {
    return snapshot.state;
  }
  const { completesAt = Infinity, failsAt = Infinity } = snapshot;
  if (now < Math.min(completesAt, failsAt)) {
    return 'pending';
  }
  return completesAt <= failsAt ? 'completed' : 'error';
}
