import { DeleteSnapshotCommand, DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import { CreateSnapshotCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { clock } from './clock';
import { isGone, isInDoubt, unlessGone } from './errors';
import type { Request } from './handler';
import { REQUEST } from './tags';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));
const ec2 = patient(new EC2Client(CLIENT_CONFIG));

/** Snapshots take no token. Of this one there is one for each deletion of a volume, so its description and the request find it again. */
const descriptionOf = (volumeArn: string) => `final snapshot of ${volumeArn.split('/').slice(-3).join('/')}`;

/** A snapshot that was just started may not be listed yet. */
const LISTED_AFTER_SECONDS = 5;
const TRIES = 5;

export async function startFinalSnapshot(volumeArn: string, { requestId, tags }: Pick<Request<'Custom::StorageGatewayCachedVolume'>, 'requestId' | 'tags'>): Promise<void> {
  for (let tries = 1; (await finalSnapshots(volumeArn, requestId)).length === 0; tries++) {
    try {
      await client.send(new CreateSnapshotCommand({ VolumeARN: volumeArn, SnapshotDescription: descriptionOf(volumeArn), Tags: tags }));
      return;
    } catch (error) {
      if (isGone(error)) {
        return; // so is what it would hold
      }
      if (!isInDoubt(error) || tries === TRIES) {
        const text = error instanceof Error ? error.message : String(error);
        throw new Error(`no final snapshot of volume ${volumeArn} could be taken, so it is not deleted (${text}): see to the volume, or give up the snapshot`, {
          cause: error,
        });
      }
      await clock.sleep(LISTED_AFTER_SECONDS * 1000);
    }
  }
}

/** Of two, which one event made that was delivered twice at the same time, the earlier is kept. */
export async function isFinalSnapshotComplete(volumeArn: string, requestId: string): Promise<boolean> {
  const [first, ...others] = await finalSnapshots(volumeArn, requestId);
  if (first?.State !== 'completed') {
    return false;
  }
  for (const { SnapshotId } of others) {
    await unlessGone(() => ec2.send(new DeleteSnapshotCommand({ SnapshotId })));
  }
  return true;
}

/**
 * The earliest first. One that failed counts for nothing, and neither does one of an earlier deletion, which failed in the end: it does not hold
 * what was written since.
 */
async function finalSnapshots(volumeArn: string, requestId: string): Promise<Snapshot[]> {
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({
    OwnerIds: ['self'],
    Filters: [{ Name: 'description', Values: [descriptionOf(volumeArn)] }, { Name: `tag:${REQUEST}`, Values: [requestId] }],
  }));
  const order = ({ StartTime, SnapshotId = '' }: Snapshot) => `${StartTime?.toISOString()} ${SnapshotId}`;
  return Snapshots.filter(({ State }) => State !== 'error').sort((one, other) => order(one).localeCompare(order(other)));
}
