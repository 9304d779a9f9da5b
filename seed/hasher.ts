import { digestOf, digestInBackground } from './block';

/** Each of them holds a copy of a block. */
const AT_A_TIME = 2;

/**
 * Computes digests beside the thread that talks to the network, a few at a time, because each works on a copy. What they cannot take
 * on is computed at once: to wait would cost more than it saves, and the block would leave the processor's cache.
 */
export class Hasher {
  private underWay = 0;

  async digest(block: Uint8Array<ArrayBuffer>): Promise<Buffer> {
    if (this.underWay >= AT_A_TIME) {
      return digestOf(block);
    }
    this.underWay++;
    try {
      return await digestInBackground(block);
    } finally {
      this.underWay--;
    }
  }
}
