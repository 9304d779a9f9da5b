import { readSync, type Stats } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { BLOCK_SIZE } from './block';
import { SourceChangedError, type BlockSource } from './block-source';

/** Milliseconds for a block above which it did not come from the page cache. */
const SLOW = 2;
/** Blocks that are read in the background before the page cache is tried again. */
const COLD_BLOCKS = 64;

/**
 * An image in a file or on a block device of this machine. A block in the page cache is read at once, which costs half of what the way
 * to a background thread and back does, and leaves it in the processor's cache for the digest. Where the disk has to be waited for,
 * that is done in the background, for several blocks at a time.
 */
export class FileSource implements BlockSource {
  static async open(path: string, now: () => number = () => performance.now()): Promise<FileSource> {
    const file = await open(path, 'r');
    try {
      const stats = await file.stat();
      return new FileSource(path, file, stats.isBlockDevice() ? await sizeOfDevice(stats) : stats.size, stats, now);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private coldBlocks = 0;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    readonly sizeInBytes: number,
    readonly stats: Stats,
    private readonly now: () => number,
  ) {}

  readBlock(index: number, into: Buffer): Promise<void> | void {
    const offset = index * BLOCK_SIZE;
    const wanted = Math.min(BLOCK_SIZE, this.sizeInBytes - offset);
    if (this.coldBlocks > 0) {
      this.coldBlocks--;
      return this.readInBackground(offset, into, wanted);
    }
    const began = this.now();
    for (let done = 0; done < wanted;) {
      done += this.read(offset + done, readSync(this.file.fd, into, done, wanted - done, offset + done));
    }
    into.fill(0, wanted);
    if (this.now() - began > SLOW) {
      this.coldBlocks = COLD_BLOCKS;
    }
  }

  /** First and last bytes, for the recognition of formats. */
  async readAt(offset: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  /** A file cannot be pinned as an S3 version can; this at least notices that it was written to meanwhile. */
  async assertUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.file.stat();
    if (size !== this.stats.size || mtimeMs !== this.stats.mtimeMs) {
      throw new SourceChangedError(`image ${JSON.stringify(this.path)} was written to while it was being read`);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async readInBackground(offset: number, into: Buffer, wanted: number): Promise<void> {
    for (let done = 0; done < wanted;) {
      const { bytesRead } = await this.file.read(into, done, wanted - done, offset + done);
      done += this.read(offset + done, bytesRead);
    }
    into.fill(0, wanted);
  }

  private read(offset: number, bytes: number): number {
    if (bytes === 0) {
      throw new SourceChangedError(`image ${JSON.stringify(this.path)} ends at byte ${offset}, but had ${this.sizeInBytes} bytes when it was opened`);
    }
    return bytes;
  }
}

/** The kernel counts a device in sectors of 512 bytes, whatever its own are; the file system knows no size of it. */
async function sizeOfDevice({ rdev }: Stats): Promise<number> {
  const minor = (rdev % 256) + Math.floor(rdev / 2 ** 20) * 256;
  const major = Math.floor(rdev / 256) % 4_096;
  return Number(await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8')) * 512;
}
