import { createHash, randomUUID } from 'node:crypto';
import type {
  CompleteSnapshotRequest, CompleteSnapshotResponse, PutSnapshotBlockRequest, PutSnapshotBlockResponse, StartSnapshotRequest, StartSnapshotResponse,
} from '@aws-sdk/client-ebs';
import { BLOCK_SIZE } from './block-store';
import { rememberParent } from './lineage';
import { invalid, noSuchSnapshot } from './refusal';
import type { Store } from './store';
import { encryptsByDefault, keyArnByDefault } from '../encryption-by-default';
import { ServiceError } from '../errors';
import type { Context, Given } from '../service';
import { newSnapshotId, snapshotsOf, stateOf, NO_VOLUME, type Snapshot } from '../snapshots';
import type { Collection } from '../state/state';

export const BLOCKS_PER_GIBIBYTE = 2_048;

const MINUTE = 60_000;
const DEFAULT_TIMEOUT = 60;
const PENDING_SNAPSHOTS = 100;
/** Milliseconds of the clock from CompleteSnapshot to `completed`. */
const COMPLETION_TIME = 1_500;
/** The time at which a snapshot is given up moves with every block; the state learns of it in steps. */
const STEP = 10_000;

/** What the direct APIs know of a snapshot beyond what EC2 shows. */
interface DirectSnapshot {
  /** Minutes. */
  readonly timeout: number;
}

interface StartRecord {
  readonly snapshotId: string;
  /** What was asked for. */
  readonly request: string;
  readonly startTime: number;
  readonly answer: StartSnapshotResponse;
}

const directSnapshots = ({ state }: Context): Collection<DirectSnapshot> => state.collection('ebs-snapshots');
const startRecords = ({ state }: Context): Collection<StartRecord> => state.collection('ebs-client-tokens');

export function startSnapshot(store: Store, input: Given<StartSnapshotRequest>, context: Context): StartSnapshotResponse {
  store.throttle.admit('StartSnapshot', context.account);
  const { ClientToken: token = randomUUID(), ...rest } = input;
  const request = JSON.stringify(Object.entries(rest).sort());
  const known = startRecords(context).get(token);
  if (known) {
    return replay(known, request, context);
  }
  const parent = input.ParentSnapshotId === undefined ? undefined : parentOf(input, input.ParentSnapshotId, context);
  assertEncryption(input, context);
  assertTags(input);
  assertPendingQuota(context);

  const now = context.clock.time();
  const timeout = input.Timeout ?? DEFAULT_TIMEOUT;
  const encrypted = input.Encrypted ?? parent?.encrypted ?? encryptsByDefault(context);
  const snapshot: Snapshot = {
    snapshotId: newSnapshotId(),
    ownerId: context.account,
    description: input.Description ?? '',
    volumeSize: input.VolumeSize,
    startTime: now,
    state: 'pending',
    failsAt: now + timeout * MINUTE,
    tags: (input.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })),
    encrypted,
    ...(encrypted && { kmsKeyId: input.KmsKeyArn ?? parent?.kmsKeyId ?? keyArnByDefault(context) }),
    volumeId: NO_VOLUME,
    ...(parent && { parentSnapshotId: parent.snapshotId }),
  };
  store.removeOrphans(context);
  snapshotsOf(context.state).put(snapshot.snapshotId, snapshot);
  directSnapshots(context).put(snapshot.snapshotId, { timeout });
  if (parent) {
    rememberParent(context.state, snapshot.snapshotId, parent.snapshotId);
  }
  const answer: StartSnapshotResponse = {
    SnapshotId: snapshot.snapshotId,
    OwnerId: context.account,
    Status: 'pending',
    VolumeSize: input.VolumeSize,
    BlockSize: BLOCK_SIZE,
    ...(input.Description !== undefined && { Description: input.Description }),
    ...(snapshot.tags.length > 0 && { Tags: [...snapshot.tags] }),
    ...(parent && { ParentSnapshotId: parent.snapshotId }),
    ...(snapshot.kmsKeyId !== undefined && { KmsKeyArn: snapshot.kmsKeyId }),
  };
  startRecords(context).put(token, { snapshotId: snapshot.snapshotId, request, startTime: now, answer });
  return { ...answer, StartTime: new Date(now) };
}

export function putSnapshotBlock(
  store: Store, input: Omit<Given<PutSnapshotBlockRequest>, 'BlockData'> & { BlockData: Buffer }, context: Context,
): PutSnapshotBlockResponse {
  const { SnapshotId: snapshotId, BlockIndex: index, BlockData: block } = input;
  store.throttle.admit('PutSnapshotBlock', context.account, snapshotId);
  const snapshot = writable(store, snapshotId, context);
  if (index >= snapshot.volumeSize * BLOCKS_PER_GIBIBYTE) {
    throw invalid('INVALID_BLOCK', `The block index ${index} is beyond the end of a volume of ${snapshot.volumeSize} GiB.`);
  }
  if (block.length !== BLOCK_SIZE) {
    throw invalid('INVALID_BLOCK', 'Failed to read block data');
  }
  const digest = createHash('sha256').update(block).digest();
  if (digest.toString('base64') !== input.Checksum) {
    throw invalid('INVALID_BLOCK', 'The checksum of the block does not match its data.');
  }
  store.blocks.of(snapshotId).write(index, block, digest);
  postpone(snapshot, context);
  return { Checksum: input.Checksum, ChecksumAlgorithm: 'SHA256' };
}

