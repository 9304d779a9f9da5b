import { anImage, BLOCK_SIZE } from './seeding';
import { VirtualClock } from './virtual-clock';
import { MemoryJournal } from '../../seed/journal';
import { planSeed } from '../../seed/plan';
import { Retrier } from '../../seed/retrier';
import { pinObject, S3Source } from '../../seed/s3-source';
import { writeBlocks } from '../../seed/writer';
import { Bucket, client, put, service } from '../local/platform/s3-service';

const IMAGE = anImage(37 * BLOCK_SIZE + 11);
const retrier = () => new Retrier({ clock: new VirtualClock() });

async function sourceOf(key: string, versionId?: string): Promise<S3Source> {
  const { object } = await pinObject(client, Bucket, key, versionId);
  return new S3Source(client, object, retrier());
}

/** All blocks, as the writer asks for them. */
async function read(source: S3Source, concurrency: number): Promise<Buffer> {
  const plan = planSeed({ sizeInBytes: source.sizeInBytes });
  const bytes = Buffer.alloc(plan.blockCount * BLOCK_SIZE, 0xff);
  await writeBlocks({
    source,
    shards: plan.shards,
    journal: new MemoryJournal(plan.blockCount),
    concurrency,
    store: async (index, block) => void block.copy(bytes, index * BLOCK_SIZE),
  });
  return bytes;
}

test('an object is pinned as it is: its size, its ETag, how it begins', async () => {
  await put('disk.img', IMAGE);
  const { object, head } = await pinObject(client, Bucket, 'disk.img');
  expect(object).toMatchObject({ bucket: Bucket, key: 'disk.img', sizeInBytes: IMAGE.length, etag: expect.stringMatching(/^".*"$/) });
  expect(head.equals(IMAGE.subarray(0, 512))).toBe(true);
});

test.each([1, 4, 32])('its blocks are read, %d at a time; zeros fill the last one up', async (concurrency) => {
  await put('disk.img', IMAGE);
  const bytes = await read(await sourceOf('disk.img'), concurrency);
  expect(bytes.subarray(0, IMAGE.length).equals(IMAGE)).toBe(true);
  expect(bytes.subarray(IMAGE.length).every((byte) => byte === 0)).toBe(true);
});

test('any few bytes can be read', async () => {
  await put('disk.img', IMAGE);
  const source = await sourceOf('disk.img');
  expect((await source.readAt(IMAGE.length - 3, 512)).equals(IMAGE.subarray(-3))).toBe(true);
});

test('an object that was replaced is noticed at once', async () => {
  await put('disk.img', IMAGE);
  const source = await sourceOf('disk.img');
  await put('disk.img', anImage(IMAGE.length, [5]));
  await expect(read(source, 4)).rejects.toThrow('is no longer the object with the ETag');
});

test('a version stays the same whatever comes after it', async () => {
  await service.updateBucket(Bucket, { versioned: true });
  const { VersionId } = await put('disk.img', IMAGE);
  await put('disk.img', anImage(BLOCK_SIZE, [0]));
  const bytes = await read(await sourceOf('disk.img', VersionId), 8);
  expect(bytes.subarray(0, IMAGE.length).equals(IMAGE)).toBe(true);
});
