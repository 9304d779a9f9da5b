import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { anImage, BLOCK_SIZE, MARKER, Seeding } from './seeding';
import type { Fault } from '../../local/services';
import { SourceChangedError } from '../../seed/block-source';
import { planSeed } from '../../seed/plan';
import type { SeedProgress } from '../../seed/seed';

let seeding: Seeding;

beforeEach(async () => {
  seeding = await Seeding.start();
});
afterEach(() => seeding.stop());

async function again(ebs?: Parameters<typeof Seeding.start>[0]) {
  await seeding.stop();
  seeding = await Seeding.start(ebs);
}

const throwing = (type: string, status = 400, message = 'the text of the service'): Fault['error'] => ({ status, type, message });
const inject = (operation: string, fault: Partial<Fault> = {}) => seeding.services.control.injectFault({ service: 'ebs', operation, when: 'before', ...fault });

test('the snapshot holds the image, and what is said of it is true', async () => {
  const image = anImage(5 * BLOCK_SIZE + 1, [1, 3]);
  const { snapshotId, ...result } = await seeding.run(image, { concurrency: 2 });
  const padded = Buffer.concat([image, Buffer.alloc(BLOCK_SIZE - 1)]);
  const digests = Array.from({ length: 6 }, (_, index) => createHash('sha256').update(padded.subarray(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE)).digest());
  expect(result).toEqual({
    volumeSize: 1,
    blocksWritten: 6,
    checksum: createHash('sha256').update(Buffer.concat(digests)).digest('base64'),
    seconds: expect.any(Number),
  });
  expect(seeding.snapshots()).toEqual([{ id: snapshotId, state: 'completed' }]);
  expect((await seeding.contents(snapshotId, image.length)).equals(padded)).toBe(true);
});

test('zeros are written too', async () => {
  const { blocksWritten } = await seeding.run(Buffer.alloc(4 * BLOCK_SIZE));
  expect(blocksWritten).toBe(4);
  expect(seeding.calls('PutSnapshotBlock')).toBe(4);
});

test('one block goes alone first, so that what is wrong for all of them costs one request', async () => {
  inject('PutSnapshotBlock', { error: throwing('AccessDeniedException', 403), times: 1_000 });
  await expect(seeding.run(anImage(8 * BLOCK_SIZE), { concurrency: 8 })).rejects.toThrow(/^PutSnapshotBlock of block \d failed: AccessDeniedException/);
  expect(seeding.calls('PutSnapshotBlock')).toBe(1);
  expect(seeding.snapshots()).toEqual([]);
});

test('progress is told from the first phase to the last block', async () => {
  const seen: SeedProgress[] = [];
  await seeding.run(anImage(3 * BLOCK_SIZE), { onProgress: (progress) => seen.push({ ...progress }) });
  expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(['start', 'write', 'complete', 'verify']);
  expect(seen.at(-1)).toMatchObject({ blockCount: 3, blocksWritten: 3, blocksVerified: 3, retries: 0, throttles: 0 });
});

describe('any image, any faults', () => {
  const ends: fc.Arbitrary<Fault['error']> = fc.constantFrom<Fault['error']>(
    'reset', throwing('InternalServerException', 500), throwing('RequestThrottledException'), throwing('ThrottlingException'),
    throwing('ValidationException', 400, 'Failed to read block data'), throwing('AccessDeniedException', 403), throwing('ServiceQuotaExceededException', 402),
    throwing('ValidationException'),
  );
  const faults: fc.Arbitrary<Fault[]> = fc.array(fc.record({
    service: fc.constant('ebs'),
    operation: fc.constantFrom('StartSnapshot', 'PutSnapshotBlock', 'CompleteSnapshot', 'ListSnapshotBlocks', 'GetSnapshotBlock'),
    when: fc.constantFrom('before' as const, 'after' as const),
    nth: fc.integer({ min: 1, max: 8 }),
    times: fc.constantFrom(1, 1, 1, 2, 4, 400),
    error: ends,
  }), { maxLength: 4 });
  const passing: fc.Arbitrary<Fault[]> = fc.array(fc.record({
    service: fc.constant('ec2'),
    operation: fc.constantFrom('DescribeSnapshots', 'DeleteSnapshot'),
    when: fc.constantFrom('before' as const, 'after' as const),
    nth: fc.integer({ min: 1, max: 3 }),
    times: fc.constantFrom(1, 2),
    error: fc.constantFrom<Fault['error']>('reset', throwing('RequestLimitExceeded', 503)),
  }), { maxLength: 2 });
  const sizes = fc.integer({ min: 1, max: 7 * BLOCK_SIZE });

  test('end in a snapshot with its bytes, or in a failure and nothing left', async () => {
    let succeeded = 0;
    let failed = 0;
    let run = 0;
    await fc.assert(fc.asyncProperty(sizes, faults, passing, fc.integer({ min: 1, max: 6 }), async (size, direct, ec2, concurrency) => {
      const { control } = seeding.services;
      control.clearFaults();
      [...direct, ...ec2].forEach((fault) => control.injectFault(fault));
      const image = anImage(size, [2]);
      const marker = { Key: 'run', Value: String(run++) };
      let snapshotId: string | undefined;
      try {
        ({ snapshotId } = await seeding.run(image, { name: marker.Value, marker, concurrency }));
      } catch (error) {
        expect((error as Error).message).toMatch(/ failed( after \d+ tries)?: /);
      }
      control.clearFaults();
      const left = await seeding.transport.find(marker);
      if (snapshotId === undefined) {
        failed++;
        expect(left).toEqual([]);
      } else {
        succeeded++;
        expect(left).toMatchObject([{ snapshotId, state: 'completed' }]);
        expect((await seeding.contents(snapshotId, size)).subarray(0, size).equals(image)).toBe(true);
        await seeding.transport.delete(snapshotId);
      }
    }), { numRuns: 60 });
    expect(succeeded).toBeGreaterThan(0);
    expect(failed).toBeGreaterThan(0);
  });
});

