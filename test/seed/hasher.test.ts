import { createHash, randomBytes } from 'node:crypto';
import { PlainHasher, ThreadHasher, type Hasher } from '../../seed/hasher';

const SLOTS = 24;

function filled<H extends Hasher>(hasher: H): H {
  for (let slot = 0; slot < SLOTS; slot++) {
    randomBytes(hasher.block(slot).length).copy(hasher.block(slot));
  }
  return hasher;
}

const sha256 = (block: Buffer) => createHash('sha256').update(block).digest('hex');
const all = <T>(from: (slot: number) => T) => Array.from({ length: SLOTS }, (_, slot) => from(slot));
const hex = (digests: readonly Buffer[]) => digests.map((digest) => digest.toString('hex'));

describe.each([PlainHasher, ThreadHasher])('%p', (Kind) => {
  test('digests are SHA-256, however many are asked for at a time', async () => {
    const hasher = filled(new Kind(SLOTS));
    const expected = all((slot) => sha256(hasher.block(slot)));
    expect(hex(await Promise.all(all((slot) => hasher.digest(slot))))).toEqual(expected);
    expect(hex(await Promise.all(all((slot) => hasher.digest(slot))))).toEqual(expected);
    await hasher.close();
  });

  test('blocks do not share memory', async () => {
    const hasher = filled(new Kind(2));
    const before = sha256(hasher.block(1));
    hasher.block(0).fill(0);
    expect(sha256(hasher.block(1))).toBe(before);
    await hasher.close();
  });
});

test('what the second thread leaves undone when it ends is done without it', async () => {
  const hasher = filled(new ThreadHasher(SLOTS));
  const expected = all((slot) => sha256(hasher.block(slot)));
  const digests = all((slot) => hasher.digest(slot));
  await hasher.close();
  expect(hex(await Promise.all(digests))).toEqual(expected);
  expect(hasher.digest(3)).toEqual(Buffer.from(expected[3], 'hex'));
});
