import { DIGEST_RECORD_SIZE } from './execution';
import { FATES, type Fate, type MemoryJournal } from '../../seed/journal';
import type { Shard } from '../../seed/plan';

const NO_DIGEST = Buffer.alloc(DIGEST_RECORD_SIZE - 1);

/** What became of the blocks of a shard: for each a byte, and the digest if the snapshot holds it. */
export function encodeBlocks(journal: MemoryJournal, { firstBlock, blockCount }: Shard): Buffer {
  const bytes = Buffer.alloc(blockCount * DIGEST_RECORD_SIZE);
  for (let block = 0; block < blockCount; block++) {
    const index = firstBlock + block;
    bytes[block * DIGEST_RECORD_SIZE] = FATES.indexOf(journal.fate(index));
    if (journal.holds(index)) {
      bytes.set(journal.digest(index), block * DIGEST_RECORD_SIZE + 1);
    }
  }
  return bytes;
}

/** Adds the records to the journal. False if the bytes are not records of this shard; then nothing is added. */
export function decodeBlocks(bytes: Buffer, { firstBlock, blockCount }: Shard, journal: MemoryJournal): boolean {
  if (bytes.length !== blockCount * DIGEST_RECORD_SIZE) {
    return false;
  }
  const fates: (Fate | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += DIGEST_RECORD_SIZE) {
    if (bytes[at] >= FATES.length) {
      return false;
    }
    fates.push(FATES[bytes[at]]);
  }
  fates.forEach((fate, block) => {
    if (fate !== undefined) {
      const at = block * DIGEST_RECORD_SIZE + 1;
      journal.record(firstBlock + block, fate === 'omitted' ? NO_DIGEST : bytes.subarray(at, at + NO_DIGEST.length), fate);
    }
  });
  return true;
}
