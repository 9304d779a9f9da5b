import { createHash, webcrypto } from 'node:crypto';

/** The one block size of the EBS direct APIs: 512 KiB. */
export const BLOCK_SIZE = 524_288;

export const GIBIBYTE = 2 ** 30;

/** SHA-256, raw. */
export const DIGEST_SIZE = 32;

/** How many blocks hold so many bytes; the last one is filled up with zeros. */
export function blocksIn(bytes: number): number {
  return Math.ceil(bytes / BLOCK_SIZE);
}

const ZEROS = Buffer.alloc(BLOCK_SIZE);

/** A comparison costs a fiftieth of a digest. */
export function isZeros(block: Buffer): boolean {
  return block.equals(ZEROS);
}

export function digestOf(block: Uint8Array): Buffer {
  return createHash('sha256').update(block).digest();
}

/** The same on another thread, for a copy of the block as it is now. */
export async function digestInBackground(block: Uint8Array<ArrayBuffer>): Promise<Buffer> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', block));
}

/** The digest of a block of zeros. */
export const ZEROS_DIGEST = digestOf(ZEROS);
