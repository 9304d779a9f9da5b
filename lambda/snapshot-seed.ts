import { CreateTagsCommand, DeleteTagsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import { CLIENT_CONFIG, patient } from './client';
import { clock } from './clock';
import { NotThere } from './errors';
import type { Handler, Request, TagStore } from './handler';
import { OUTCOME, readOutcome, type SeedIdentity, type SeedOutput } from './seed/execution';
import { causeOf, describeExecution, executionOf, executionsSince, hasFailed, inputOf, isRunning, outputOf, startExecution, stopExecution } from './seed-executions';
import { identityOf, LONGEST_TAG_VALUE, preflight } from './seed-preflight';
import { removeRemains, snapshotsOf, snapshotsWith } from './seed-remains';
import { OWNER, REQUEST, valueOf } from './tags';
import type { Attributes, Tag } from '../src/private/contract';
import { SEED_DEADLINE } from '../src/private/seed-estimate';

type Type = 'Custom::EBSSnapshotSeed';

const ec2 = patient(new EC2Client(CLIENT_CONFIG));

/**
 * Seconds after the stop of an execution in which a worker can still start a snapshot: it looks every five seconds and right before
 * StartSnapshot, whose every try ends after twenty.
 */
const STARTS_WITHIN = 60;
/** Seconds in which one can still store a part of its journal, once there is nothing to start any more. */
const STORES_WITHIN = 20;
const LOOK_EVERY = 3;

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
  deadline: { seconds: SEED_DEADLINE, reason: 'CloudFormation waits an hour; a seed with \'waitForCompletion: false\' goes on without it' },
  tags: snapshotTags,

  create: start,

  async attributes(id, { event, properties }) {
    const execution = await describeExecution(id);
    if (!execution) {
      return rememberedAttributes(id);
    }
    if (isRunning(execution)) {
      return properties.WaitForCompletion === 'false' ? begunAttributes(id) : undefined;
    }
    const output = outputOf(execution);
    if (execution.status === 'SUCCEEDED' && output) {
      return attributesOf(output);
    }
    // The execution has removed what it made, unless its last worker was killed, too.
    await removeRemains(id, properties.JournalBucket);
    const reason = `the snapshot was not made: ${causeOf(execution)}`;
    // One that nobody waited for must not hold up a rollback to it.
    throw event === 'Update' ? new NotThere(reason) : new Error(reason);
  },

  async update(id, request) {
    const wanted = identityOf(request.properties);
    const live = (await inputOf(id))?.identity ?? identityOf(request.oldProperties);
    const rollingBack = await request.stack.isRollingBack();
    if (isSame(live, wanted)) {
      // A description is written once, when the snapshot is started. One that nobody waited for can have failed: it is made again.
      return !rollingBack && await hasFailed(id) ? start(request) : id;
    }
    if (rollingBack) {
      const former = await formerSeed(request, wanted);
      if (former !== undefined) {
        return former;
      }
    }
    return start(request);
  },

  async delete(id, { properties }) {
    const execution = await describeExecution(id);
    const stoppedAt = execution && await stopExecution(execution);
    const made = execution && outputOf(execution)?.snapshotId;
    let isStarted = false;
    for (;;) {
      isStarted = await removeRemains(id, properties.JournalBucket, made) || isStarted;
      const settled = isStarted ? STORES_WITHIN : STARTS_WITHIN;
      if (stoppedAt === undefined || clock.now() >= stoppedAt + settled * 1000) {
        return;
      }
      await clock.sleep(LOOK_EVERY * 1000);
    }
  },

  async abandoned(request) {
    const { StateMachineArn } = request.properties;
    if (request.failedCreate !== undefined) {
      const execution = executionOf(StateMachineArn, request.failedCreate);
      return await describeExecution(execution) ? [execution] : [];
    }
    const found: string[] = [];
    for (const execution of await executionsSince(StateMachineArn, await request.stack.operationStart())) {
      if ((await inputOf(execution))?.owner === request.owner.Value) {
        found.push(execution);
      }
    }
    return found;
  },
};

/** Looks whether the seed can succeed, and starts it. */
async function start(request: Request<Type>): Promise<string> {
  return startExecution(request.properties.StateMachineArn, request.requestId, await preflight(request));
}

/** An update that is undone was a replacement; what it was to replace is there, and is found by its owner. */
async function formerSeed({ properties, owner }: Request<Type>, wanted: SeedIdentity): Promise<string | undefined> {
  for (const snapshot of await snapshotsWith({ Key: OWNER, Value: owner.Value.slice(0, LONGEST_TAG_VALUE) })) {
    const execution = executionOf(properties.StateMachineArn, valueOf(tagsOf(snapshot), REQUEST) ?? '');
    const input = await inputOf(execution);
    if (input && isSame(input.identity, wanted)) {
      return execution;
    }
  }
  return undefined;
}

/** All that is known while the snapshot is being written. */
async function begunAttributes(id: string): Promise<Attributes<Type> | undefined> {
  const [snapshot] = await snapshotsOf(id);
  return snapshot?.SnapshotId === undefined ? undefined : { SnapshotId: snapshot.SnapshotId, VolumeSize: String(snapshot.VolumeSize) };
}

async function rememberedAttributes(id: string): Promise<Attributes<Type>> {
  const [snapshot] = await snapshotsOf(id);
  const outcome = valueOf(tagsOf(snapshot), OUTCOME);
  if (snapshot?.SnapshotId === undefined || outcome === undefined) {
    throw new NotThere(`the snapshot of ${id} is gone`);
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

const IDENTITY = ['SourceBucket', 'SourceKey', 'SourceVersionId', 'VolumeSize', 'KmsKeyArn'] as const satisfies (keyof SeedIdentity)[];

/** Zeros are written where nothing is said. */
function isSame(one: SeedIdentity, other: SeedIdentity): boolean {
  return IDENTITY.every((member) => one[member] === other[member]) && (one.ZeroBlocks ?? 'WRITE') === (other.ZeroBlocks ?? 'WRITE');
}

function tagsOf(snapshot: Snapshot | undefined): Tag[] {
  return (snapshot?.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
}
