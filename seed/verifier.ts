import { createHash } from 'node:crypto';
import { BLOCK_SIZE } from './block';
import type { Journal } from './journal';
import type { Limiter } from './limiter';
import { inParallel } from './parallel';
import type { Retrier } from './retrier';
import type { ListedBlock, SnapshotTransport } from './snapshot-transport';

/** How much is read back: nothing, some blocks by chance, or all. The list is compared in the last two cases. */
export type Verification = 'none' | 'sample' | 'full';

export interface VerifyOptions {
  readonly transport: SnapshotTransport;
  readonly snapshotId: string;
  readonly journal: Journal;
  readonly verify?: Verification;
  /** Only this part of the snapshot, which is what the journal is about; all of it where this is absent. */
  readonly part?: VerifiedPart;
  /** 0 to 1, for the choice of samples. */
  readonly random?: () => number;
  readonly retrier: Retrier;
  readonly limiter: Limiter;
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  readonly onBlock?: (index: number) => void;
}

/** What one of several verifiers looks at. */
export interface VerifiedPart {
  readonly firstBlock: number;
  readonly blockCount: number;
  /** Whether nothing may follow behind it. */
  readonly isLast: boolean;
  /** How many blocks the whole snapshot holds: a sample is one of the whole. */
  readonly blocksHeld: number;
}

/** Blocks of a sample: one in a hundred, within limits. */
const SAMPLE_SHARE = 0.01;
const SMALLEST_SAMPLE = 256;
const LARGEST_SAMPLE = 16_384;

/** What the service holds is not what was written. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

/** How many of so many blocks are read back. */
export function blocksReadBack(blocks: number, verify: Verification): number {
  switch (verify) {
    case 'none': return 0;
    case 'sample': return Math.min(blocks, Math.max(SMALLEST_SAMPLE, Math.min(LARGEST_SAMPLE, Math.ceil(blocks * SAMPLE_SHARE))));
    case 'full': return blocks;
  }
}

/**
 * Lists the snapshot, reads blocks back and compares them with the journal: the same blocks, in order, with the same digests.
 */
export async function verifySnapshot(options: VerifyOptions): Promise<void> {
  const { snapshotId, journal, verify = 'full', random = Math.random, part } = options;
  const wanted = journal.held()[Symbol.iterator]();
  let left = journal.blocksWritten + journal.blocksInherited;
  const { blocksHeld } = part ?? { blocksHeld: left };
  let toRead = Math.ceil(left * blocksReadBack(blocksHeld, verify) / blocksHeld);
  // Any choice of so many blocks is as likely as any other.
  const isChosen = () => {
    const chosen = random() * left-- < toRead;
    toRead -= chosen ? 1 : 0;
    return chosen;
  };
  for await (const blocks of listed(options)) {
    for (const { index } of blocks) {
      const next = wanted.next();
      if (next.done) {
        throw new VerificationError(`snapshot ${snapshotId} lists block ${index}, which was not written`);
      }
      if (next.value !== index) {
        throw new VerificationError(`snapshot ${snapshotId} lists block ${index} where block ${next.value} was expected`);
      }
    }
    await readBack(blocks.filter(isChosen), options);
  }
  const missing = wanted.next();
  if (!missing.done) {
    throw new VerificationError(`snapshot ${snapshotId} does not list block ${missing.value}, which was written`);
  }
}

/** Page by page, which may be short or empty. */
async function* listed({ transport, snapshotId, retrier, signal, part }: VerifyOptions): AsyncGenerator<readonly ListedBlock[]> {
  const end = part === undefined || part.isLast ? Number.POSITIVE_INFINITY : part.firstBlock + part.blockCount;
  const range = part && { startingBlockIndex: part.firstBlock, blockCount: part.blockCount };
  let pageToken: string | undefined;
  do {
    const page = await retrier.run('ListSnapshotBlocks', () => transport.list(snapshotId, pageToken, signal, range), { signal });
    const blocks = page.blocks.filter(({ index }) => index < end);
    yield blocks;
    pageToken = blocks.length < page.blocks.length ? undefined : page.nextToken;
  } while (pageToken !== undefined);
}

async function readBack(blocks: readonly ListedBlock[], options: VerifyOptions): Promise<void> {
  const { transport, snapshotId, journal, retrier, limiter, concurrency, signal, onBlock } = options;
  let next = 0;
  await inParallel(Math.min(concurrency, blocks.length), async (_, stop) => {
    while (next < blocks.length) {
      stop.throwIfAborted();
      const block = blocks[next++];
      const read = () => readDigest(transport, snapshotId, block, stop);
      const digest = await retrier.run(`GetSnapshotBlock of block ${block.index}`, read, { signal: stop, limiter });
      if (!digest.equals(journal.digest(block.index))) {
        throw new VerificationError(`block ${block.index} of snapshot ${snapshotId} reads back with other bytes than were written`);
      }
      onBlock?.(block.index);
    }
  }, signal);
}

async function readDigest(transport: SnapshotTransport, snapshotId: string, block: ListedBlock, signal: AbortSignal): Promise<Buffer> {
  const { data, checksum } = await transport.read(snapshotId, block, signal);
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of data) {
    hash.update(chunk);
    length += chunk.length;
  }
  const digest = hash.digest();
  if (length !== BLOCK_SIZE || (checksum !== undefined && checksum !== digest.toString('base64'))) {
    // On the way, not in the store: the service's own checksum says so.
    throw Object.assign(new Error(`block ${block.index} arrived with ${length} bytes that do not match their checksum`), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  }
  return digest;
}
