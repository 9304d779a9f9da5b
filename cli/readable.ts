import { refusal } from './exit';
import type { Progress } from './progress';
import { systemClock } from '../seed/clock';
import { describeError } from '../seed/condition';
import { Limiter } from '../seed/limiter';
import { OperationError, Retrier } from '../seed/retrier';
import { readSnapshot, type ReadOptions } from '../seed/snapshot-reader';
import type { DescribedSnapshot, SnapshotTransport } from '../seed/snapshot-transport';

/** The snapshot, which must be completed. Undefined if it may not be looked at: then the first request to read it will tell. */
export async function readable(
  transport: SnapshotTransport, snapshotId: string, progress: Progress, signal: AbortSignal,
): Promise<DescribedSnapshot | undefined> {
  let found: DescribedSnapshot | undefined;
  try {
    found = await new Retrier({ clock: systemClock }).run('DescribeSnapshots', () => transport.describe(snapshotId, signal), { signal, budget: 10_000 });
  } catch (error) {
    signal.throwIfAborted();
    progress.say(`snapshot: not checked (${describeError(error instanceof OperationError ? error.cause : error)})`);
    return undefined;
  }
  if (found?.state !== 'completed') {
    throw refusal(`${snapshotId} ${found === undefined ? 'does not exist in this account and Region' : `is ${found.state}, only completed snapshots can be read`}`);
  }
  return found;
}

export interface Reading extends Pick<ReadOptions, 'transport' | 'snapshotId' | 'wants'> {
  readonly workers: number;
  readonly ratePerSecond?: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly phase: string;
  readonly onBlock: ReadOptions['onBlock'];
  /** Blocks that are done, and how many there may be. */
  readonly position: () => { readonly done: number; readonly total: number };
}

/** Reads what is wanted of a snapshot at the pace that was asked for, and shows how far it is. */
export async function readBlocks({ workers, ratePerSecond, progress, phase, onBlock, position, ...what }: Reading): Promise<void> {
  let retries = 0;
  await readSnapshot({
    ...what,
    retrier: new Retrier({ clock: systemClock, onRetry: () => retries++ }),
    limiter: new Limiter({ clock: systemClock, ratePerSecond }),
    concurrency: workers,
    onBlock: async (index, block, digest) => {
      await onBlock(index, block, digest);
      const { done, total } = position();
      progress.show({ phase, done, total, requests: done, retries, throttles: 0 });
    },
  });
}
