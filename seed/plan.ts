import { BLOCK_SIZE, GIBIBYTE, blocksIn } from './block';

/** The largest volume that a snapshot can be started for. */
export const LARGEST_VOLUME = 65_536;

/** Consecutive blocks that one worker writes. */
export interface Shard {
  readonly firstBlock: number;
  readonly blockCount: number;
}

/** What is to be written. */
export interface Plan {
  readonly sizeInBytes: number;
  /** GiB. */
  readonly volumeSize: number;
  readonly blockCount: number;
  readonly shards: readonly Shard[];
}

export interface PlanOptions {
  readonly sizeInBytes: number;
  /** GiB; the image's own size, rounded up, where this is absent. */
  readonly volumeSize?: number;
  /** All blocks in one shard where this is absent. */
  readonly blocksPerShard?: number;
  /** Blocks of the parent, which may go on behind the end of the image. */
  readonly parentBlockCount?: number;
}

export function planSeed({ sizeInBytes, volumeSize, blocksPerShard, parentBlockCount = 0 }: PlanOptions): Plan {
  if (!Number.isSafeInteger(sizeInBytes) || sizeInBytes < 1) {
    throw new Error(`the image must have at least one byte, got ${JSON.stringify(sizeInBytes)}`);
  }
  const needed = Math.ceil(sizeInBytes / GIBIBYTE);
  const size = volumeSize ?? needed;
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_VOLUME) {
    throw new Error(`the volume size must be 1 to ${LARGEST_VOLUME} GiB, got ${JSON.stringify(size)}`);
  }
  if (size < needed) {
    throw new Error(`the image has ${sizeInBytes} bytes and needs a volume size of at least ${needed} GiB, got ${JSON.stringify(size)}`);
  }
  const blockCount = Math.max(blocksIn(sizeInBytes), parentBlockCount);
  return { sizeInBytes, volumeSize: size, blockCount, shards: [...shardsOf(blockCount, blocksPerShard ?? blockCount)] };
}

function* shardsOf(blockCount: number, blocksPerShard: number): Generator<Shard> {
  for (let firstBlock = 0; firstBlock < blockCount; firstBlock += blocksPerShard) {
    yield { firstBlock, blockCount: Math.min(blocksPerShard, blockCount - firstBlock) };
  }
}

/** The bytes of the image that a block holds; the rest of it is zeros. */
export function bytesOfBlock(plan: Plan, index: number): number {
  return Math.min(BLOCK_SIZE, plan.sizeInBytes - index * BLOCK_SIZE);
}
