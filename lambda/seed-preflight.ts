import { DescribeSnapshotsCommand, EC2Client, GetEbsEncryptionByDefaultCommand, type Snapshot } from '@aws-sdk/client-ec2';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CLIENT_CONFIG, patient, patiently } from './client';
import type { Request } from './handler';
import { DIGEST_RECORD_SIZE, digestsKey, type SeedIdentity, type SeedInput } from './seed/execution';
import { assertRaw, TAIL_SIZE } from '../seed/image-format';
import { planSeed } from '../seed/plan';
import { pinObject, type PinnedObject } from '../seed/s3-source';
import { DEFAULT_WORKERS, effectiveWorkers, MAX_PUTS_PER_SECOND, refuseSeed } from '../src/private/seed-estimate';

type Type = 'Custom::EBSSnapshotSeed';
type Properties = Request<Type>['properties'];

const s3 = new S3Client(CLIENT_CONFIG);
const objects = patient(new S3Client(CLIENT_CONFIG));
const ec2 = patient(new EC2Client(CLIENT_CONFIG));

/** The longest tag value that StartSnapshot takes. */
export const LONGEST_TAG_VALUE = 255;

const VERIFICATIONS = { FULL: 'full', NONE: 'none', SAMPLE: 'sample' } as const;

const WAY_WITHOUT_PARENT = 'leave \'parent\' out and write the image whole';

/** Looks whether the seed can succeed. Reads only; everything that would fail after minutes fails here. */
export async function preflight({ properties, owner, tags }: Request<Type>): Promise<SeedInput> {
  const { SourceBucket: bucket, SourceKey: key, VolumeSize, KmsKeyArn, ZeroBlocks = 'WRITE', ParentSnapshotId, JournalBucket } = properties;
  const verify = (properties.Verify ?? 'FULL') as keyof typeof VERIFICATIONS;
  if (JournalBucket === undefined) {
    throw new Error('the stack was synthesized by an older version of cdk-storage-gateway than its functions have: deploy it anew');
  }
  const { object, head } = await pin(bucket, key, properties.SourceVersionId);
  assertRaw(`s3://${bucket}/${key}`, head, await tailOf(object));
  const { sizeInBytes } = object;
  const { volumeSize, blockCount } = planSeed({ sizeInBytes, volumeSize: VolumeSize === undefined ? undefined : Number(VolumeSize) });
  const parent = ParentSnapshotId === undefined ? undefined : await parentOf(ParentSnapshotId, JournalBucket, volumeSize);
  await checkEncryption(ZeroBlocks, KmsKeyArn, parent);
  const pace = {
    maxPutsPerSecond: Number(properties.MaxPutsPerSecond ?? MAX_PUTS_PER_SECOND),
    workers: Number(properties.Workers ?? DEFAULT_WORKERS),
  };
  const refusal = refuseSeed({
    ...pace,
    blockCount: Math.max(blockCount, parent?.blockCount ?? 0),
    sparing: ZeroBlocks === 'OMIT' ? 'zeros' : parent && 'parent',
    verify,
    waitForCompletion: properties.WaitForCompletion !== 'false',
  });
  if (refusal !== undefined) {
    throw new Error(`image s3://${bucket}/${key} ${refusal}`);
  }
  return {
    identity: identityOf(properties),
    source: object,
    volumeSize,
    description: properties.Description,
    kmsKeyArn: KmsKeyArn,
    zeroBlocks: ZeroBlocks === 'OMIT' ? 'omit' : 'write',
    parent: parent && { snapshotId: parent.snapshotId, blockCount: parent.blockCount },
    verify: VERIFICATIONS[verify],
    requestsPerSecond: pace.maxPutsPerSecond,
    workers: effectiveWorkers(pace),
    journalBucket: JournalBucket,
    owner: owner.Value,
    tags: tags.map(({ Key, Value }) => ({ Key, Value: Value.slice(0, LONGEST_TAG_VALUE) })),
  };
}

export function identityOf({ SourceBucket, SourceKey, SourceVersionId, VolumeSize, KmsKeyArn, ZeroBlocks }: Properties): SeedIdentity {
  return { SourceBucket, SourceKey, SourceVersionId, VolumeSize, KmsKeyArn, ZeroBlocks: ZeroBlocks as SeedIdentity['ZeroBlocks'] };
}

