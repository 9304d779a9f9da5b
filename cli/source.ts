import { realpath, stat } from 'node:fs/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { ExitError, refusal, usageError } from './exit';
import { GIBIBYTE } from '../seed/block';
import type { BlockSource } from '../seed/block-source';
import { systemClock } from '../seed/clock';
import { decompressed, headOf, sizeOf, type Compression } from '../seed/decompression';
import { FileSource } from '../seed/file-source';
import { formatOf, HEAD_SIZE, TAIL_SIZE } from '../seed/image-format';
import { Retrier } from '../seed/retrier';
import { pinObject, S3Source } from '../seed/s3-source';
import { clientConfiguration } from '../seed/sdk-client';
import { StreamSource } from '../seed/stream-source';

/** An image as a command is given it. */
export interface Image {
  /** As the user wrote it. */
  readonly name: string;
  readonly source: BlockSource;
  /** What must be the same for a later run to go on. Absent: it cannot be read a second time. */
  readonly identity?: { readonly place: string; readonly state: Readonly<Record<string, string | number>> };
  /** Whether its size is an upper limit only. */
  readonly sizeIsLimit?: boolean;
  /** Reads it from the beginning, for a look at its blocks before the seed. */
  readonly again?: () => Promise<BlockSource>;
}

export interface ImageOptions {
  /** GiB; limits what is not known to end. */
  readonly volumeSize?: number;
  /** Blocks that are asked for at a time. */
  readonly workers: number;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export async function openImage(name: string, options: ImageOptions): Promise<Image> {
  if (name === '-') {
    return stream(options);
  }
  return name.startsWith('s3://') ? object(name, options) : file(name, options);
}

async function stream({ volumeSize }: ImageOptions): Promise<Image> {
  if (volumeSize === undefined) {
    throw usageError('standard input does not say how much is coming, so --volume-size must be given');
  }
  const source = new StreamSource('standard input', process.stdin, volumeSize * GIBIBYTE);
  assertRaw('-', formatOf(await source.head(HEAD_SIZE), Buffer.alloc(0)));
  return { name: 'standard input', source, sizeIsLimit: true };
}

async function file(name: string, options: ImageOptions): Promise<Image> {
  const stats = await stat(name).catch((error: Error) => {
    throw refusal(`image ${JSON.stringify(name)} cannot be read: ${error.message}`);
  });
  if (stats.isFIFO() || stats.isCharacterDevice()) {
    throw refusal(`image ${JSON.stringify(name)} is a pipe or terminal; give it as standard input: seed - < ${name}`);
  }
  if (!stats.isFile() && !stats.isBlockDevice()) {
    throw refusal(`image ${JSON.stringify(name)} must be a file or a block device`);
  }
  const source = await FileSource.open(name).catch((error: Error) => {
    throw refusal(`image ${JSON.stringify(name)} cannot be read: ${error.message}`);
  });
  const { size, mtimeMs, ino, dev, rdev } = source.stats;
  const identity = {
    place: await realpath(name),
    state: { size: Math.max(size, source.sizeInBytes), modified: mtimeMs, inode: ino, device: dev, special: rdev },
  };
  try {
    const tail = Math.max(0, source.sizeInBytes - TAIL_SIZE);
    const format = formatOf(await source.readAt(0, HEAD_SIZE), await source.readAt(tail, TAIL_SIZE));
    if (format?.name === 'gzip' || format?.name === 'zstd') {
      const image = await compressed(name, format.name, source, options);
      return { ...image, identity };
    }
    assertRaw(name, format);
    return { name, source, identity, again: () => FileSource.open(name) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The file stays open for the question whether it was changed. */
async function compressed(name: string, format: Compression, packed: FileSource, { volumeSize, say, signal }: ImageOptions): Promise<Image> {
  assertRaw(name, formatOf(await headOf(name, format), Buffer.alloc(0)));
  if (volumeSize === undefined) {
    say?.(`${name} is ${format}, which does not say how much it holds: unpacking it once to count (--volume-size saves that)`);
  }
  const size = volumeSize === undefined ? await sizeOf(name, format, signal) : volumeSize * GIBIBYTE;
  const unpacked = new StreamSource(name, decompressed(name, format), size);
  return {
    name,
    source: {
      sizeInBytes: size,
      readBlock: (index, into) => unpacked.readBlock(index, into),
      assertUnchanged: async () => {
        await unpacked.assertUnchanged();
        await packed.assertUnchanged();
      },
      close: async () => {
        await unpacked.close();
        await packed.close();
      },
    },
    sizeIsLimit: volumeSize !== undefined,
    again: async () => new StreamSource(name, decompressed(name, format), size),
  };
}

async function object(name: string, { workers }: ImageOptions): Promise<Image> {
  const [, bucket, key, versionId] = /^s3:\/\/([^/]+)\/(.+?)(?:\?versionId=([^?]+))?$/.exec(name) ?? [];
  if (bucket === undefined) {
    throw usageError(`image must be s3://BUCKET/KEY or s3://BUCKET/KEY?versionId=ID, got ${JSON.stringify(name)}`);
  }
  const client = new S3Client({ ...clientConfiguration(workers), maxAttempts: 3, responseChecksumValidation: 'WHEN_REQUIRED' });
  try {
    const { object: pinned, head } = await pinObject(client, bucket, key, versionId);
    const source = new S3Source(client, pinned, new Retrier({ clock: systemClock }), Math.ceil(workers / 8) + 8);
    assertRaw(name, formatOf(head, await source.readAt(Math.max(0, pinned.sizeInBytes - TAIL_SIZE), TAIL_SIZE)));
    const { etag, sizeInBytes } = pinned;
    const close = async () => {
      await source.close();
      client.destroy();
    };
    return {
      name,
      source: { sizeInBytes, readBlock: (index, into, signal) => source.readBlock(index, into, signal), close },
      identity: { place: `s3://${bucket}/${key}`, state: { etag, size: sizeInBytes, version: pinned.versionId ?? 'none' } },
      again: async () => new S3Source(client, pinned, new Retrier({ clock: systemClock })),
    };
  } catch (error) {
    client.destroy();
    throw error instanceof Error && !(error instanceof ExitError) ? refusal(`image ${name} cannot be read: ${error.name}: ${error.message}`) : error;
  }
}

function assertRaw(name: string, format: ReturnType<typeof formatOf>): void {
  if (format) {
    throw refusal(`image ${JSON.stringify(name)} is ${format.name}, must be a raw disk image; convert it first: ${format.conversion}`);
  }
}
