import { createHash } from 'node:crypto';
import { DIGEST_SIZE } from './block';

/**
 * Which blocks are stored, with their digests: presence means done. The aggregate checksum, the verification and a resumed run all
 * read it, so no block is hashed a second time.
 */
export interface Journal {
  readonly blocksWritten: number;
  has(index: number): boolean;
  record(index: number, digest: Uint8Array): void;
  digest(index: number): Buffer;
  /** Indices in ascending order. */
  indices(): Iterable<number>;
}

/** A journal in memory: 32 bytes a block. */
export class MemoryJournal implements Journal {
  private readonly digests: Buffer;
  private readonly present: Uint8Array;
  private count = 0;

  constructor(private readonly blockCount: number) {
    this.digests = Buffer.alloc(blockCount * DIGEST_SIZE);
    this.present = new Uint8Array(blockCount);
  }

  get blocksWritten(): number {
    return this.count;
  }

  has(index: number): boolean {
    return this.present[index] === 1;
  }

  record(index: number, digest: Uint8Array): void {
    if (!(index >= 0 && index < this.blockCount)) {
      throw new Error(`block ${index} is not in the plan of ${this.blockCount} blocks`);
    }
    this.digests.set(digest, index * DIGEST_SIZE);
    this.count += this.has(index) ? 0 : 1;
    this.present[index] = 1;
  }

  digest(index: number): Buffer {
    return this.digests.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE);
  }

  * indices(): Iterable<number> {
    for (let index = 0; index < this.blockCount; index++) {
      if (this.has(index)) {
        yield index;
      }
    }
  }
}

/** The aggregate that the service calls LINEAR: the raw digests in ascending order of index, hashed. Base64. */
export function linearChecksum(journal: Journal): string {
  const hash = createHash('sha256');
  for (const index of journal.indices()) {
    hash.update(journal.digest(index));
  }
  return hash.digest('base64');
}
