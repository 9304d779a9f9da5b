import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { BLOCK_SIZE } from './block';
import { SourceChangedError, type BlockSource } from './block-source';
import { HEAD_SIZE } from './image-format';
import type { Retrier } from './retrier';

/** One version of an object: every read says so, so that the bytes cannot change under it. */
export interface PinnedObject {
  readonly bucket: string;
  readonly key: string;
  /** Absent in a bucket without versions; then the ETag alone pins it. */
  readonly versionId?: string;
  readonly etag: string;
  readonly sizeInBytes: number;
}

/** Blocks that one request reads: large enough to make requests few, small enough to keep the memory small. */
const BLOCKS_PER_RANGE = 8;
/** Ranges that are asked for before they are needed. */
const READ_AHEAD = 2;

interface Range {
  readonly bytes: Promise<Buffer>;
  unread: number;
}

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

/** An image in S3, read in ranges. Holds as many ranges as the blocks that are asked for at a time spread over, and a few ahead. */
export class S3Source implements BlockSource {
  readonly sizeInBytes: number;
  private readonly ranges = new Map<number, Range>();
  private readonly rangeCount: number;

  /** @param mostRanges at least as many as the blocks that are asked for at a time can spread over */
  constructor(
    private readonly client: S3Client,
    private readonly object: PinnedObject,
    private readonly retrier: Retrier,
    private readonly mostRanges = 16,
  ) {
    this.sizeInBytes = object.sizeInBytes;
    this.rangeCount = Math.ceil(object.sizeInBytes / (BLOCKS_PER_RANGE * BLOCK_SIZE));
  }

  async readBlock(index: number, into: Buffer, signal?: AbortSignal): Promise<void> {
    const number = Math.floor(index / BLOCKS_PER_RANGE);
    const range = this.range(number, signal);
    for (let ahead = 1; ahead <= READ_AHEAD && number + ahead < this.rangeCount; ahead++) {
      this.range(number + ahead, signal);
    }
    const bytes = await range.bytes;
    const start = (index % BLOCKS_PER_RANGE) * BLOCK_SIZE;
    const copied = bytes.copy(into, 0, start, start + BLOCK_SIZE);
    into.fill(0, copied);
    range.unread--;
    if (range.unread === 0 && this.ranges.get(number) === range) {
      this.ranges.delete(number);
    }
  }

  /** A few bytes from anywhere, for the recognition of formats. */
  readAt(offset: number, length: number): Promise<Buffer> {
    return this.get(offset, Math.min(length, this.sizeInBytes - offset));
  }

  async close(): Promise<void> {
    this.ranges.clear();
  }

  private range(number: number, signal?: AbortSignal): Range {
    const known = this.ranges.get(number);
    if (known) {
      return known;
    }
    const offset = number * BLOCKS_PER_RANGE * BLOCK_SIZE;
    const length = Math.min(BLOCKS_PER_RANGE * BLOCK_SIZE, this.sizeInBytes - offset);
    const range = { bytes: this.get(offset, length, signal), unread: Math.ceil(length / BLOCK_SIZE) };
    this.ranges.set(number, range);
    // Whoever reads the range learns of its failure; nobody may come to read it after a stop.
    range.bytes.catch(() => this.ranges.delete(number));
    if (this.ranges.size > this.mostRanges) {
      // Some of its blocks were never asked for: an earlier run stored them.
      this.ranges.delete(Math.min(...this.ranges.keys()));
    }
    return range;
  }

  private async get(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    const { bucket, key, versionId, etag } = this.object;
    const name = `GetObject of bytes ${offset} to ${offset + length - 1} of s3://${bucket}/${key}`;
    return this.retrier.run(name, async () => {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, IfMatch: etag, Range: `bytes=${offset}-${offset + length - 1}` });
      const { Body } = await this.client.send(command, { abortSignal: signal }).catch((error: unknown) => {
        throw isChanged(error) ? new SourceChangedError(`s3://${bucket}/${key} is no longer the object with the ETag ${etag} that the seed was started for`) : error;
      });
      return readWhole(Body as Readable, length);
    }, { signal });
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
