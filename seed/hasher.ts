import { Worker } from 'node:worker_threads';
import { BLOCK_SIZE, digestOf } from './block';

/** Blocks that wait for the second thread or are in it. More would be hashed there while this thread has nothing to do. */
const BESIDE = 24;

/** MiB. It needs nearly nothing, and would take what it is given. */
const SMALL = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, stackSizeMb: 1 };

/**
 * What the second thread runs. It stands here as text, because a bundle has no second file, and a second copy of the bundle would take more
 * memory than the thread itself.
 */
const PROGRAM = `
  const { createHash } = require('node:crypto');
  const { parentPort, workerData: { shared, blockSize } } = require('node:worker_threads');
  parentPort.on('message', (slot) => {
    const block = new Uint8Array(shared, slot * blockSize, blockSize);
    parentPort.postMessage({ slot, digest: createHash('sha256').update(block).digest() });
  });
`;

/** Blocks of memory in which a seed keeps what is in flight, and their digests. */
export interface Hasher {
  block(slot: number): Buffer;
  /** The block must stay as it is until then. */
  digest(slot: number): Promise<Buffer> | Buffer;
  close(): Promise<void> | void;
}

/** Computes digests at once. */
export class PlainHasher implements Hasher {
  private readonly slab: Buffer;

  constructor(slots: number) {
    this.slab = Buffer.allocUnsafeSlow(slots * BLOCK_SIZE);
  }

  block(slot: number): Buffer {
    return blockOf(this.slab, slot);
  }

  digest(slot: number): Buffer {
    return digestOf(this.block(slot));
  }

  close(): void {
    // Nothing is held but memory.
  }
}

/**
 * Computes digests on a second thread that shares the memory of the blocks, and at once what would have to wait for it. The thread takes
 * 10 MiB.
 */
export class ThreadHasher implements Hasher {
  private readonly slab: Buffer;
  private readonly thread: Worker;
  private readonly asked = new Map<number, (digest: Buffer) => void>();
  private gone = false;

  constructor(slots: number) {
    const shared = new SharedArrayBuffer(slots * BLOCK_SIZE);
    this.slab = Buffer.from(shared);
    this.thread = new Worker(PROGRAM, { eval: true, workerData: { shared, blockSize: BLOCK_SIZE }, resourceLimits: SMALL });
    this.thread.on('message', ({ slot, digest }: Hashed) => this.answer(slot, Buffer.from(digest)));
    // Whatever ended it, this thread can do its work.
    this.thread.on('error', () => undefined);
    this.thread.once('exit', () => {
      this.gone = true;
      [...this.asked.keys()].forEach((slot) => this.answer(slot, digestOf(this.block(slot))));
    });
  }

  block(slot: number): Buffer {
    return blockOf(this.slab, slot);
  }

  digest(slot: number): Promise<Buffer> | Buffer {
    if (this.gone || this.asked.size >= BESIDE) {
      return digestOf(this.block(slot));
    }
    return new Promise((resolve) => {
      this.asked.set(slot, resolve);
      this.thread.postMessage(slot);
    });
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }

  private answer(slot: number, digest: Buffer): void {
    const resolve = this.asked.get(slot);
    this.asked.delete(slot);
    resolve?.(digest);
  }
}

interface Hashed {
  readonly slot: number;
  readonly digest: Uint8Array;
}

function blockOf(slab: Buffer, slot: number): Buffer {
  return slab.subarray(slot * BLOCK_SIZE, (slot + 1) * BLOCK_SIZE);
}
