import { createHash } from 'node:crypto';
import { DIGEST_SIZE } from './block';

/**
 * What became of a block: it was put, the parent holds the same bytes, or it is zeros that were left out.
 */
export type Fate = 'written' | 'inherited' | 'omitted';

/**
 * What became of which block, with the digests of those that the snapshot holds: presence means done. The aggregate checksum, the
 * verification, a resumed run and a later delta all read it, so no block is hashed a second time.
 */
export interface Journal {
  readonly blocksWritten: number;
  readonly blocksInherited: number;
  readonly blocksOmitted: number;
  /** Whether it was decided on. */
  has(index: number): boolean;
  /** Whether the snapshot has it, so that there is a digest. */
  holds(index: number): boolean;
  record(index: number, digest: Uint8Array, fate?: Fate): void;
  digest(index: number): Buffer;
  /** Indices of the blocks that were put, in ascending order. */
  indices(): Iterable<number>;
  /** Indices of the blocks that the snapshot holds, in ascending order. */
  held(): Iterable<number>;
  /** Makes sure that what was recorded outlives the process. */
  flush?(): void;
}

/** What a byte of a stored journal says. */
export const FATES: readonly (Fate | undefined)[] = [undefined, 'written', 'inherited', 'omitted'];
/** Digests are kept in pieces that come into being when they are needed: of a sparse image most are not. */
const PIECE = 4_096;

/** A journal in memory: 32 bytes a block that the snapshot holds. */
export class MemoryJournal implements Journal {
  private readonly pieces: Buffer[] = [];
  private readonly fates: Uint8Array;
  private readonly counts = { written: 0, inherited: 0, omitted: 0 };

  constructor(readonly blockCount: number) {
    this.fates = new Uint8Array(blockCount);
  }

  get blocksWritten(): number {
    return this.counts.written;
  }

  get blocksInherited(): number {
    return this.counts.inherited;
  }

  get blocksOmitted(): number {
    return this.counts.omitted;
  }

  has(index: number): boolean {
    return this.fates[index] > 0;
  }

  holds(index: number): boolean {
    return isHeld(this.fate(index));
  }

  fate(index: number): Fate | undefined {
    return FATES[this.fates[index]];
  }

  record(index: number, digest: Uint8Array, fate: Fate = 'written'): void {
    if (!(index >= 0 && index < this.blockCount)) {
      throw new Error(`block ${index} is not in the plan of ${this.blockCount} blocks`);
    }
    const before = this.fate(index);
    if (before) {
      this.counts[before]--;
    }
    this.counts[fate]++;
    this.fates[index] = FATES.indexOf(fate);
    if (fate !== 'omitted') {
      const piece = this.pieces[Math.floor(index / PIECE)] ??= Buffer.alloc(PIECE * DIGEST_SIZE);
      piece.set(digest, (index % PIECE) * DIGEST_SIZE);
    }
  }

  digest(index: number): Buffer {
    const piece = this.pieces[Math.floor(index / PIECE)];
    const start = (index % PIECE) * DIGEST_SIZE;
    return piece.subarray(start, start + DIGEST_SIZE);
  }

  indices(): Iterable<number> {
    return this.withFate((fate) => fate === 'written');
  }

  held(): Iterable<number> {
    return this.withFate(isHeld);
  }

  private* withFate(wanted: (fate: Fate | undefined) => boolean): Iterable<number> {
    for (let index = 0; index < this.blockCount; index++) {
      if (wanted(this.fate(index))) {
        yield index;
      }
    }
  }
}

const isHeld = (fate: Fate | undefined) => fate === 'written' || fate === 'inherited';

/** The aggregate that the service calls LINEAR: the raw digests in ascending order of index, hashed. Base64. */
export function linearChecksum(journal: Journal): string {
  const hash = createHash('sha256');
  for (const index of journal.indices()) {
    hash.update(journal.digest(index));
  }
  return hash.digest('base64');
}