describe('one extra request for each passing fault', () => {
  test.each<[string, Partial<Fault>]>([
    ['a reset before the block was stored', { error: 'reset' }],
    ['a reset after it was stored', { error: 'reset', when: 'after' }],
    ['an internal error', { error: throwing('InternalServerException', 500) }],
    ['a throttled request', { error: throwing('RequestThrottledException') }],
    ['a block that arrived incomplete', { error: throwing('ValidationException', 400, 'Failed to read block data') }],
  ])('%s', async (_, fault) => {
    inject('PutSnapshotBlock', { ...fault, nth: 3 });
    const { snapshotId } = await seeding.run(anImage(6 * BLOCK_SIZE));
    expect(seeding.calls('PutSnapshotBlock')).toBe(7);
    expect(seeding.snapshots()).toEqual([{ id: snapshotId, state: 'completed' }]);
  });
});

test('a snapshot that is not visible at first is waited for', async () => {
  await again({ invisibleForSeconds: 100, snapshotQuotas: {}, accountQuotas: {} });
  const { seconds } = await seeding.run(anImage(2 * BLOCK_SIZE));
  expect(seconds).toBeGreaterThan(100);
});

test('pages that are short or empty are read to their end', async () => {
  await again({ shortPages: true, snapshotQuotas: {}, accountQuotas: {} });
  expect((await seeding.run(anImage(3 * BLOCK_SIZE))).blocksWritten).toBe(3);
  expect(seeding.calls('ListSnapshotBlocks')).toBeGreaterThan(1);
});

describe('a lost answer', () => {
  test.each(['StartSnapshot', 'CompleteSnapshot'])('to %s makes no second snapshot', async (operation) => {
    inject(operation, { when: 'after', error: 'reset' });
    const { snapshotId } = await seeding.run(anImage(2 * BLOCK_SIZE));
    expect(seeding.snapshots()).toEqual([{ id: snapshotId, state: 'completed' }]);
  });

  test('to every StartSnapshot leaves nothing: the snapshot is found by its tag', async () => {
    inject('StartSnapshot', { when: 'after', error: 'reset', times: 1_000 });
    await expect(seeding.run(anImage(1))).rejects.toThrow('StartSnapshot failed after');
    expect(seeding.snapshots()).toEqual([]);
  });
});

describe('a seed that is run again', () => {
  const image = anImage(3 * BLOCK_SIZE);

  test('after it was done ends in the same snapshot, without a block put twice', async () => {
    const first = await seeding.run(image);
    const second = await seeding.run(image);
    expect(second).toEqual({ ...first, seconds: expect.any(Number) });
    expect(seeding.calls('PutSnapshotBlock')).toBe(3);
  });

  test('while the first is at work ends in the same snapshot', async () => {
    const [first, second] = await Promise.all([seeding.run(image), seeding.run(image)]);
    expect(second.snapshotId).toBe(first.snapshotId);
    expect(seeding.snapshots()).toEqual([{ id: first.snapshotId, state: 'completed' }]);
  });

  test('after a run was killed in the middle takes its snapshot over', async () => {
    // A run that never comes back: it hangs in its third block.
    const stuck = new Promise<void>(() => undefined);
    let puts = 0;
    const killed = Object.assign(Object.create(seeding.transport) as typeof seeding.transport, {
      put: (...args: Parameters<typeof seeding.transport.put>) => (puts++ < 2 ? seeding.transport.put(...args) : stuck),
    });
    void seeding.run(image, { transport: killed, concurrency: 1 });
    while (puts < 3) {
      await new Promise(setImmediate);
    }
    const [{ id }] = seeding.snapshots();
    expect((await seeding.run(image)).snapshotId).toBe(id);
    expect(seeding.snapshots()).toEqual([{ id, state: 'completed' }]);
  });

  test('after the service gave its snapshot up starts another one', async () => {
    await seeding.transport.start({ volumeSize: 1, clientToken: await tokenOf(image), tags: [MARKER], timeout: 60 });
    const [{ id }] = seeding.snapshots();
    seeding.services.clock.advance(3_601);
    const { snapshotId } = await seeding.run(image);
    expect(snapshotId).not.toBe(id);
    expect(seeding.snapshots()).toEqual([{ id: snapshotId, state: 'completed' }]);
  });

  test('after its snapshot was deleted starts another one', async () => {
    const { snapshotId: gone } = await seeding.run(image);
    await seeding.transport.delete(gone);
    await seeding.clock.sleep(60_000);
    const { snapshotId } = await seeding.run(image);
    expect(snapshotId).not.toBe(gone);
    expect(seeding.snapshots()).toEqual([{ id: snapshotId, state: 'completed' }]);
  });

  test('with another image is refused: the token was given for the first', async () => {
    await seeding.run(image);
    await expect(seeding.run(image, { description: 'another one' })).rejects.toThrow('the same client token was used with other parameters');
  });

  /** The token that the engine sends first. */
  async function tokenOf(bytes: Buffer): Promise<string> {
    let token = '';
    const spy = Object.assign(Object.create(seeding.transport) as typeof seeding.transport, {
      start: async (request: { clientToken: string }) => {
        token = request.clientToken;
        throw Object.assign(new Error('not now'), { name: 'AccessDeniedException' });
      },
    });
    await expect(seeding.run(bytes, { transport: spy })).rejects.toThrow('not now');
    return token;
  }
});

