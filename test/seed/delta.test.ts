import fc from 'fast-check';
import { anImage, BLOCK_SIZE, MemorySource, Seeding } from './seeding';
import { mayPass } from '../../seed/condition';
import { MemoryJournal } from '../../seed/journal';
import { planSeed } from '../../seed/plan';
import { OperationError, Retrier } from '../../seed/retrier';
import { SnapshotLeftError } from '../../seed/seed';
import { blocksReadBack } from '../../seed/verifier';

jest.setTimeout(120_000);

let seeding: Seeding;

beforeEach(async () => {
  seeding = await Seeding.start();
});
afterEach(() => seeding.stop());

/** A byte for each block: zeros where it is 0. */
const imageOf = (blocks: readonly number[]) => Buffer.concat(blocks.map((content) => Buffer.alloc(BLOCK_SIZE, content)));

let count = 0;
const another = () => {
  const name = `seed ${count++}`;
  return { name, marker: { Key: 'request', Value: name } };
};

test('whatever parent and image hold, and whether zeros are left out: the bytes are the image\'s, and equal blocks are not put', async () => {
  const contents = fc.array(fc.nat(2), { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(contents, contents, fc.constantFrom('write' as const, 'omit' as const), async (old, wanted, zeroBlocks) => {
    let digests = new MemoryJournal(0);
    const openJournal = () => digests = new MemoryJournal(old.length);
    const parent = await seeding.run(imageOf(old), { ...another(), zeroBlocks, openJournal });
    const parentBlockCount = Math.max(0, ...[...digests.held()].map((index) => index + 1));
    const image = imageOf(wanted);
    const before = seeding.calls('PutSnapshotBlock');

    const { snapshotId } = await seeding.run(image, {
      ...another(), zeroBlocks, parent: { snapshotId: parent.snapshotId, digests }, plan: planSeed({ sizeInBytes: image.length, parentBlockCount }),
    });

    const size = Math.max(old.length, wanted.length) * BLOCK_SIZE;
    const found = await seeding.contents(snapshotId, size);
    expect(found.equals(Buffer.concat([image, Buffer.alloc(size - image.length)]))).toBe(true);
    const unequal = Array.from({ length: Math.max(old.length, wanted.length) }, (_, index) => (wanted[index] ?? 0) !== (old[index] ?? 0));
    const absentZeros = zeroBlocks === 'write' ? wanted.filter((content, index) => content === 0 && index >= old.length).length : 0;
    expect(seeding.calls('PutSnapshotBlock') - before).toBe(unequal.filter(Boolean).length + absentZeros);
  }), { numRuns: 15 });
});

test('zeros that are left out are not put, listed, or counted', async () => {
  const { snapshotId, blocksWritten } = await seeding.run(anImage(6 * BLOCK_SIZE, [1, 2, 5]), { zeroBlocks: 'omit' });

  expect(blocksWritten).toBe(3);
  expect((await seeding.transport.list(snapshotId, undefined)).blocks.map(({ index }) => index)).toEqual([0, 3, 4]);
});

test('a run that may be resumed keeps its snapshot, and the next one puts only what the journal lacks', async () => {
  const image = anImage(20 * BLOCK_SIZE);
  const stop = new AbortController();
  const journal = new MemoryJournal(20);
  const options = { openJournal: () => journal, mayResume: () => true };
  const stopped = seeding.run(image, {
    ...options, signal: stop.signal, concurrency: 1, onProgress: ({ blocksWritten }) => blocksWritten === 10 && stop.abort(new Error('stopped')),
  });
  await expect(stopped).rejects.toThrow('stopped');
  expect(seeding.snapshots()).toMatchObject([{ state: 'pending' }]);

  const { snapshotId } = await seeding.run(image, options);

  expect(seeding.snapshots()).toMatchObject([{ id: snapshotId, state: 'completed' }]);
  expect(seeding.calls('PutSnapshotBlock')).toBeLessThanOrEqual(21);
  expect((await seeding.contents(snapshotId, image.length)).equals(image)).toBe(true);
});

test('a network that stays away for longer than a request is tried keeps the snapshot of a run that may be resumed', async () => {
  const image = anImage(6 * BLOCK_SIZE);
  const journal = new MemoryJournal(6);
  const mayResume = (error: unknown) => error instanceof OperationError && mayPass(error.cause);
  const options = { openJournal: () => journal, mayResume, concurrency: 1 };
  seeding.services.control.injectFault({ service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', nth: 4, times: 10_000, error: 'reset' });
  await expect(seeding.run(image, options)).rejects.toThrow(/^PutSnapshotBlock of block 3 failed after \d+ tries/);
  expect(seeding.snapshots()).toMatchObject([{ state: 'pending' }]);
  seeding.services.control.clearFaults();

  const { snapshotId } = await seeding.run(image, options);
  expect(seeding.snapshots()).toMatchObject([{ id: snapshotId, state: 'completed' }]);
});

test('a snapshot that cannot be removed is told', async () => {
  const fault = { service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', times: 99, error: { status: 403, type: 'AccessDeniedException', message: 'no' } } as const;
  seeding.services.control.injectFault(fault);
  seeding.services.control.injectFault({ ...fault, service: 'ec2', operation: 'DeleteSnapshot' });

  await expect(seeding.run(anImage(BLOCK_SIZE))).rejects.toThrow(SnapshotLeftError);
});

test('without waiting, the seed is done when its completion is accepted', async () => {
  await seeding.run(anImage(BLOCK_SIZE), { wait: false });

  expect(seeding.snapshots()).toMatchObject([{ state: 'pending' }]);
  expect(seeding.calls('DescribeSnapshots')).toBe(0);
});

test('a sample reads as many blocks as was said, whichever they are', async () => {
  const image = new MemorySource(anImage(BLOCK_SIZE)).bytes;
  const { snapshotId } = await seeding.run(Buffer.concat(Array.from({ length: 600 }, () => image)), { verify: 'sample', random: () => Math.random() });

  expect(seeding.snapshots()).toMatchObject([{ id: snapshotId, state: 'completed' }]);
  expect(seeding.calls('GetSnapshotBlock')).toBe(blocksReadBack(600, 'sample'));
  expect(blocksReadBack(600, 'sample')).toBeLessThan(600);
});

test('whoever retries says why', async () => {
  const told: string[] = [];
  const retrier = new Retrier({ clock: seeding.clock, onRetry: (_, operation, error) => told.push(`${operation}: ${(error as Error).message}`) });
  let tries = 0;
  await retrier.run('Ask', async () => {
    if (tries++ === 0) {
      throw Object.assign(new Error('busy'), { name: 'ThrottlingException' });
    }
  });
  expect(told).toEqual(['Ask: busy']);
});
