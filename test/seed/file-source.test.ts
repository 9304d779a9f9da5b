import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anImage, BLOCK_SIZE } from './seeding';
import { FileSource } from '../../seed/file-source';

let directory: string;
let path: string;
const IMAGE = anImage(2 * BLOCK_SIZE + 5);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'images-'));
  path = join(directory, 'disk.img');
  writeFileSync(path, IMAGE);
});
afterEach(() => rmSync(directory, { recursive: true }));

test('blocks are read from anywhere; zeros fill the last one up', async () => {
  const source = await FileSource.open(path);
  const block = Buffer.alloc(BLOCK_SIZE, 0xff);
  await source.readBlock(2, block);
  expect(block.subarray(0, 5).equals(IMAGE.subarray(2 * BLOCK_SIZE))).toBe(true);
  expect(block.subarray(5).every((byte) => byte === 0)).toBe(true);
  await source.readBlock(0, block);
  expect(block.equals(IMAGE.subarray(0, BLOCK_SIZE))).toBe(true);
  await source.close();
});

test('where the disk has to be waited for, the next blocks are read in the background', async () => {
  let time = 0;
  const source = await FileSource.open(path, () => time += 10);
  const block = Buffer.alloc(BLOCK_SIZE);
  expect(source.readBlock(0, block)).toBeUndefined();
  const later = source.readBlock(2, block);
  expect(later).toBeInstanceOf(Promise);
  await later;
  expect(block.subarray(0, 5).equals(IMAGE.subarray(2 * BLOCK_SIZE))).toBe(true);
  expect(block.subarray(5).every((byte) => byte === 0)).toBe(true);
  await source.close();
});

test('a file that becomes shorter is noticed', async () => {
  const source = await FileSource.open(path);
  truncateSync(path, BLOCK_SIZE);
  await expect(async () => source.readBlock(1, Buffer.alloc(BLOCK_SIZE))).rejects.toThrow(`ends at byte ${BLOCK_SIZE}, but had ${IMAGE.length} bytes`);
  await source.close();
});

test('a file that is written to is noticed', async () => {
  const source = await FileSource.open(path);
  await source.assertUnchanged();
  appendFileSync(path, 'more');
  await expect(source.assertUnchanged()).rejects.toThrow('was written to while it was being read');
  await source.close();
});
