import { closeSync, ftruncateSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { DIGEST_SIZE } from './block';
import { MemoryJournal, type Fate } from './journal';

/** Index with fate, digest, check. */
const RECORD_SIZE = 4 + DIGEST_SIZE + 4;
/** An index takes 27 bits, as a volume has at most 2^27 blocks; the fate stands above it. */
const INHERITED = 2 ** 27;
/** What a kill can cost: so many finished blocks, or those of so many milliseconds. */
const FLUSH_RECORDS = 8;
const FLUSH_AFTER = 50;
const READ_RECORDS = 8_192;

/**
 * A journal that outlives the process: what was put is appended to a file, in small batches. Blocks left out are not written down,
 * because finding out again that they are zeros costs less. A kill in the middle of an append leaves a torn tail, which is dropped.
 */
export class FileJournal extends MemoryJournal {
  /** Reads what earlier runs have recorded. */
  static open(path: string, blockCount: number): FileJournal {
    const file = openSync(path, 'a+', 0o600);
    try {
      const journal = new FileJournal(file, blockCount);
      ftruncateSync(file, journal.load());
      return journal;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  private readonly batch = Buffer.alloc(FLUSH_RECORDS * RECORD_SIZE);
  private waiting = 0;
  private timer: NodeJS.Timeout | undefined;
  private failure: unknown;

  private constructor(private readonly file: number, blockCount: number) {
    super(blockCount);
  }

  override record(index: number, digest: Uint8Array, fate: Fate = 'written'): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    super.record(index, digest, fate);
    if (fate === 'omitted') {
      return;
    }
    const at = this.waiting++ * RECORD_SIZE;
    this.batch.writeUInt32LE(fate === 'inherited' ? index + INHERITED : index, at);
    this.batch.set(digest, at + 4);
    this.batch.writeUInt32LE(checkOf(this.batch, at), at + 4 + DIGEST_SIZE);
    if (this.waiting === FLUSH_RECORDS) {
      this.flush();
    } else {
      this.timer ??= setTimeout(() => this.flushInTime(), FLUSH_AFTER);
    }
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const length = this.waiting * RECORD_SIZE;
    for (let done = 0; done < length;) {
      done += writeSync(this.file, this.batch, done, length - done);
    }
    this.waiting = 0;
  }

  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.file);
    }
  }

  /** Nobody waits for a timer: whoever records next learns of the failure. */
  private flushInTime(): void {
    try {
      this.flush();
    } catch (error) {
      this.failure = error;
    }
  }

  /** The number of bytes that hold whole records. */
  private load(): number {
    const { size } = fstatSync(this.file);
    const buffer = Buffer.alloc(READ_RECORDS * RECORD_SIZE);
    for (let offset = 0; offset < size;) {
      const length = readSync(this.file, buffer, 0, buffer.length, offset);
      const whole = this.loadRecords(buffer.subarray(0, length));
      offset += whole;
      if (whole < buffer.length) {
        return offset;
      }
    }
    return size;
  }

  private loadRecords(bytes: Buffer): number {
    let at = 0;
    for (; at + RECORD_SIZE <= bytes.length; at += RECORD_SIZE) {
      const head = bytes.readUInt32LE(at);
      const index = head % INHERITED;
      if (bytes.readUInt32LE(at + 4 + DIGEST_SIZE) !== checkOf(bytes, at) || index >= this.blockCount) {
        break;
      }
      super.record(index, bytes.subarray(at + 4, at + 4 + DIGEST_SIZE), head >= INHERITED ? 'inherited' : 'written');
    }
    return at;
  }
}

/** Tells a record from what a crash of the machine may leave in its place. Digests are random enough for a sum. */
function checkOf(bytes: Buffer, at: number): number {
  let sum = 0x5eed;
  for (let word = 0; word < 4 + DIGEST_SIZE; word += 4) {
    sum = Math.imul(sum, 31) + bytes.readInt32LE(at + word);
  }
  return Math.abs(sum) % 2 ** 32;
}
