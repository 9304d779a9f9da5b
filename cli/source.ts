import { realpath, stat } from 'node:fs/promises';
import { refusal, usageError } from './exit';
import { assertRaw, type Image, type ImageOptions } from './image';
import { openObject } from './s3-image';
import { GIBIBYTE } from '../seed/block';
import { decompressed, headOf, sizeOf, type Compression } from '../seed/decompression';
import { FileSource } from '../seed/file-source';
import { formatOf, HEAD_SIZE, TAIL_SIZE } from '../seed/image-format';
import { StreamSource } from '../seed/stream-source';

export async function openImage(name: string, options: ImageOptions): Promise<Image> {
  if (name === '-') {
    return stream(options);
  }
  return name.startsWith('s3://') ? openObject(name, options) : file(name, options);
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
