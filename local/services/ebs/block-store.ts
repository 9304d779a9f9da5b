import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const BLOCK_SIZE = 524_288;

const DIGEST_SIZE = 32;
/** Index of the block, place of its data, digest. */
const RECORD_SIZE = 8 + DIGEST_SIZE;
/** The place of a block of zeros, which takes none. */
const NOWHERE = 0xffff_ffff;
const ZEROS = Buffer.alloc(BLOCK_SIZE);

/**
 * The blocks that were put to one snapshot: data and a list of records, both of which only ever grow. A block that is put again gets
 * a new place, so a kill in the middle leaves the old one; what was acknowledged stands in both files. Written and read at once: to the
 * page cache that takes less than half of the processor time that the way to a background thread does.
 */
class BlockStore {
  static open(directory: string): BlockStore {
    mkdirSync(directory, { recursive: true });
    const data = join(directory, 'data');
    const list = join(directory, 'list');
    const records = existsSync(list) ? readFileSync(list) : Buffer.alloc(0);
    const whole = Math.floor(records.length / RECORD_SIZE) * RECORD_SIZE;
    if (records.length > whole) {
      // A record that was cut off was never acknowledged.
      truncateSync(list, whole);
    }
    return new BlockStore(openSync(data, existsSync(data) ? 'r+' : 'w+'), openSync(list, 'a'), records.subarray(0, whole));
  }

  /** Numbers of records, by index of block. */
  private readonly records = new Map<number, number>();
  private count: number;
  private places = 0;
  private ordered?: Uint32Array;

  private constructor(private readonly data: number, private readonly listFile: number, private list: Buffer) {
    this.count = list.length / RECORD_SIZE;
    for (let record = 0; record < this.count; record++) {
      this.records.set(this.list.readUInt32LE(record * RECORD_SIZE), record);
      const place = this.list.readUInt32LE(record * RECORD_SIZE + 4);
      this.places = place === NOWHERE ? this.places : Math.max(this.places, place + 1);
    }
  }

  get size(): number {
    return this.records.size;
  }

  has(index: number): boolean {
    return this.records.has(index);
  }

  /** In ascending order. */
  indices(): Uint32Array {
    this.ordered ??= Uint32Array.from(this.records.keys()).sort();
    return this.ordered;
  }

  digest(index: number): Buffer {
    const at = this.recordOf(index) * RECORD_SIZE + 8;
    return this.list.subarray(at, at + DIGEST_SIZE);
  }

  write(index: number, block: Buffer, digest: Buffer): void {
    let place = NOWHERE;
    if (!block.equals(ZEROS)) {
      place = this.places++;
      for (let done = 0; done < BLOCK_SIZE;) {
        done += writeSync(this.data, block, done, BLOCK_SIZE - done, place * BLOCK_SIZE + done);
      }
    }
    const record = Buffer.allocUnsafe(RECORD_SIZE);
    record.writeUInt32LE(index, 0);
    record.writeUInt32LE(place, 4);
    digest.copy(record, 8);
    for (let done = 0; done < RECORD_SIZE;) {
      done += writeSync(this.listFile, record, done);
    }
    this.remember(index, record);
  }

  read(index: number): Buffer {
    const place = this.list.readUInt32LE(this.recordOf(index) * RECORD_SIZE + 4);
    if (place === NOWHERE) {
      return ZEROS;
    }
    const block = Buffer.allocUnsafe(BLOCK_SIZE);
    for (let done = 0; done < BLOCK_SIZE;) {
      const bytesRead = readSync(this.data, block, done, BLOCK_SIZE - done, place * BLOCK_SIZE + done);
      if (bytesRead === 0) {
        throw new Error(`block ${index} is cut off in the data directory`);
      }
      done += bytesRead;
    }
    return block;
  }

  close(): void {
    closeSync(this.listFile);
    closeSync(this.data);
  }

  private recordOf(index: number): number {
    const record = this.records.get(index);
    if (record === undefined) {
      throw new Error(`block ${index} was not written`);
    }
    return record;
  }

  private remember(index: number, record: Buffer): void {
    const end = (this.count + 1) * RECORD_SIZE;
    if (end > this.list.length) {
      const grown = Buffer.alloc(Math.max(RECORD_SIZE * 256, this.list.length * 2));
      this.list.copy(grown);
      this.list = grown;
    }
    record.copy(this.list, this.count * RECORD_SIZE);
    this.records.set(index, this.count++);
    this.ordered = undefined;
  }
}

export type { BlockStore };

/** The block stores of all snapshots, in folders of their own. */
export class BlockStores {
  private readonly stores = new Map<string, BlockStore>();

  constructor(private readonly directory: string) {}

  /** Without one, for a snapshot that no block was ever put to, an empty one. */
  of(snapshotId: string): BlockStore {
    let store = this.stores.get(snapshotId);
    if (!store) {
      store = BlockStore.open(join(this.directory, snapshotId));
      this.stores.set(snapshotId, store);
    }
    return store;
  }

  /** Removes the blocks of all snapshots but these. */
  keepOnly(snapshotIds: ReadonlySet<string>): void {
    const present = existsSync(this.directory) ? readdirSync(this.directory) : [];
    for (const snapshotId of present.filter((id) => !snapshotIds.has(id))) {
      const store = this.stores.get(snapshotId);
      this.stores.delete(snapshotId);
      store?.close();
      rmSync(join(this.directory, snapshotId), { recursive: true, force: true });
    }
  }

  close(): void {
    this.stores.forEach((store) => store.close());
    this.stores.clear();
  }
}
