import { BLOCK_SIZE, digestOf } from './block';
import type { Limiter } from './limiter';
import { inParallel } from './parallel';
import type { Retrier } from './retrier';
import type { ListedBlock, SnapshotTransport } from './snapshot-transport';

export interface ReadOptions {
  readonly transport: SnapshotTransport;
  readonly snapshotId: string;
  readonly retrier: Retrier;
  readonly limiter: Limiter;
  /** Blocks in flight. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  /** Whether a listed block is to be read; all are where this is absent. */
  readonly wants?: (index: number) => boolean;
  /** The buffer is used again as soon as this has resolved. */
  readonly onBlock: (index: number, block: Buffer, digest: Buffer) => Promise<void> | void;
}

/** Reads the blocks that a snapshot lists, page by page; each is compared with the checksum that the service gives with it. */
export async function readSnapshot(options: ReadOptions): Promise<void> {
  const { transport, snapshotId, retrier, concurrency, signal, wants = () => true } = options;
  const slab = Buffer.allocUnsafeSlow(concurrency * BLOCK_SIZE);
  let pageToken: string | undefined;
  do {
    const page = await retrier.run('ListSnapshotBlocks', () => transport.list(snapshotId, pageToken, signal), { signal });
    const blocks = page.blocks.filter(({ index }) => wants(index))[Symbol.iterator]();
    await inParallel(concurrency, async (slot, stop) => {
      const buffer = slab.subarray(slot * BLOCK_SIZE, (slot + 1) * BLOCK_SIZE);
      for (let next = blocks.next(); !next.done; next = blocks.next()) {
        stop.throwIfAborted();
        await readInto(buffer, next.value, options, stop);
      }
    }, signal);
    pageToken = page.nextToken;
  } while (pageToken !== undefined);
}

async function readInto(buffer: Buffer, listed: ListedBlock, options: ReadOptions, signal: AbortSignal): Promise<void> {
  const { transport, snapshotId, retrier, limiter, onBlock } = options;
  const digest = await retrier.run(`GetSnapshotBlock of block ${listed.index}`, async () => {
    const { data, checksum } = await transport.read(snapshotId, listed, signal);
    let length = 0;
    for await (const chunk of data) {
      buffer.set(chunk.subarray(0, BLOCK_SIZE - length), length);
      length = Math.min(BLOCK_SIZE, length + chunk.length);
    }
    const found = digestOf(buffer);
    if (length !== BLOCK_SIZE || (checksum !== undefined && checksum !== found.toString('base64'))) {
      throw Object.assign(new Error(`block ${listed.index} arrived with ${length} bytes that do not match their checksum`), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    }
    return found;
  }, { signal, limiter });
  await onBlock(listed.index, buffer, digest);
}