export function completeSnapshot(store: Store, input: Given<CompleteSnapshotRequest>, context: Context): CompleteSnapshotResponse {
  const { SnapshotId: snapshotId } = input;
  store.throttle.admit('CompleteSnapshot', context.account, snapshotId);
  const snapshot = writable(store, snapshotId, context);
  const blocks = store.blocks.of(snapshotId);
  if (input.ChangedBlocksCount !== blocks.size) {
    throw invalid('INVALID_PARAMETER_VALUE', `ChangedBlocksCount is ${input.ChangedBlocksCount}, but ${blocks.size} blocks were written.`);
  }
  if (input.Checksum !== undefined) {
    if (input.ChecksumAlgorithm === undefined || input.ChecksumAggregationMethod === undefined) {
      throw invalid('INVALID_PARAMETER_VALUE', 'A checksum needs ChecksumAlgorithm and ChecksumAggregationMethod.');
    }
    const hash = createHash('sha256');
    for (const index of blocks.indices()) {
      hash.update(blocks.digest(index));
    }
    if (hash.digest('base64') !== input.Checksum) {
      throw invalid('INVALID_PARAMETER_VALUE', 'The aggregated checksum does not match the checksums of the blocks.');
    }
  }
  snapshotsOf(context.state).put(snapshotId, { ...snapshot, failsAt: undefined, completesAt: context.clock.time() + COMPLETION_TIME });
  return { Status: 'pending' };
}

/** The original answer, with what has become of the snapshot since. */
function replay({ snapshotId, request, startTime, answer }: StartRecord, repeated: string, context: Context): StartSnapshotResponse {
  if (request !== repeated) {
    throw new ServiceError(409, 'ConflictException', 'The client token was used before with other parameters.');
  }
  const snapshot = snapshotsOf(context.state).get(snapshotId);
  return {
    ...answer,
    ...(snapshot && { Status: stateOf(snapshot, context.clock) }),
    StartTime: new Date(startTime),
  };
}

function parentOf(input: Given<StartSnapshotRequest>, parentSnapshotId: string, context: Context): Snapshot {
  const parent = snapshotsOf(context.state).get(parentSnapshotId);
  if (!parent) {
    throw noSuchSnapshot(parentSnapshotId);
  }
  if (input.Encrypted !== undefined || input.KmsKeyArn !== undefined) {
    throw invalid('INVALID_PARAMETER_VALUE', 'Encrypted and KmsKeyArn cannot be specified together with ParentSnapshotId.');
  }
  if (!parent.encrypted && encryptsByDefault(context)) {
    const message = `The parent snapshot '${parentSnapshotId}' is not encrypted, and the account encrypts by default: an encrypted copy must be made of it first.`;
    throw invalid('INVALID_DEPENDENCY_REQUEST', message);
  }
  if (stateOf(parent, context.clock) !== 'completed') {
    throw invalid('INVALID_DEPENDENCY_REQUEST', `The parent snapshot '${parentSnapshotId}' is not completed.`);
  }
  if (input.VolumeSize < parent.volumeSize) {
    throw invalid('INVALID_VOLUME_SIZE', `The volume size must be at least ${parent.volumeSize} GiB, the size of the parent snapshot.`);
  }
  return parent;
}

function assertEncryption({ Encrypted, KmsKeyArn }: Given<StartSnapshotRequest>, context: Context): void {
  if (Encrypted === false && encryptsByDefault(context)) {
    throw invalid('INVALID_PARAMETER_VALUE', 'Encrypted cannot be false in an account that encrypts by default.');
  }
  if (KmsKeyArn !== undefined && Encrypted !== true) {
    throw invalid('INVALID_CUSTOMER_KEY', 'KmsKeyArn can be specified for an encrypted snapshot only.');
  }
}

function assertTags({ Tags = [] }: Given<StartSnapshotRequest>): void {
  const keys = Tags.map(({ Key = '' }) => Key);
  const reserved = keys.find((key) => key.startsWith('aws:'));
  if (reserved !== undefined) {
    throw invalid('INVALID_TAG', `Tag keys beginning with aws: are reserved, got '${reserved}'.`);
  }
  if (new Set(keys).size < keys.length) {
    throw invalid('INVALID_TAG', 'Tag keys must be unique.');
  }
}

function assertPendingQuota(context: Context): void {
  const pending = snapshotsOf(context.state).values().filter((snapshot) => snapshot.failsAt !== undefined && stateOf(snapshot, context.clock) === 'pending');
  if (pending.length >= PENDING_SNAPSHOTS) {
    const message = `The account has ${PENDING_SNAPSHOTS} pending snapshots, the most that it may have.`;
    throw new ServiceError(402, 'ServiceQuotaExceededException', message, { reason: 'DEPENDENCY_SERVICE_QUOTA_EXCEEDED' });
  }
}

function writable(store: Store, snapshotId: string, context: Context): Snapshot {
  const snapshot = snapshotsOf(context.state).get(snapshotId);
  if (!snapshot || !directSnapshots(context).has(snapshotId) || context.clock.time() < snapshot.startTime + store.invisibleFor) {
    throw noSuchSnapshot(snapshotId);
  }
  const state = stateOf(snapshot, context.clock);
  if (state !== 'pending' || snapshot.completesAt !== undefined) {
    throw invalid('INVALID_SNAPSHOT_ID', `The snapshot '${snapshotId}' cannot be written to: it is ${state === 'pending' ? 'being completed' : state}.`);
  }
  return snapshot;
}

function postpone(snapshot: Snapshot, context: Context): void {
  const timeout = directSnapshots(context).get(snapshot.snapshotId)?.timeout ?? DEFAULT_TIMEOUT;
  const failsAt = context.clock.time() + timeout * MINUTE;
  if (failsAt > (snapshot.failsAt ?? 0) + STEP) {
    snapshotsOf(context.state).put(snapshot.snapshotId, { ...snapshot, failsAt });
  }
}
