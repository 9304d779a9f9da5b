import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { forgetDigests, storedSnapshots } from './journal-directory';
import { clientConfiguration } from '../seed/sdk-client';

/** Values that one filter of EC2 takes. */
const MOST = 200;

/** Digests are kept for later deltas, until their snapshots are gone. */
export async function forgetGoneSnapshots(directory: string, scope: string): Promise<void> {
  const stored = storedSnapshots(directory, scope).slice(0, MOST);
  if (stored.length === 0) {
    return;
  }
  const ec2 = new EC2Client(clientConfiguration(1));
  try {
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'snapshot-id', Values: stored }] }));
    const present = new Set(Snapshots.map(({ SnapshotId }) => SnapshotId));
    stored.filter((id) => !present.has(id)).forEach((id) => forgetDigests(directory, scope, id));
  } finally {
    ec2.destroy();
  }
}
