/** What a seed in a stack is to do. */
export interface SeedWork {
  /** Blocks of 512 KiB that the image has, or its parent if that has more. */
  readonly blockCount: number;
  /** Blocks that are not written, which ones is not known before: zeros are left out, or what the parent has. */
  readonly sparing?: 'parent' | 'zeros';
  readonly verify?: 'FULL' | 'NONE' | 'SAMPLE';
  readonly maxPutsPerSecond?: number;
  readonly workers?: number;
  readonly waitForCompletion?: boolean;
}

export const MAX_PUTS_PER_SECOND = 1_000;
export const DEFAULT_WORKERS = 16;
/** As many iterations as Step Functions runs side by side. */
export const MAX_WORKERS = 40;

/** Seconds. CloudFormation waits an hour, the framework 55 minutes; whoever gives up before them can say why. */
export const SEED_DEADLINE = 54 * 60;

const GIB_IN_BLOCKS = 2_048;
/** Shards have at most 4 GiB, and an execution has fewer than 1,000 of them. */
const MOST_BLOCKS = 999 * 4 * GIB_IN_BLOCKS;

/** Seconds: cold starts, a snapshot that is not visible at first, its completion. */
const OVERHEAD = 300;

/**
 * Blocks per second that pass in and out of one function, whose published 71.5 MiB/s may be in and out together: what is written passes twice,
 * what is only read once.
 */
const PASSES_PER_SECOND = 143;
const SMALLEST_SHARD = 256;

/**
 * Seconds that workers can work altogether: each time that a function's 15 minutes are over, three events go into the history of the execution,
 * which holds 25,000, and 14 for each shard.
 */
const MOST_WORK = 3_500 * 840;

/** A worker that is left less than a block a second would stop and start without end. */
export function effectiveWorkers({ maxPutsPerSecond = MAX_PUTS_PER_SECOND, workers = DEFAULT_WORKERS }: Pick<SeedWork, 'maxPutsPerSecond' | 'workers'>): number {
  return Math.min(workers, maxPutsPerSecond);
}

/** How many blocks the engine reads back. It has the same rule itself, which constructs cannot import; a test holds the two together. */
export function blocksReadBack(blocks: number, verify: SeedWork['verify'] = 'FULL'): number {
  switch (verify) {
    case 'FULL': return blocks;
    case 'SAMPLE': return Math.min(blocks, Math.max(256, Math.min(16_384, Math.ceil(blocks * 0.01))));
    case 'NONE': return 0;
  }
}

/** How long a seed takes at least. */
export function estimateSeconds({ blockCount, sparing, verify, maxPutsPerSecond = MAX_PUTS_PER_SECOND, workers }: SeedWork): number {
  const passes = Math.min(effectiveWorkers({ maxPutsPerSecond, workers }), Math.ceil(blockCount / SMALLEST_SHARD)) * PASSES_PER_SECOND;
  const writing = sparing === undefined ? blockCount / Math.min(maxPutsPerSecond, passes / 2) : blockCount / passes;
  const reading = blocksReadBack(sparing === 'zeros' ? 0 : blockCount, verify) / Math.min(maxPutsPerSecond, passes);
  return OVERHEAD + writing + reading;
}

/** Why it cannot be done, as the end of a sentence that begins with the image; undefined if it can. */
export function refuseSeed(work: SeedWork): string | undefined {
  const { blockCount, verify = 'FULL', maxPutsPerSecond = MAX_PUTS_PER_SECOND, waitForCompletion = true } = work;
  const workers = effectiveWorkers(work);
  const size = `has ${Math.ceil(blockCount / GIB_IN_BLOCKS)} GiB`;
  const terminal = 'seed it in a terminal (npx cdk-storage-gateway seed) and name it by SnapshotSeed.fromSnapshotId';
  if (blockCount > MOST_BLOCKS) {
    return `${size}, and a stack can seed at most ${MOST_BLOCKS / GIB_IN_BLOCKS} GiB: ${terminal}, or make the image smaller`;
  }
  const seconds = estimateSeconds(work);
  const faster = [
    ...maxPutsPerSecond < MAX_PUTS_PER_SECOND ? [`raise 'maxPutsPerSecond' from ${maxPutsPerSecond}`] : [],
    ...workers < DEFAULT_WORKERS ? [`raise 'workers' from ${workers}`] : [],
    ...verify === 'FULL' ? ['verify less'] : [],
  ];
  if (waitForCompletion && seconds > SEED_DEADLINE) {
    const ways = ['set \'waitForCompletion\' to false', ...faster, terminal, 'or make the image smaller'];
    return `${size} and takes ${minutes(seconds)} or more, where CloudFormation leaves it ${minutes(SEED_DEADLINE)}: ${ways.join(', ')}`;
  }
  if (seconds * workers > MOST_WORK) {
    const ways = [...faster.filter((way) => !way.includes('workers')), ...workers > 1 ? ['lower \'workers\''] : [], terminal, 'or make the image smaller'];
    return `${size} and takes ${minutes(seconds)} or more, too long for ${workers} workers in one execution: ${ways.join(', ')}`;
  }
  return undefined;
}

function minutes(seconds: number): string {
  return `${Math.ceil(seconds / 60).toLocaleString('en')} minutes`;
}
