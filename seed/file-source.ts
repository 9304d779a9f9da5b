import { open, type FileHandle } from 'node:fs/promises';
import { BLOCK_SIZE } from './block';
import { SourceChangedError, type BlockSource } from './block-source';

/** An image in a file of this machine. */
export class FileSource implements BlockSource {
  static async open(path: string): Promise<FileSource> {
    const file = await open(path, 'r');
    try {
      const { size, mtimeMs } = await file.stat();
      return new FileSource(path, file, size, mtimeMs);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    readonly sizeInBytes: number,
    private readonly modifiedAt: number,
  ) {}

  async readBlock(index: number, into: Buffer): Promise<void> {
    const offset = index * BLOCK_SIZE;
    const wanted = Math.min(BLOCK_SIZE, this.sizeInBytes - offset);
    let done = 0;
    while (done < wanted) {
      const { bytesRead } = await this.file.read(into, done, wanted - done, offset + done);
      if (bytesRead === 0) {
        throw new SourceChangedError(`image ${JSON.stringify(this.path)} ends at byte ${offset + done}, but had ${this.sizeInBytes} bytes when it was opened`);
      }
      done += bytesRead;
    }
    into.fill(0, wanted);
  }

  /** First and last bytes, for the recognition of formats. */
  async readAt(offset: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  /** A file cannot be pinned as an S3 version can; this at least notices that it was written to meanwhile. */
  async assertUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.file.stat();
    if (size !== this.sizeInBytes || mtimeMs !== this.modifiedAt) {
      throw new SourceChangedError(`image ${JSON.stringify(this.path)} was written to while it was being read`);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
