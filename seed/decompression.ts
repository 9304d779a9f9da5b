import { createReadStream } from 'node:fs';
import { pipeline, Transform, type Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { HEAD_SIZE } from './image-format';

export type Compression = 'gzip' | 'zstd';

/** The bytes that a compressed file holds. */
export function decompressed(path: string, compression: Compression): Readable {
  const unpack = compression === 'gzip' ? zlib.createGunzip() : unpackZstd();
  // The reader of the stream learns of every failure.
  return pipeline(createReadStream(path), unpack, () => undefined);
}

/** How the image begins; reads no further. */
export async function headOf(path: string, compression: Compression): Promise<Buffer> {
  const stream = decompressed(path, compression);
  let head = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    head = Buffer.concat([head, chunk]).subarray(0, HEAD_SIZE);
    if (head.length === HEAD_SIZE) {
      break;
    }
  }
  return head;
}

/** Neither format says reliably how much it holds, so it is unpacked once to be counted, which proves it whole besides. */
export async function sizeOf(path: string, compression: Compression, signal?: AbortSignal): Promise<number> {
  let size = 0;
  for await (const chunk of decompressed(path, compression) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    size += chunk.length;
  }
  return size;
}

/** Node has one of its own from version 22.15 on. */
function unpackZstd(): Transform {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  return createZstdDecompress?.() ?? new ZstdTransform();
}

class ZstdTransform extends Transform {
  private readonly unpack = new Decompress((chunk) => this.push(Buffer.from(chunk)));

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.feed(chunk, false, done);
  }

  override _flush(done: (error?: Error | null) => void): void {
    this.feed(Buffer.alloc(0), true, done);
  }

  private feed(chunk: Buffer, last: boolean, done: (error?: Error | null) => void): void {
    try {
      this.unpack.push(chunk, last);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}
