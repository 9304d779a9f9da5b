import type { PlannedSeed, PlanTask, SeedInput } from './execution';
import { OutOfTime } from './watch';
import type { Worker } from './worker';
import { BLOCK_SIZE, blocksIn } from '../../seed/block';
import { BlockPutter } from '../../seed/block-putter';
import { MemoryJournal } from '../../seed/journal';
import { Limiter } from '../../seed/limiter';
import { planSeed, type Plan } from '../../seed/plan';
import { deleteSnapshots } from '../../seed/removal';
import { startSnapshot, type UsableSnapshot } from '../../seed/snapshot-start';
import { writeBlocks } from '../../seed/writer';
import { log } from '../log';

/** Blocks: 4 GiB, and 128 MiB. */
const LARGEST_SHARD = 8_192;
const SMALLEST_SHARD = 256;
/** Of a state machine's events every shard takes some. */
const MOST_SHARDS = 999;
/** Seconds: a shard is read back by one worker, from its beginning each time. */
const SECONDS_TO_READ_BACK = 600;
/** So that a slow shard does not hold up the end. */
const SHARDS_PER_WORKER = 4;
/**
 * A worker that starts, or waits for a slow block, leaves something of its share to the others; what is too much the service throttles,
 * and the workers follow. The fan-out in benchmark/seed simulates it.
 */
const MORE_THAN_A_SHARE = 1.3;
/** Stops the canary: its block is put. */
const ONE_IS_ENOUGH = new Error('one block is enough');

/** Starts the snapshot and puts its first block: what is wrong for all blocks is found out by a single request. */
export async function plan(task: PlanTask, worker: Worker): Promise<PlannedSeed> {
  const { execution, seed } = task;
  const beganAt = worker.clock.now();
  const planned = planOf(seed);
  let isStarted = false;
  const known: string[] = [];
  try {
    return await startSnapshot({
      ...worker,
      signal: worker.signal,
      name: execution,
      tags: seed.tags,
      volumeSize: seed.volumeSize,
      description: seed.description,
      kmsKeyArn: seed.kmsKeyArn,
      parentSnapshotId: seed.parent?.snapshotId,
      assertWanted: worker.watch.assertWanted,
      onStart: () => isStarted = true,
      onStarted: (snapshotId) => known.push(snapshotId),
    }, async (snapshot) => {
      await putCanary(task, planned, snapshot, worker);
      return {
        snapshot: { snapshotId: snapshot.snapshotId, startedAt: snapshot.startedAt, blockCount: planned.blockCount },
        requestsPerSecond: rateOf(seed, planned),
        shards: planned.shards,
        beganAt,
      };
    });
  } catch (error) {
    if (isStarted && !(error instanceof OutOfTime)) {
      // Here its id is known; who cleans up later must find it, and a new snapshot is not found at once. If the execution was stopped,
      // nobody but the stack comes later.
      await deleteSnapshots(worker.transport, worker.retrier, worker.marker, ...known)
        .catch((left: unknown) => log({ execution, left: String(left) }));
    }
    throw error;
  }
}

/** What of a seed decides how it is divided among its workers. */
export type Division = Pick<SeedInput, 'parent' | 'requestsPerSecond' | 'workers'> & { readonly volumeSize?: number; readonly source: { readonly sizeInBytes: number } };

export function planOf({ source: { sizeInBytes }, volumeSize, parent, workers, requestsPerSecond }: Division): Plan {
  const blockCount = Math.max(blocksIn(sizeInBytes), parent?.blockCount ?? 0);
  const several = Math.max(SMALLEST_SHARD, Math.ceil(blockCount / (workers * SHARDS_PER_WORKER)));
  const inTime = Math.floor(requestsPerSecond / workers * SECONDS_TO_READ_BACK);
  const blocksPerShard = Math.max(1, Math.ceil(blockCount / MOST_SHARDS), Math.min(LARGEST_SHARD, several, inTime));
  return planSeed({ sizeInBytes, volumeSize, blocksPerShard, parentBlockCount: parent?.blockCount });
}

/** Puts per second of each worker. */
export function rateOf({ requestsPerSecond, workers }: Division, { shards }: Plan): number {
  const share = requestsPerSecond / Math.min(workers, shards.length);
  return Math.min(requestsPerSecond, share * MORE_THAN_A_SHARE);
}

/** Looks for a block to put in the first shard. If all of it is left out, the workers find out what is wrong by themselves. */
async function putCanary({ seed }: PlanTask, { blockCount, shards }: Plan, { snapshotId, state }: UsableSnapshot, worker: Worker): Promise<void> {
  const [shard] = shards;
  if (state !== 'pending') {
    throw new Error(`snapshot ${snapshotId} is ${state} before its blocks were written`);
  }
  const journal = new MemoryJournal(blockCount);
  await worker.journals.load([shard], journal);
  if (journal.blocksWritten > 0) {
    return; // by an earlier try
  }
  const limiter = new Limiter({ clock: worker.clock, ratePerSecond: seed.requestsPerSecond });
  const putter = new BlockPutter({ ...worker.sharing({ snapshotId, startedAt: 0, blockCount }), limiter });
  const few = { firstBlock: shard.firstBlock, blockCount: Math.min(SMALLEST_SHARD, shard.blockCount) };
  try {
    await writeBlocks({
      source: worker.source,
      shards: [few],
      zeroBlocks: seed.zeroBlocks,
      parent: seed.parent && await worker.digests.load(seed.parent, few),
      journal,
      concurrency: 1,
      signal: worker.signal,
      store: async (index, block, digest, stop) => {
        await putter.put(index, block, digest, stop);
        journal.record(index, digest);
        throw ONE_IS_ENOUGH;
      },
    });
  } catch (error) {
    if (error !== ONE_IS_ENOUGH) {
      throw error;
    }
    worker.metrics.add('BlocksWritten', 1);
    worker.metrics.add('BytesWritten', BLOCK_SIZE);
  }
  await worker.journals.save(shard, worker.id, journal);
}