async function pin(bucket: string, key: string, versionId?: string): Promise<{ object: PinnedObject; head: Buffer }> {
  try {
    return await patiently('GetObject', () => pinObject(s3, bucket, key, versionId));
  } catch (error) {
    // An object without bytes has no range.
    const reason = error instanceof Error && error.name === 'InvalidRange' ? 'it is empty' : error instanceof Error ? error.message : String(error);
    throw new Error(`image s3://${bucket}/${key}${versionId === undefined ? '' : ` (version ${versionId})`} cannot be read: ${reason}`, { cause: error });
  }
}

async function tailOf({ bucket, key, versionId, etag, sizeInBytes }: PinnedObject): Promise<Uint8Array> {
  const Range = `bytes=${Math.max(0, sizeInBytes - TAIL_SIZE)}-${sizeInBytes - 1}`;
  return patiently('GetObject', async () => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, IfMatch: etag, Range }));
    return await Body?.transformToByteArray() ?? new Uint8Array();
  });
}

interface Parent {
  readonly snapshotId: string;
  readonly blockCount: number;
  readonly encrypted: boolean;
}

async function parentOf(snapshotId: string, journalBucket: string, volumeSize: number): Promise<Parent> {
  const { State, VolumeSize = 0, Encrypted = false } = await describe(snapshotId);
  if (State !== 'completed') {
    const way = State === 'pending' ? `deploy again when it is, or ${WAY_WITHOUT_PARENT}` : WAY_WITHOUT_PARENT;
    throw new Error(`the parent ${snapshotId} must be completed, it is ${State}: ${way}`);
  }
  if (VolumeSize > volumeSize) {
    throw new Error(`the parent ${snapshotId} has ${VolumeSize} GiB, more than the ${volumeSize} of this snapshot: raise 'volumeSize' to ${VolumeSize} GiB`);
  }
  return { snapshotId, blockCount: await digestsOf(snapshotId, journalBucket), encrypted: Encrypted };
}

async function describe(snapshotId: string): Promise<Snapshot> {
  const { Snapshots: [snapshot] = [] } = await ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'snapshot-id', Values: [snapshotId] }], OwnerIds: ['self'] }));
  if (!snapshot) {
    throw new Error(`the parent ${snapshotId} does not exist (any more): ${WAY_WITHOUT_PARENT}`);
  }
  return snapshot;
}

/** How many blocks' digests are stored of a snapshot. */
async function digestsOf(snapshotId: string, bucket: string): Promise<number> {
  const key = digestsKey(snapshotId);
  const { Contents = [] } = await objects.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 }));
  const found = Contents.find(({ Key }) => Key === key);
  if (found?.Size === undefined) {
    throw new Error(`the digests of the parent ${snapshotId} are not in the stack's bucket (s3://${bucket}/${key}): ${WAY_WITHOUT_PARENT}`);
  }
  return found.Size / DIGEST_RECORD_SIZE;
}

/** What is not written of an encrypted snapshot does not read as zeros. And EBS starts no encrypted snapshot from an unencrypted one. */
async function checkEncryption(zeroBlocks: string, kmsKeyArn: string | undefined, parent: Parent | undefined): Promise<void> {
  const why = kmsKeyArn !== undefined ? 'it has a key' : parent?.encrypted ? `its parent ${parent.snapshotId} is encrypted` : undefined;
  const inDoubt = why === undefined && (zeroBlocks === 'OMIT' || parent !== undefined);
  const byDefault = inDoubt && (await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault === true;
  if (parent !== undefined && byDefault) {
    throw new Error(`the parent ${parent.snapshotId} is not encrypted, and the account encrypts by default: ${WAY_WITHOUT_PARENT}`);
  }
  if (zeroBlocks === 'OMIT' && (why !== undefined || byDefault)) {
    const because = why ?? 'the account encrypts by default';
    throw new Error(`'zeroBlocks' must be WRITE, because the snapshot will be encrypted since ${because}, and what an encrypted snapshot lacks does not read as zeros`);
  }
}
