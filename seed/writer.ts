import { BLOCK_SIZE, ZEROS_DIGEST, isZeros } from './block';
import type { BlockSource } from './block-source';
import { PlainHasher, type Hasher } from './hasher';
import type { Fate, Journal } from './journal';
import { inParallel } from './parallel';
import type { Shard } from './plan';

/** What is done with blocks of zeros that no parent has other bytes for. */
export type ZeroBlocks = 'write' | 'omit';

/** The blocks of the snapshot that the new one is a change of. */
export type ParentDigests = Pick<Journal, 'holds' | 'digest'>;

export interface WriteOptions {
  readonly source: BlockSource;
  readonly shards: readonly Shard[];
  readonly journal: Journal;
  readonly zeroBlocks?: ZeroBlocks;
  readonly parent?: ParentDigests;
  /** Blocks in flight; the memory of the engine is this times 512 KiB. */
  readonly concurrency: number;
  /** Has the memory of the blocks in flight; closed in the end. */
  readonly hasherFor?: (slots: number) => Hasher;
  /** Stores a block; the buffer is used again as soon as this has resolved. */
  readonly store: (index: number, block: Buffer, digest: Buffer, signal: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly onBlock?: (index: number) => void;
}

/**
 * Stores every block of the shards that the journal does not have yet and that the snapshot needs. When it settles, nothing is in
 * flight any more; the first failure stops it and is what it rejects with.
 */
export async function writeBlocks(options: WriteOptions): Promise<void> {
  const { source, shards, journal, zeroBlocks, parent, concurrency, hasherFor, store, signal, onBlock } = options;
  const slots = Math.max(1, Math.min(concurrency, shards.reduce((sum, { blockCount }) => sum + blockCount, 0)));
  const missing = missingBlocks(shards, journal);
  const hasher = hasherFor?.(slots) ?? new PlainHasher(slots);

  const work = inParallel(slots, async (slot, stop) => {
    const block = hasher.block(slot);
    for (const index of missing) {
      stop.throwIfAborted();
      const got = read(source, index, block, parent, stop);
      // Not waiting keeps the block in the processor's cache for the digest.
      if (!(typeof got === 'boolean' ? got : await got)) {
        if (parent === undefined) {
          // All that follow are behind the end too.
          return;
        }
        continue;
      }
      const zeros = isZeros(block);
      const digest = zeros ? ZEROS_DIGEST : await hasher.digest(slot);
      const fate = fateOf(index, digest, zeros && zeroBlocks === 'omit', parent);
      if (fate === 'written') {
        await store(index, block, digest, stop);
      }
      journal.record(index, digest, fate);
      onBlock?.(index);
    }
  }, signal);
  await work.finally(() => hasher.close());
}

/** Where the parent goes on behind the end of the image, the snapshot holds zeros. False where there is nothing to hold. */
function read(source: BlockSource, index: number, block: Buffer, parent: ParentDigests | undefined, signal: AbortSignal): Promise<boolean> | boolean {
  const beyond = () => {
    block.fill(0);
    return parent?.holds(index) ?? false;
  };
  if (index * BLOCK_SIZE >= source.sizeInBytes) {
    return beyond();
  }
  const got = source.readBlock(index, block, signal);
  return got instanceof Promise ? got.then((there) => there !== false || beyond()) : got !== false || beyond();
}

function fateOf(index: number, digest: Buffer, mayOmit: boolean, parent: ParentDigests | undefined): Fate {
  if (parent?.holds(index)) {
    // A block that is left out keeps the parent's bytes.
    return parent.digest(index).equals(digest) ? 'inherited' : 'written';
  }
  return mayOmit ? 'omitted' : 'written';
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
