import { createHash, randomBytes } from 'node:crypto';
import { BLOCK_SIZE } from '../../seed/block';
import { Hasher } from '../../seed/hasher';

test('digests are SHA-256, however many are asked for at a time', async () => {
  const hasher = new Hasher();
  const blocks = Array.from({ length: 9 }, () => randomBytes(BLOCK_SIZE));
  const digests = await Promise.all(blocks.map((block) => hasher.digest(block)));
  expect(digests.map((digest) => digest.toString('hex'))).toEqual(blocks.map((block) => createHash('sha256').update(block).digest('hex')));
});

test('a digest is of the block as it was when it was asked for', async () => {
  const block = randomBytes(BLOCK_SIZE);
  const expected = createHash('sha256').update(block).digest('hex');
  const digest = new Hasher().digest(block);
  block.fill(0);
  expect((await digest).toString('hex')).toBe(expected);
});
