import { VirtualClock } from './virtual-clock';
import { BLOCK_SIZE, ZEROS_DIGEST } from '../../seed/block';
import { BlockPutter } from '../../seed/block-putter';
import { Limiter } from '../../seed/limiter';
import { Retrier } from '../../seed/retrier';
import type { SnapshotTransport } from '../../seed/snapshot-transport';

const BLOCK = Buffer.alloc(BLOCK_SIZE);
const { signal } = new AbortController();

/** Puts go nowhere. */
function putter(put: SnapshotTransport['put']): BlockPutter {
  const clock = new VirtualClock();
  const transport = { put } as SnapshotTransport;
  return new BlockPutter({ transport, snapshotId: 'snap-0', retrier: new Retrier({ clock }), limiter: new Limiter({ clock }) });
}

test('the first block is put alone, whichever it is; the others follow when it is stored', async () => {
  const sent: number[] = [];
  let store: () => void = () => undefined;
  const stored = new Promise<void>((resolve) => (store = resolve));
  const { put } = putter(async (_, index) => {
    sent.push(index);
    await stored;
    return undefined;
  });

  const all = [7, 3, 5].map((index) => put(index, BLOCK, ZEROS_DIGEST, signal));
  await new Promise(setImmediate);
  expect(sent).toEqual([7]);
  store();
  await Promise.all(all);

  expect(sent).toEqual([7, 3, 5]);
});

test('what is wrong for all blocks costs one request', async () => {
  let requests = 0;
  const { put } = putter(async () => {
    requests++;
    throw Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' });
  });

  const all = await Promise.allSettled([7, 3, 5].map((index) => put(index, BLOCK, ZEROS_DIGEST, signal)));

  expect(requests).toBe(1);
  expect(all.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(Array(3).fill(expect.stringContaining('PutSnapshotBlock of block 7 failed')));
});

test('a checksum that is not the block\'s is refused', async () => {
  const { put } = putter(async () => 'another');

  await expect(put(0, BLOCK, ZEROS_DIGEST, signal)).rejects.toThrow('PutSnapshotBlock of block 0 was answered with the checksum another');
});
