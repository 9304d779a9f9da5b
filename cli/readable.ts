import { refusal } from './exit';
import type { Progress } from './progress';
import { systemClock } from '../seed/clock';
import { describeError } from '../seed/condition';
import { OperationError, Retrier } from '../seed/retrier';
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
