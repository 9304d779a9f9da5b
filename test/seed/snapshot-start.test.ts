import { MARKER, Seeding } from './seeding';
import { OperationError, Retrier } from '../../seed/retrier';
import { startSnapshot, type SnapshotStartOptions, type UsableSnapshot } from '../../seed/snapshot-start';

let seeding: Seeding;
beforeEach(async () => (seeding = await Seeding.start()));
afterEach(() => seeding.stop());

const start = <T>(use: (snapshot: UsableSnapshot) => Promise<T>, more: Partial<SnapshotStartOptions> = {}) => startSnapshot({
  transport: seeding.transport,
  name: 'the-seed',
  marker: MARKER,
  volumeSize: 1,
  clock: seeding.clock,
  retrier: new Retrier({ clock: seeding.clock }),
  ...more,
}, use);
const idOf = async ({ snapshotId }: UsableSnapshot) => snapshotId;

test('the same seed is started twice and has one snapshot', async () => {
  expect(await start(idOf)).toBe(await start(idOf));
  expect(seeding.snapshots()).toHaveLength(1);
});

test('a snapshot that was deleted since is followed by another one, when its absence shows', async () => {
  const first = await start(idOf);
  await seeding.transport.delete(first);
  seeding.services.clock.advance(600);
  await seeding.clock.sleep(600_000);

  const second = await start(async ({ snapshotId }) => {
    if (snapshotId === first) {
      throw new OperationError('PutSnapshotBlock of block 0', 1, Object.assign(new Error('gone'), { name: 'ResourceNotFoundException', Reason: 'SNAPSHOT_NOT_FOUND' }));
    }
    return snapshotId;
  });

  expect(second).not.toBe(first);
  expect(seeding.snapshots().map(({ id }) => id)).toEqual([second]);
});

test('what nobody wants any more is told before it is refused, so that it can be removed', async () => {
  let isWanted = true;
  const told: string[] = [];
  const starting = start(idOf, {
    onStart: () => (isWanted = false),
    onStarted: (snapshotId) => told.push(snapshotId),
    assertWanted: async () => {
      if (!isWanted) {
        throw new Error('the execution is ABORTED');
      }
    },
  });

  await expect(starting).rejects.toThrow('the execution is ABORTED');
  expect(told).toEqual(seeding.snapshots().map(({ id }) => id));
  expect(told).toHaveLength(1);
});
