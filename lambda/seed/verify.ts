import type { VerifyTask } from './execution';
import type { Worker } from './worker';
import { MemoryJournal } from '../../seed/journal';
import { Limiter } from '../../seed/limiter';
import { verifySnapshot } from '../../seed/verifier';

/** Lists a shard of the snapshot, and reads all of it back or its share of the sample. */
export async function verify(task: VerifyTask, worker: Worker): Promise<{ readonly blocksVerified: number }> {
  const { seed, snapshot, shard, requestsPerSecond, completion } = task;
  await worker.watch.assertWanted();
  // For the listing it is as new as it was for the puts.
  worker.retrier.snapshotIsNew(worker.clock.now());
  const journal = new MemoryJournal(snapshot.blockCount);
  await worker.journals.load([shard], journal);
  const isLast = shard.firstBlock + shard.blockCount >= snapshot.blockCount;
  let blocksVerified = 0;
  await verifySnapshot({
    ...worker.sharing(snapshot),
    journal,
    verify: seed.verify,
    part: { ...shard, isLast, blocksHeld: completion.blocksWritten + completion.blocksInherited },
    limiter: new Limiter({ clock: worker.clock, ratePerSecond: requestsPerSecond }),
    concurrency: worker.concurrency,
    onBlock: () => {
      blocksVerified++;
      worker.metrics.add('BlocksVerified', 1);
    },
  });
  return { blocksVerified };
}
