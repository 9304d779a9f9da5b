import { createHash } from 'node:crypto';

/** The one block size of the EBS direct APIs: 512 KiB. */
export const BLOCK_SIZE = 524_288;

export const GIBIBYTE = 2 ** 30;

/** SHA-256, raw. */
export const DIGEST_SIZE = 32;

/** How many blocks hold so many bytes; the last one is filled up with zeros. */
export function blocksIn(bytes: number): number {
  return Math.ceil(bytes / BLOCK_SIZE);
}


/** A block that equals itself one byte on is full of its first byte. Costs a fiftieth of a digest. */
export function isZeros(block: Buffer): boolean {
  return block[0] === 0 && block.subarray(1).equals(block.subarray(0, -1));
}

export function digestOf(block: Uint8Array): Buffer {
  return createHash('sha256').update(block).digest();
}

/** The digest of a block of zeros. */
export const ZEROS_DIGEST = digestOf(Buffer.alloc(BLOCK_SIZE));
