import { CreateTagsCommand, DeleteSnapshotCommand, DeleteTagsCommand, EC2Client, paginateDescribeSnapshots, type Snapshot } from '@aws-sdk/client-ec2';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand, paginateListExecutions, SFNClient, StartExecutionCommand, StopExecutionCommand, type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { CLIENT_CONFIG, patient, patiently } from './client';
import { clock } from './clock';
import { isGone, isInDoubt } from './errors';
import type { Handler, Request, TagStore } from './handler';
import { nameOf, OUTCOME, readOutcome, type SeedIdentity, type SeedInput, type SeedOutput } from './seed/execution';
import { OWNER, REQUEST, valueOf } from './tags';
import { GIBIBYTE } from '../seed/block';
import { assertRaw, TAIL_SIZE } from '../seed/image-format';
import { planSeed } from '../seed/plan';
import { pinObject, type PinnedObject } from '../seed/s3-source';
import type { Attributes, Tag } from '../src/private/contract';

type Type = 'Custom::EBSSnapshotSeed';

const states = patient(new SFNClient(CLIENT_CONFIG));
const s3 = new S3Client(CLIENT_CONFIG);
const ec2 = patient(new EC2Client(CLIENT_CONFIG));

/**
 * Bytes. What one function can seed within its 15 minutes: of a measured 71.5 MiB/s in and out together, the image passes three times
 * (read, written, read back); two minutes are kept for a cold start, a snapshot that is not visible at first, and its completion.
 * 71.5 MiB/s * 720 s / 3 = 16.8 GiB.
 */
const LARGEST_IMAGE = 16 * GIBIBYTE;

/**
 * Seconds after the stop of an execution in which its worker can still start a snapshot: it looks every three seconds and right before
 * StartSnapshot, whose every try ends after twenty.
 */
const WORKER_STOPS_WITHIN = 60;
const LOOK_EVERY = 3;

/** The longest tag value that StartSnapshot takes. */
const LONGEST_TAG_VALUE = 255;

const snapshotTags: TagStore = {
  async list(id) {
    const [snapshot] = await snapshotsOf(id);
    return tagsOf(snapshot);
  },

  async add(id, tags) {
    for (const { SnapshotId = '' } of await snapshotsOf(id)) {
      await ec2.send(new CreateTagsCommand({ Resources: [SnapshotId], Tags: tags }));
    }
  },

  async remove(id, keys) {
    for (const { SnapshotId = '' } of await snapshotsOf(id)) {
      await ec2.send(new DeleteTagsCommand({ Resources: [SnapshotId], Tags: keys.map((Key) => ({ Key })) }));
    }
  },
};

/** A seed is an execution of the stack's state machine, and the snapshot that carries its name. */
export const snapshotSeed: Handler<Type> = {
  ids: /^arn:[^:]+:states:[^:]+:\d{12}:execution:/,
  deadline: { seconds: 50 * 60, reason: 'a worker runs for 15 minutes at most, and is started three times at most' },
  tags: snapshotTags,

  create: start,

  async attributes(id) {
    const execution = await describe(id);
    if (!execution) {
      return rememberedAttributes(id);
    }
    switch (execution.status) {
      case 'RUNNING':
      case 'PENDING_REDRIVE':
        return undefined;
      case 'SUCCEEDED':
        return attributesOf(JSON.parse(execution.output ?? '{}') as SeedOutput);
      default:
        // The worker removed its snapshot, unless it was killed.
        await removeSnapshots(id);
        throw new Error(`the snapshot was not made: ${causeOf(execution)}`);
    }
  },

  async update(id, request) {
    const wanted = identityOf(request.properties);
    const live = (await inputOf(id))?.identity ?? identityOf(request.oldProperties);
    if (isSame(live, wanted)) {
      return id; // a description is written once, when the snapshot is started
    }
    if (await request.stack.isRollingBack()) {
      const former = await formerSeed(request, wanted);
      if (former !== undefined) {
        return former;
      }
    }
    return start(request);
  },

  async delete(id) {
    const stoppedAt = await stop(id);
    for (;;) {
      const removed = await removeSnapshots(id);
      if (removed > 0 || stoppedAt === undefined || clock.now() >= stoppedAt + WORKER_STOPS_WITHIN * 1000) {
        return;
      }
      await clock.sleep(LOOK_EVERY * 1000);
    }
  },

  async abandoned(request) {
    if (request.failedCreate !== undefined) {
      const execution = executionOf(request, request.failedCreate);
      return await describe(execution) ? [execution] : [];
    }
    const since = await request.stack.operationStart();
    const found: string[] = [];
    for await (const page of paginateListExecutions({ client: states }, { stateMachineArn: request.properties.StateMachineArn })) {
      for (const { executionArn = '', startDate } of page.executions ?? []) {
        // The latest come first.
        if (startDate && startDate < since) {
          return found;
        }
        if ((await inputOf(executionArn))?.owner === request.owner.Value) {
          found.push(executionArn);
        }
      }
    }
    return found;
  },
};

/** Looks whether the seed can succeed, and starts it. The name makes it the same execution each time. */
async function start(request: Request<Type>): Promise<string> {
  const { StateMachineArn: stateMachineArn } = request.properties;
  const name = request.requestId;
  const executionArn = executionOf(request, name);
  const input = JSON.stringify(await preflight(request));
  try {
    await states.send(new StartExecutionCommand({ stateMachineArn, name, input }));
  } catch (error) {
    const isStarted = error instanceof Error && error.name === 'ExecutionAlreadyExists';
    if (!isStarted && !(isInDoubt(error) && await describe(executionArn))) {
      throw error;
    }
  }
  return executionArn;
}

