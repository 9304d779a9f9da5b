import type { Retrier } from './retrier';
import type { SnapshotTransport, Tag } from './snapshot-transport';

/** Milliseconds for each request. */
const BUDGET = 30_000;

/** Goes on when the seed was stopped, because then it is needed most. Content if the snapshot is gone. */
export async function deleteSnapshot(transport: SnapshotTransport, retrier: Retrier, snapshotId: string): Promise<void> {
  await retrier.run(`DeleteSnapshot of ${snapshotId}`, () => transport.delete(snapshotId), { budget: BUDGET });
}

/** Deletes what carries the marker of a seed, and those that are known without it: a new snapshot is not found at once. Answers which. */
export async function deleteSnapshots(transport: SnapshotTransport, retrier: Retrier, marker: Tag, ...known: string[]): Promise<string[]> {
  const found = await retrier.run('DescribeSnapshots', () => transport.find(marker), { budget: BUDGET });
  const all = [...new Set([...known, ...found.map((snapshot) => snapshot.snapshotId)])];
  for (const snapshotId of all) {
    await deleteSnapshot(transport, retrier, snapshotId);
  }
  return all;
}