describe('nothing is left behind', () => {
  test('when the run is stopped', async () => {
    const stop = new AbortController();
    const running = seeding.run(anImage(6 * BLOCK_SIZE), {
      signal: stop.signal,
      onProgress: ({ blocksWritten }) => {
        if (blocksWritten === 2) {
          stop.abort(new Error('the time is up'));
        }
      },
    });
    await expect(running).rejects.toThrow('the time is up');
    expect(seeding.snapshots()).toEqual([]);
  });

  test('when nobody wants the seed any more, before the start and after it', async () => {
    let asked = 0;
    const gone = async () => {
      throw new Error('the execution was stopped');
    };
    await expect(seeding.run(anImage(1), { assertWanted: gone })).rejects.toThrow('the execution was stopped');
    expect(seeding.calls('StartSnapshot')).toBe(0);
    const goneAfterwards = () => (asked++ === 0 ? Promise.resolve() : gone());
    await expect(seeding.run(anImage(1), { assertWanted: goneAfterwards })).rejects.toThrow('the execution was stopped');
    expect(seeding.calls('StartSnapshot')).toBe(1);
    expect(seeding.snapshots()).toEqual([]);
  });

  test('when the image changes under the run', async () => {
    const image = anImage(4 * BLOCK_SIZE);
    const source = {
      sizeInBytes: image.length,
      readBlock: async (index: number) => {
        if (index === 2) {
          throw new SourceChangedError('the object is another one');
        }
      },
      close: async () => undefined,
    };
    await expect(seeding.run(image, { source })).rejects.toThrow('the object is another one');
    expect(seeding.snapshots()).toEqual([]);
  });

  test('when what reads back is not what was written', async () => {
    const image = anImage(4 * BLOCK_SIZE);
    const other = Buffer.alloc(BLOCK_SIZE, 1);
    const damaged = Object.assign(Object.create(seeding.transport) as typeof seeding.transport, {
      read: async (...args: Parameters<typeof seeding.transport.read>) => (args[1].index === 2 ? { data: [other] } : seeding.transport.read(...args)),
    });
    await expect(seeding.run(image, { transport: damaged })).rejects.toThrow('block 2 of snapshot');
    expect(seeding.snapshots()).toEqual([]);
  });

  test.each<[string, (blocks: { index: number; token: string }[]) => object[], string]>([
    ['lacks a block', (blocks) => blocks.filter(({ index }) => index !== 1), 'lists block 2 where block 1 was expected'],
    ['lacks the last block', (blocks) => blocks.slice(0, -1), 'does not list block 2, which was written'],
    ['has one too many', (blocks) => [...blocks, { index: 9, token: 'A' }], 'lists block 9, which was not written'],
    ['is out of order', (blocks) => [...blocks].reverse(), 'lists block 2 where block 0 was expected'],
  ])('when the list %s', async (_, change, message) => {
    const lying = Object.assign(Object.create(seeding.transport) as typeof seeding.transport, {
      list: async (...args: Parameters<typeof seeding.transport.list>) => ({ blocks: change([...(await seeding.transport.list(...args)).blocks]) }),
    });
    await expect(seeding.run(anImage(3 * BLOCK_SIZE), { transport: lying })).rejects.toThrow(message);
    expect(seeding.snapshots()).toEqual([]);
  });

  test('or the failure says what is', async () => {
    inject('PutSnapshotBlock', { error: throwing('AccessDeniedException', 403) });
    seeding.services.control.injectFault({ service: 'ec2', operation: 'DeleteSnapshot', when: 'before', error: throwing('UnauthorizedOperation', 403), times: 9 });
    await expect(seeding.run(anImage(1))).rejects.toThrow(/AccessDeniedException.*its snapshot could not be deleted either: DeleteSnapshot of snap-\w+ failed/);
  });
});

test('the plan says how large the volume is', async () => {
  const image = anImage(1);
  expect((await seeding.run(image, { plan: planSeed({ sizeInBytes: 1, volumeSize: 7 }) })).volumeSize).toBe(7);
});
