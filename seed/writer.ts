import { BLOCK_SIZE, digestOf } from './block';
import type { BlockSource } from './block-source';
import type { Journal } from './journal';
import { inParallel } from './parallel';
import type { Shard } from './plan';

export interface WriteOptions {
  readonly source: BlockSource;
  readonly shards: readonly Shard[];
  readonly journal: Journal;
  /** Blocks in flight; the memory of the engine is this times 512 KiB. */
  readonly concurrency: number;
  /** Stores a block; the buffer is used again as soon as this has resolved. */
  readonly store: (index: number, block: Buffer, digest: Buffer, signal: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly onBlock?: (index: number) => void;
}

/**
 * Stores every block of the shards that the journal does not have yet. When it settles, nothing is in flight any more; the first
 * failure stops it and is what it rejects with.
 */
export async function writeBlocks({ source, shards, journal, concurrency, store, signal, onBlock }: WriteOptions): Promise<void> {
  const slots = Math.max(1, Math.min(concurrency, shards.reduce((sum, { blockCount }) => sum + blockCount, 0)));
  const slab = Buffer.allocUnsafeSlow(slots * BLOCK_SIZE);
  const missing = missingBlocks(shards, journal);

  await inParallel(slots, async (slot, stop) => {
    const block = slab.subarray(slot * BLOCK_SIZE, (slot + 1) * BLOCK_SIZE);
    for (const index of missing) {
      stop.throwIfAborted();
      await source.readBlock(index, block, stop);
      const digest = digestOf(block);
      await store(index, block, digest, stop);
      journal.record(index, digest);
      onBlock?.(index);
    }
  }, signal);
}

/** One iterator that all slots draw from. A generator would be closed by the first slot that leaves its loop. */
function missingBlocks(shards: readonly Shard[], journal: Journal): Iterable<number> {
  const blocks = eachBlock(shards, journal);
  const next = () => blocks.next();
  return { [Symbol.iterator]: () => ({ next }) };
}

function* eachBlock(shards: readonly Shard[], journal: Journal): Generator<number, void> {
  for (const { firstBlock, blockCount } of shards) {
    for (let index = firstBlock; index < firstBlock + blockCount; index++) {
      if (!journal.has(index)) {
        yield index;
      }
    }
  }
}
