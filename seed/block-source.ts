/**
 * A disk image, read block by block.
 *
 * The writer asks for each block once, in ascending order of index but with many questions open at a time, and keeps the
 * bytes until they are stored; a source therefore need not be able to read anything twice.
 */
export interface BlockSource {
  /** For a stream, the most that it may have. */
  readonly sizeInBytes: number;
  /**
   * Fills `into`, exactly one block long; what lies behind the end of the image reads as zeros. False if the image turned out to end
   * before this block. A source that has the bytes at hand need not make a promise of them.
   */
  readBlock(index: number, into: Buffer, signal?: AbortSignal): Promise<boolean | void> | boolean | void;
  /** Throws if the bytes may not be those of the beginning any more; asked when all of them were read. */
  assertUnchanged?(): Promise<void>;
  close(): Promise<void>;
}

/** The bytes behind the source are not those that the seed was started for; trying again cannot help. */
export class SourceChangedError extends Error {
  override readonly name = 'SourceChangedError';
}
