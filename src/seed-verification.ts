/** How much of a snapshot is read back and compared with what was written. */
export enum SeedVerification {
  /** Nothing. The service still compares the checksum of the whole. */
  NONE = 'NONE',

  /** One block in a hundred, but 256 at least and 16,384 at most; and that all of them are there. */
  SAMPLE = 'SAMPLE',

  /** Every block. It takes as long as the writing, and half its price. */
  FULL = 'FULL',
}
