import { anImage, BLOCK_SIZE, Seeding } from './seeding';
import { MemoryJournal } from '../../seed/journal';
import { Limiter } from '../../seed/limiter';
import { planSeed } from '../../seed/plan';
import { Retrier } from '../../seed/retrier';
import { verifySnapshot, type Verification } from '../../seed/verifier';

/** Blocks 3 and 7 are left out; two shards of four blocks and one of three. */
const image = anImage(11 * BLOCK_SIZE, [3, 7]);
const { shards } = planSeed({ sizeInBytes: image.length, blocksPerShard: 4 });
const HELD = 9;

describe.each([['full pages', false], ['short and empty pages', true]])('over %s', (_, shortPages) => {
  let seeding: Seeding;
  let journal: MemoryJournal;
  let snapshotId: string;

  beforeEach(async () => {
    seeding = await Seeding.start({ shortPages, snapshotQuotas: {}, accountQuotas: {} });
    journal = new MemoryJournal(11);
    ({ snapshotId } = await seeding.run(image, { zeroBlocks: 'omit', verify: 'none', openJournal: () => journal }));
  });
  afterEach(() => seeding.stop());

  /** As the worker of a shard does it, which knows nothing but the blocks of its own. @returns the blocks that were read back */
  async function verifyShard(number: number, verify: Verification = 'full', change: (own: MemoryJournal) => void = () => undefined): Promise<number[]> {
    const { firstBlock, blockCount } = shards[number];
    const own = new MemoryJournal(11);
    for (const index of journal.indices()) {
      if (index >= firstBlock && index < firstBlock + blockCount) {
        own.record(index, journal.digest(index));
      }
    }
    change(own);
    const read: number[] = [];
    await verifySnapshot({
      transport: seeding.transport,
      snapshotId,
      journal: own,
      verify,
      part: { firstBlock, blockCount, isLast: number === shards.length - 1, blocksHeld: HELD },
      random: () => 0.5,
      retrier: new Retrier({ clock: seeding.clock }),
      limiter: new Limiter({ clock: seeding.clock }),
      concurrency: 2,
      onBlock: (index) => read.push(index),
    });
    return read.sort((one, other) => one - other);
  }

  test('each shard is read back by itself, and together they are the snapshot', async () => {
    expect(await Promise.all(shards.map((__, number) => verifyShard(number)))).toEqual([[0, 1, 2], [4, 5, 6], [8, 9, 10]]);
  });

  test('of a small snapshot the sample is all of it', async () => {
    expect(await verifyShard(1, 'sample')).toEqual([4, 5, 6]);
  });

  test('a block that is listed without having been written is found by the shard that it belongs to', async () => {
    const forget = (own: MemoryJournal) => own.record(5, Buffer.alloc(32), 'omitted');

    await expect(verifyShard(1, 'full', forget)).rejects.toThrow(`snapshot ${snapshotId} lists block 5 where block 6 was expected`);
  });

  test('a block that is written without being listed is found, also where another shard goes on behind it', async () => {
    const invent = (own: MemoryJournal) => own.record(7, Buffer.alloc(32));

    await expect(verifyShard(1, 'full', invent)).rejects.toThrow(`snapshot ${snapshotId} does not list block 7, which was written`);
  });

  test('what is listed behind the last shard is found', async () => {
    const forget = (own: MemoryJournal) => own.record(10, Buffer.alloc(32), 'omitted');

    await expect(verifyShard(2, 'full', forget)).rejects.toThrow(`snapshot ${snapshotId} lists block 10, which was not written`);
  });

  test('other bytes are found by the shard that they belong to', async () => {
    const differ = (own: MemoryJournal) => own.record(8, Buffer.alloc(32));

    await expect(verifyShard(2, 'full', differ)).rejects.toThrow(`block 8 of snapshot ${snapshotId} reads back with other bytes than were written`);
    await expect(verifyShard(1)).resolves.toEqual([4, 5, 6]);
  });
});
