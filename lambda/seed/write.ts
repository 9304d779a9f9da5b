import type { SharedSnapshot, WriteTask } from './execution';
import { OutOfTime } from './watch';
import type { Worker } from './worker';
import { BLOCK_SIZE, ZEROS_DIGEST } from '../../seed/block';
import { BlockPutter } from '../../seed/block-putter';
import { MemoryJournal } from '../../seed/journal';
import { Limiter } from '../../seed/limiter';
import type { Shard } from '../../seed/plan';
import { writeBlocks } from '../../seed/writer';

/** Milliseconds: about what a successor has to do again. */
const STORE_EVERY = 5_000;

/** Writes what is not written yet of a shard, as far as the time allows. */
export async function write(task: WriteTask, worker: Worker): Promise<{ readonly blocksWritten: number }> {
  const { seed, shard, snapshot, requestsPerSecond } = task;
  await worker.watch.assertWanted();
  worker.retrier.snapshotIsNew(snapshot.startedAt);
  const journal = new MemoryJournal(snapshot.blockCount);
  await worker.journals.load([shard], journal);
  const known = journal.blocksWritten;
  const keeper = new Keeper(worker, shard, journal);
  const limiter = new Limiter({ clock: worker.clock, ratePerSecond: requestsPerSecond });
  try {
    await writeBlocks({
      source: worker.source,
      shards: [shard],
      zeroBlocks: seed.zeroBlocks,
      parent: seed.parent && await worker.digests.load(seed.parent, shard),
      journal,
      concurrency: worker.concurrency,
      signal: keeper.signal,
      store: putting(worker, snapshot, limiter),
      onBlock: () => keeper.changed(),
    });
  } catch (error) {
    // Otherwise nobody goes on with it, and who cleans up would find the journal grown.
    await keeper.end(error instanceof OutOfTime);
    throw error;
  }
  // What lies behind the end of the image, and the parent does not have either, is as good as zeros that are left out.
  for (let index = shard.firstBlock; index < shard.firstBlock + shard.blockCount; index++) {
    if (!journal.has(index)) {
      journal.record(index, ZEROS_DIGEST, 'omitted');
    }
  }
  await keeper.end(true);
  return { blocksWritten: journal.blocksWritten - known };
}

function putting(worker: Worker, snapshot: SharedSnapshot, limiter: Limiter): BlockPutter['put'] {
  const putter = new BlockPutter({ ...worker.sharing(snapshot), limiter });
  return async (index, block, digest, stop) => {
    await putter.put(index, block, digest, stop);
    worker.metrics.add('BlocksWritten', 1);
    worker.metrics.add('BytesWritten', BLOCK_SIZE);
  };
}

/** Stores the journal every few seconds, one after the other; what fails there stops the work. */
class Keeper {
  readonly signal: AbortSignal;
  private readonly stop = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private isChanged = false;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly worker: Worker, private readonly shard: Shard, private readonly journal: MemoryJournal) {
    this.signal = AbortSignal.any([this.stop.signal, worker.signal]);
    this.timer = setInterval(() => {
      if (this.isChanged && !this.signal.aborted) {
        this.save().catch((error: unknown) => this.stop.abort(error));
      }
    }, STORE_EVERY);
  }

  changed(): void {
    this.isChanged = true;
  }

  async end(saves: boolean): Promise<void> {
    clearInterval(this.timer);
    await this.saving.catch((error: unknown) => this.stop.abort(error));
    if (saves) {
      await this.save();
    }
  }

  private save(): Promise<void> {
    this.saving = this.saving.then(() => {
      this.isChanged = false;
      return this.worker.journals.save(this.shard, this.worker.id, this.journal);
    });
    return this.saving;
  }
}
