import type { Clock } from './clock';
import { isValidationError, mayPass } from './condition';
import { linearChecksum, type Journal } from './journal';
import type { Retrier } from './retrier';
import type { SnapshotTransport } from './snapshot-transport';

export interface CompletionOptions {
  readonly transport: SnapshotTransport;
  readonly snapshotId: string;
  readonly clock: Clock;
  readonly retrier: Retrier;
  readonly signal?: AbortSignal;
}

/** Milliseconds between two looks at a snapshot that is being completed. */
const FIRST_LOOK = 500;
const SLOWEST_LOOK = 5_000;
/** Milliseconds in which DescribeSnapshots may not know a snapshot yet. */
const VISIBILITY_GRACE = 180_000;

/** Seals the snapshot: nothing is written to it any more, and the service compares its checksum with the journal's, which is answered. */
export async function sealSnapshot({ transport, snapshotId, retrier, signal }: CompletionOptions, journal: Journal): Promise<string> {
  const checksum = linearChecksum(journal);
  await retrier.run('CompleteSnapshot', async (tries) => {
    try {
      await transport.complete(snapshotId, journal.blocksWritten, checksum, signal);
    } catch (error) {
      // A sealed snapshot refuses to be sealed again; then the answer to an earlier try was lost.
      if (!(tries > 1 && isValidationError(error) && !mayPass(error))) {
        throw error;
      }
    }
  }, { signal });
  return checksum;
}

/** Whether a sealed snapshot was completed in time. One that was just started can be unknown to DescribeSnapshots for a while. */
export async function completed(options: CompletionOptions, until = Number.POSITIVE_INFINITY): Promise<boolean> {
  const { transport, snapshotId, clock, retrier, signal } = options;
  const visibleBy = clock.now() + VISIBILITY_GRACE;
  for (let pause = FIRST_LOOK; clock.now() < until; pause = Math.min(SLOWEST_LOOK, pause * 1.5)) {
    const snapshot = await retrier.run('DescribeSnapshots', () => transport.describe(snapshotId, signal), { signal });
    if (snapshot?.state === 'completed') {
      // For the listing it is as new as it was for the puts.
      retrier.snapshotIsNew(clock.now());
      return true;
    }
    if (snapshot?.state === 'error') {
      throw new Error(`snapshot ${snapshotId} ended in error${snapshot.message ? `: ${snapshot.message}` : ''}`);
    }
    if (snapshot === undefined && clock.now() > visibleBy) {
      throw new Error(`snapshot ${snapshotId} is gone; was it deleted while it was being completed?`);
    }
    await clock.sleep(pause, signal);
  }
  return false;
}
