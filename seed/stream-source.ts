import type { Readable } from 'node:stream';
import { BLOCK_SIZE } from './block';
import type { BlockSource } from './block-source';

/** An image that can be read from its beginning to its end only, and that says how long it is when it ends. */
export class StreamSource implements BlockSource {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);
  private position = 0;
  private ended = false;
  private turn: Promise<unknown> = Promise.resolve();

  /** @param sizeInBytes the most that it may have */
  constructor(private readonly name: string, private readonly stream: Readable, readonly sizeInBytes: number) {
    this.chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Blocks come in the order in which they are asked for; those that nobody asked for are passed over. */
  readBlock(index: number, into: Buffer): Promise<boolean> {
    const read = this.turn.then(async () => {
      for (; this.position < index && !this.ended; this.position++) {
        await this.fill(into);
      }
      this.position++;
      return await this.fill(into) > 0;
    });
    // Whoever asked learns of a failure; the next one fails by itself.
    this.turn = read.catch(() => undefined);
    return read;
  }

  /** How the image begins; to be asked before the first block. */
  async head(length: number): Promise<Buffer> {
    while (this.rest.length < length) {
      const { done, value } = await this.chunks.next();
      if (done) {
        break;
      }
      this.rest = Buffer.concat([this.rest, value]);
    }
    return this.rest.subarray(0, length);
  }

  /** Throws if there is more than it may have. */
  async assertUnchanged(): Promise<void> {
    if (!this.ended && (this.rest.length > 0 || !(await this.chunks.next()).done)) {
      throw new Error(`image ${JSON.stringify(this.name)} goes on behind its ${this.sizeInBytes} bytes`);
    }
  }

  async close(): Promise<void> {
    this.stream.destroy();
  }

  /** The number of bytes that there were. */
  private async fill(into: Buffer): Promise<number> {
    let filled = 0;
    while (filled < BLOCK_SIZE && !this.ended) {
      if (this.rest.length === 0) {
        const { done, value } = await this.chunks.next();
        this.ended = done === true;
        this.rest = done ? this.rest : value;
      }
      const copied = this.rest.copy(into, filled);
      this.rest = this.rest.subarray(copied);
      filled += copied;
    }
    into.fill(0, filled);
    return filled;
  }
}
