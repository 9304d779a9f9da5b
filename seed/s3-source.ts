import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { BLOCK_SIZE } from './block';
import { SourceChangedError, type BlockSource } from './block-source';
import type { Timeouts } from './http/connection';
import { ConnectionPool } from './http/connection-pool';
import { HEAD_SIZE } from './image-format';
import type { Retrier } from './retrier';
import { Range } from './s3-range';
import { ObjectRequest } from './s3-request';
import { TIMEOUTS } from './sdk-client';

/** One version of an object: every read says so, so that the bytes cannot change under it. */
export interface PinnedObject {
  readonly bucket: string;
  readonly key: string;
  /** Absent in a bucket without versions; then the ETag alone pins it. */
  readonly versionId?: string;
  readonly etag: string;
  readonly sizeInBytes: number;
}

const NO_BODY = Buffer.alloc(0);

/**
 * What the object is now, to be pinned, and how it begins. A read, not a HeadObject: it tries the permission that the seed needs, and a
 * refusal comes with its reason.
 */
export async function pinObject(client: S3Client, bucket: string, key: string, versionId?: string): Promise<{ object: PinnedObject; head: Buffer }> {
  const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, Range: `bytes=0-${HEAD_SIZE - 1}` }));
  const size = /\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1];
  if (size === undefined || answer.ETag === undefined || answer.ContentLength === undefined) {
    throw new Error(`GetObject of s3://${bucket}/${key} answered without ContentRange, ContentLength or ETag`);
  }
  const head = await readWhole(answer.Body as Readable, answer.ContentLength);
  return { object: { bucket, key, versionId: versionId ?? answer.VersionId, etag: answer.ETag, sizeInBytes: Number(size) }, head };
}

/**
 * An image in S3. Every block is a range that the network writes straight into the memory of the block: the SDK's streams would take eight
 * times the processor time, and longer ranges memory of their own.
 */
export class S3Source implements BlockSource {
  readonly sizeInBytes: number;
  private readonly request: ObjectRequest;
  private pool: ConnectionPool | undefined;
  private closed = false;

  constructor(
    client: S3Client,
    private readonly object: PinnedObject,
    private readonly retrier: Retrier,
    private readonly timeouts: Timeouts = TIMEOUTS,
  ) {
    this.sizeInBytes = object.sizeInBytes;
    this.request = new ObjectRequest(client, object);
  }

  async readBlock(index: number, into: Buffer, signal?: AbortSignal): Promise<void> {
    const offset = index * BLOCK_SIZE;
    const wanted = Math.min(BLOCK_SIZE, this.sizeInBytes - offset);
    await this.fill(offset, into.subarray(0, wanted), signal);
    into.fill(0, wanted);
  }

  /** A few bytes from anywhere, for the recognition of formats. */
  async readAt(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.min(length, this.sizeInBytes - offset));
    await this.fill(offset, bytes);
    return bytes;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.pool?.close();
  }

  private async fill(offset: number, into: Buffer, signal?: AbortSignal): Promise<void> {
    const range = new Range(this.object, offset, into);
    const { bucket, key } = this.object;
    const name = `GetObject of bytes ${offset} to ${offset + into.length - 1} of s3://${bucket}/${key}`;
    await this.retrier.run(name, () => this.get(range, signal), { signal });
  }

  private async get(range: Range, signal?: AbortSignal): Promise<void> {
    const { origin, head } = await this.request.signed();
    signal?.throwIfAborted();
    if (this.closed) {
      throw new Error('the source is closed');
    }
    this.pool ??= new ConnectionPool(origin, this.timeouts);
    const { pool } = this;
    const connection = pool.take();
    try {
      const response = await connection.send(`${head}range: ${range.header}\r\n\r\n`, NO_BODY, signal, range);
      if (!range.isComplete) {
        this.request.renew();
        throw this.explain(await this.request.errorOf(response));
      }
    } finally {
      pool.giveBack(connection);
    }
  }

  private explain(error: unknown): unknown {
    const { bucket, key, etag } = this.object;
    return isChanged(error) ? new SourceChangedError(`s3://${bucket}/${key} is no longer the object with the ETag ${etag} that the seed was started for`) : error;
  }
}

async function readWhole(body: Readable, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    filled += chunk.copy(bytes, filled);
  }
  if (filled < length) {
    throw Object.assign(new Error(`${length} bytes were asked for, ${filled} arrived`), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  }
  return bytes;
}

function isChanged(error: unknown): boolean {
  return ['PreconditionFailed', 'NoSuchKey', 'NoSuchVersion', 'NotFound'].includes(String((error as { name?: unknown } | undefined)?.name));
}
