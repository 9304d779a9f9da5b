/** What becomes of blocks that hold zeros alone. */
export enum ZeroBlocks {
  /** They are written like all others. */
  WRITE = 'WRITE',

  /**
   * They are left out, which costs nothing. They read as zeros as long as neither the snapshot nor a volume that is made from it is encrypted:
   * what an encrypted one lacks reads as noise.
   */
  OMIT = 'OMIT',
}