function executionOf({ properties }: Request<Type>, name: string): string {
  return `${properties.StateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** Reads only; everything that would fail after minutes fails here. */
async function preflight({ properties, owner, tags }: Request<Type>): Promise<SeedInput> {
  const { SourceBucket: bucket, SourceKey: key, SourceVersionId, VolumeSize, Description, KmsKeyArn } = properties;
  const { object, head } = await pin(bucket, key, SourceVersionId);
  assertRaw(`s3://${bucket}/${key}`, head, await tailOf(object));
  if (object.sizeInBytes > LARGEST_IMAGE) {
    const limit = `${LARGEST_IMAGE / GIBIBYTE} GiB, which is what can be written and verified within Lambda's 15 minutes`;
    throw new Error(`image s3://${bucket}/${key} has ${object.sizeInBytes} bytes, must have at most ${limit}; shrink the image, or split it into several seeds`);
  }
  const { volumeSize } = planSeed({ sizeInBytes: object.sizeInBytes, volumeSize: VolumeSize === undefined ? undefined : Number(VolumeSize) });
  return {
    identity: identityOf(properties),
    source: object,
    volumeSize,
    description: Description,
    kmsKeyArn: KmsKeyArn,
    owner: owner.Value,
    tags: tags.map(({ Key, Value }) => ({ Key, Value: Value.slice(0, LONGEST_TAG_VALUE) })),
  };
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

async function describe(id: string): Promise<DescribeExecutionCommandOutput | undefined> {
  try {
    return await states.send(new DescribeExecutionCommand({ executionArn: id }));
  } catch (error) {
    if (isGone(error)) {
      return undefined; // never started, or longer ago than Step Functions remembers
    }
    throw error;
  }
}

async function inputOf(id: string): Promise<SeedInput | undefined> {
  const input = (await describe(id))?.input;
  return input === undefined ? undefined : JSON.parse(input) as SeedInput;
}

/** When it was stopped, if its worker may be at work yet. */
async function stop(id: string): Promise<number | undefined> {
  const execution = await describe(id);
  if (execution?.status === 'RUNNING' || execution?.status === 'PENDING_REDRIVE') {
    await states.send(new StopExecutionCommand({ executionArn: id, cause: 'the stack no longer wants the snapshot' }));
    return clock.now();
  }
  return execution?.status === 'ABORTED' || execution?.status === 'TIMED_OUT' ? execution.stopDate?.getTime() : undefined;
}

async function removeSnapshots(id: string): Promise<number> {
  const snapshots = await snapshotsOf(id);
  for (const { SnapshotId } of snapshots) {
    try {
      await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    } catch (error) {
      if (!isGone(error)) {
        throw error;
      }
    }
  }
  return snapshots.length;
}

const snapshotsOf = (id: string) => snapshotsWith({ Key: REQUEST, Value: nameOf(id) });

async function snapshotsWith({ Key, Value }: Tag): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for await (const page of paginateDescribeSnapshots({ client: ec2 }, { OwnerIds: ['self'], Filters: [{ Name: `tag:${Key}`, Values: [Value] }] })) {
    found.push(...page.Snapshots ?? []);
  }
  return found;
}

/** An update that is undone was a replacement; what it was to replace is there, and is found by its owner. */
async function formerSeed({ properties, owner }: Request<Type>, wanted: SeedIdentity): Promise<string | undefined> {
  const executions = properties.StateMachineArn.replace(':stateMachine:', ':execution:');
  for (const snapshot of await snapshotsWith({ Key: OWNER, Value: owner.Value.slice(0, LONGEST_TAG_VALUE) })) {
    const execution = `${executions}:${valueOf(tagsOf(snapshot), REQUEST)}`;
    const input = await inputOf(execution);
    if (input && isSame(input.identity, wanted)) {
      return execution;
    }
  }
  return undefined;
}

async function rememberedAttributes(id: string): Promise<Attributes<Type>> {
  const [snapshot] = await snapshotsOf(id);
  const outcome = valueOf(tagsOf(snapshot), OUTCOME);
  if (snapshot?.SnapshotId === undefined || outcome === undefined) {
    throw new Error(`the snapshot of ${id} is gone`);
  }
  return attributesOf({ snapshotId: snapshot.SnapshotId, volumeSize: snapshot.VolumeSize ?? 0, ...readOutcome(outcome) });
}

function attributesOf({ snapshotId, volumeSize, blocksWritten, checksum, seconds }: SeedOutput): Attributes<Type> {
  return {
    SnapshotId: snapshotId,
    VolumeSize: String(volumeSize),
    BlocksWritten: String(blocksWritten),
    Checksum: checksum,
    Seconds: String(seconds),
  };
}

function identityOf({ SourceBucket, SourceKey, SourceVersionId, VolumeSize, KmsKeyArn }: Request<Type>['properties']): SeedIdentity {
  return { SourceBucket, SourceKey, SourceVersionId, VolumeSize, KmsKeyArn };
}

const IDENTITY = ['SourceBucket', 'SourceKey', 'SourceVersionId', 'VolumeSize', 'KmsKeyArn'] as const satisfies (keyof SeedIdentity)[];

function isSame(one: SeedIdentity, other: SeedIdentity): boolean {
  return IDENTITY.every((member) => one[member] === other[member]);
}

/** Of a failed function the cause is a JSON text with the error in it. */
function causeOf({ status, error, cause }: DescribeExecutionCommandOutput): string {
  try {
    const { errorMessage } = JSON.parse(cause ?? '') as { errorMessage?: string };
    return errorMessage ?? cause ?? `the execution is ${status}`;
  } catch {
    return cause ?? error ?? `the execution is ${status}`;
  }
}

function tagsOf(snapshot: Snapshot | undefined): Tag[] {
  return (snapshot?.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
}
