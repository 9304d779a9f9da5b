import { newDigests, storedDigests } from './journal-directory';
import type { Progress } from './progress';
import { systemClock } from '../seed/clock';
import type { MemoryJournal } from '../seed/journal';
import { Limiter } from '../seed/limiter';
import { Retrier } from '../seed/retrier';
import { readSnapshot } from '../seed/snapshot-reader';
import type { SnapshotTransport } from '../seed/snapshot-transport';
import type { ParentDigests } from '../seed/writer';

const BLOCKS_PER_GIBIBYTE = 2_048;

export interface Parent {
  readonly snapshotId: string;
  readonly digests: ParentDigests;
  /** Up to the last one that it holds. */
  readonly blockCount: number;
}

export interface ParentOptions {
  readonly snapshotId: string;
  /** GiB. */
  readonly volumeSize: number;
  readonly directory: string;
  readonly scope: string;
  readonly transport: SnapshotTransport;
  readonly workers: number;
  readonly requestsPerSecond?: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What the parent holds: known from when it was seeded from here, otherwise read from it once. */
export async function parentDigests(options: ParentOptions): Promise<Parent> {
  const { snapshotId, directory, scope } = options;
  const stored = storedDigests(directory, scope, snapshotId);
  const digests = stored ?? await readDigests(options);
  stored?.close();
  let blockCount = 0;
  for (const index of digests.held()) {
    blockCount = index + 1;
  }
  return { snapshotId, digests, blockCount };
}

async function readDigests({
  snapshotId, volumeSize, directory, scope, transport, workers, requestsPerSecond: ratePerSecond, progress, signal,
}: ParentOptions): Promise<MemoryJournal> {
  const total = volumeSize * BLOCKS_PER_GIBIBYTE;
  const { journal, keep } = newDigests(directory, scope, snapshotId, total);
  try {
    progress.say(`parent ${snapshotId} was not seeded from here, so its blocks are read to be compared`);
    let retries = 0;
    const retrier = new Retrier({ clock: systemClock, onRetry: () => retries++ });
    const limiter = new Limiter({ clock: systemClock, ratePerSecond });
    await readSnapshot({
      transport,
      snapshotId,
      retrier,
      limiter,
      concurrency: workers,
      signal,
      wants: (index) => !journal.has(index),
      onBlock: (index, _, digest) => {
        journal.record(index, digest);
        progress.show({ phase: 'reading the parent', done: journal.blocksWritten, total, requests: journal.blocksWritten, retries, throttles: 0 });
      },
    });
    keep();
    return journal;
  } finally {
    journal.close();
  }
}
