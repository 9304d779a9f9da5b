import { DeleteSnapshotCommand, EC2Client, paginateDescribeSnapshots, type Snapshot } from '@aws-sdk/client-ec2';
import { DeleteObjectsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { CLIENT_CONFIG, patient } from './client';
import { isGone, isNoBucket } from './errors';
import { digestsKey, journalPrefix, nameOf } from './seed/execution';
import { REQUEST } from './tags';
import type { Tag } from '../src/private/contract';

const ec2 = patient(new EC2Client(CLIENT_CONFIG));
const s3 = patient(new S3Client(CLIENT_CONFIG));

/** The snapshots that carry the name of an execution. */
export const snapshotsOf = (execution: string) => snapshotsWith({ Key: REQUEST, Value: nameOf(execution) });

export async function snapshotsWith({ Key, Value }: Tag): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for await (const page of paginateDescribeSnapshots({ client: ec2 }, { OwnerIds: ['self'], Filters: [{ Name: `tag:${Key}`, Values: [Value] }] })) {
    found.push(...page.Snapshots ?? []);
  }
  return found;
}

/**
 * Removes what an execution has made: its snapshot, and in the bucket its journal and the digests. The snapshot goes first, so that a worker
 * that is still at work has nothing more to write down.
 *
 * @param bucket absent where an older version of this library deployed the stack
 * @param snapshotId of a snapshot that somebody may have deleted by hand, whose digests are left
 * @returns whether there was a snapshot
 */
export async function removeRemains(execution: string, bucket: string | undefined, snapshotId?: string): Promise<boolean> {
  const snapshots = await snapshotsOf(execution);
  for (const { SnapshotId } of snapshots) {
    try {
      await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    } catch (error) {
      if (!isGone(error)) {
        throw error;
      }
    }
  }
  if (bucket !== undefined) {
    const digests = [...snapshots.map(({ SnapshotId }) => SnapshotId), snapshotId].filter((id) => id !== undefined).map(digestsKey);
    await removeObjects(bucket, [journalPrefix(execution), ...new Set(digests)]);
  }
  return snapshots.length > 0;
}

async function removeObjects(bucket: string, prefixes: string[]): Promise<void> {
  try {
    for (const Prefix of prefixes) {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
        await removeKeys(bucket, Contents.map(({ Key }) => Key ?? ''));
      }
    }
  } catch (error) {
    if (!isNoBucket(error)) {
      throw error;
    }
  }
}

async function removeKeys(bucket: string, keys: string[]): Promise<void> {
  if (keys.length === 0) {
    return;
  }
  const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
  const { Errors: [first] = [] } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
  if (first) {
    throw Object.assign(new Error(`DeleteObjects: ${first.Key} of ${bucket} cannot be deleted: ${first.Message}`), { code: first.Code });
  }
}
