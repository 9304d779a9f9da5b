import { createHash } from 'node:crypto';
import type { Clock } from './clock';
import { isSnapshotMissing } from './condition';
import { deleteSnapshot } from './removal';
import { OperationError, type Retrier } from './retrier';
import type { SnapshotState, SnapshotTransport, StartedSnapshot, Tag } from './snapshot-transport';

export interface SnapshotStartOptions {
  readonly transport: SnapshotTransport;
  /** Names the seed: the same name and parameters end in the same snapshot, however often they are run. */
  readonly name: string;
  /** A tag that nothing but the snapshot of this seed carries; by it the snapshot is found when its id is not known. */
  readonly marker: Tag;
  readonly tags?: readonly Tag[];
  /** GiB. */
  readonly volumeSize: number;
  readonly description?: string;
  readonly kmsKeyArn?: string;
  readonly parentSnapshotId?: string;
  /** Minutes after the last request in which the service gives the snapshot up. */
  readonly timeout?: number;
  readonly clock: Clock;
  readonly retrier: Retrier;
  readonly signal?: AbortSignal;
  /** Throws if nobody wants the seed any more; asked right before and after a snapshot is started. */
  readonly assertWanted?: () => Promise<void>;
  /** Told before each request; from then on a snapshot can exist. */
  readonly onStart?: () => void;
  /** Told before anything else can fail. */
  readonly onStarted?: (snapshotId: string) => void;
}

/** A snapshot that can be written to, or that was completed by an earlier run of the same seed. */
export interface UsableSnapshot {
  readonly snapshotId: string;
  readonly state: Exclude<SnapshotState, 'error'>;
  /** Milliseconds since the epoch, by the service's clock if it said so. */
  readonly startedAt: number;
}

/** Snapshots that the service gave up under earlier tokens of the same seed. */
const MOST_SALTS = 5;
/** Milliseconds by which the service's clock may differ from ours. */
const CLOCK_DIFFERENCE = 10_000;
/** Minutes; the service gives a snapshot up that nothing was written to for so long. */
const SNAPSHOT_TIMEOUT = 60;

/**
 * Starts the snapshot, or finds the one that an earlier run of the same seed has started, and has something done with it. The service
 * answers a token that it knows with the snapshot of that token, whatever has become of it; what ended in error or turns out to be
 * deleted is therefore followed by one with another token.
 */
export async function startSnapshot<T>(options: SnapshotStartOptions, use: (snapshot: UsableSnapshot) => Promise<T>): Promise<T> {
  const { transport, clock, retrier } = options;
  const now = clock.now();
  for (let salt = 0; salt < MOST_SALTS; salt++) {
    const { snapshotId, state, startedAt = clock.now() } = await start(options, salt);
    retrier.snapshotIsNew(startedAt);
    if (state === 'error') {
      await deleteSnapshot(transport, retrier, snapshotId);
      continue;
    }
    try {
      return await use({ snapshotId, state, startedAt });
    } catch (error) {
      const isOld = startedAt < now - CLOCK_DIFFERENCE;
      if (!(isOld && error instanceof OperationError && isSnapshotMissing(error.cause))) {
        throw error;
      }
      // The token led to a snapshot of an earlier run that was deleted since.
    }
  }
  throw new Error(`StartSnapshot answered ${MOST_SALTS} times with a snapshot that had ended in error or was deleted`);
}

async function start(options: SnapshotStartOptions, salt: number): Promise<StartedSnapshot> {
  const { transport, name, marker, tags = [], timeout = SNAPSHOT_TIMEOUT, retrier, signal, assertWanted, onStart, onStarted, ...request } = options;
  const started = await retrier.run('StartSnapshot', async () => {
    await assertWanted?.();
    onStart?.();
    return transport.start({
      volumeSize: request.volumeSize,
      clientToken: clientToken(name, salt),
      description: request.description,
      kmsKeyArn: request.kmsKeyArn,
      parentSnapshotId: request.parentSnapshotId,
      tags: [...tags.filter(({ Key }) => Key !== marker.Key), marker],
      timeout,
    }, signal);
  }, { signal });
  onStarted?.(started.snapshotId);
  await assertWanted?.();
  return started;
}

/** At most 64 characters, which is what the user guide allows; the API's own model would allow 255. */
function clientToken(name: string, salt: number): string {
  return createHash('sha256').update(`${name}\n${salt}`).digest('hex');
}
