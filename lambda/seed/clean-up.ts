import type { CleanUpTask } from './execution';
import type { Worker } from './worker';
import { deleteSnapshots } from '../../seed/removal';

/**
 * Milliseconds. The workers of the shards that did not fail are not ended by the failure of another. They store their journals every
 * five seconds, and stop when the snapshot is gone or the execution has ended.
 */
const JOURNAL = { quiet: 8_000, look: 2_000, within: 120_000 };

/** Removes what a seed that failed has left: first the snapshot, so that no worker gets any further. */
export async function cleanUp({ reached }: CleanUpTask, { transport, retrier, marker, digests, journals, clock }: Worker): Promise<void> {
  const known = reached.plan === undefined ? [] : [reached.plan.snapshot.snapshotId];
  const removed = await deleteSnapshots(transport, retrier, marker, ...known);
  for (const snapshotId of removed) {
    await digests.remove(snapshotId);
  }
  await journals.removeForGood(clock, JOURNAL);
}
