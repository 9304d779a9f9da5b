import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EBSClient, StartSnapshotCommand } from '@aws-sdk/client-ebs';
import {
  DeleteSnapshotCommand, DescribeSnapshotsCommand, DisableEbsEncryptionByDefaultCommand, EC2Client, EnableEbsEncryptionByDefaultCommand,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CdkCustomResourceEvent, CdkCustomResourceResponse } from 'aws-lambda';
import { Executions, MACHINE, nameOf } from './executions';
import { startStage, type Deployed, type Stage, type StackActor } from './stage';
import { isComplete, onEvent } from '../../lambda/index';
import type { ExecutionInput } from '../../lambda/seed/execution';
import { S3Service } from '../../local/platform/s3';
import { serve, type ApiServer } from '../local/platform/api-server';
import { anImage, BLOCK_SIZE } from '../seed/seeding';

const TYPE = 'Custom::EBSSnapshotSeed';
const HUGE = 'huge.img';

let stage: Stage;
let executions: Executions;
let objects: ApiServer;
let directory: string;
let s3: S3Client;
let ec2: EC2Client;
let ebs: EBSClient;

// The handlers' clients keep the endpoints that they find first.
beforeAll(async () => {
  stage = await startStage({ clock: 'wall', ebs: { snapshotQuotas: {}, accountQuotas: {} } });
  executions = new Executions(() => stage.services.clock.time());
  directory = mkdtempSync(join(tmpdir(), 'seed-test-'));
  const service = new S3Service({ directory });
  await service.createBucket('images', { region: 'eu-central-1' });
  await service.createBucket('journal', { region: 'eu-central-1' });
  objects = await serve((request, response) => (request.url?.startsWith(`/images/${HUGE}`)
    ? response.writeHead(206, { 'content-range': `bytes 0-511/${1_000 * 2 ** 30}`, 'content-length': '512', 'etag': '"1"' }).end(Buffer.alloc(512))
    : service.handle(request, response)));
  Object.assign(process.env, { AWS_ENDPOINT_URL_S3: objects.endpoint, AWS_ENDPOINT_URL_SFN: await executions.listen() });
  s3 = new S3Client({});
  ec2 = new EC2Client({});
  ebs = new EBSClient({});
});

afterEach(async () => {
  executions.instead = undefined;
  stage.services.control.clearFaults();
  await executions.idle();
});

afterAll(async () => {
  await executions.close();
  s3.destroy();
  ec2.destroy();
  ebs.destroy();
  await objects.close();
  await stage.close();
  rmSync(directory, { recursive: true });
});

const upload = (Key: string, Body: Buffer) => s3.send(new PutObjectCommand({ Bucket: 'images', Key, Body }));
const IMAGE = anImage(3 * BLOCK_SIZE + 7);
const NEEDED = { StateMachineArn: MACHINE, JournalBucket: 'journal', SourceBucket: 'images' };
const keysIn = async (Prefix: string) => ((await s3.send(new ListObjectsV2Command({ Bucket: 'journal', Prefix }))).Contents ?? []).map(({ Key }) => Key);

async function seedOf(key: string, more: object = {}): Promise<Record<string, unknown>> {
  await upload(key, IMAGE);
  return { ...NEEDED, SourceKey: key, ...more };
}

/** As the framework waits, but in time that passes: the worker needs some. */
async function complete(event: CdkCustomResourceEvent, answer: CdkCustomResourceResponse): Promise<Deployed> {
  for (;;) {
    const { IsComplete, ...rest } = await isComplete({ ...event, ...answer } as Parameters<typeof isComplete>[0]);
    if (IsComplete) {
      return { id: answer.PhysicalResourceId ?? '', data: 'Data' in rest ? rest.Data ?? {} : {} };
    }
    await delay(50);
    stage.services.clock.advance(1);
  }
}

async function send(event: CdkCustomResourceEvent): Promise<Deployed> {
  return complete(event, await onEvent(event));
}

const create = (stack: StackActor, properties: Record<string, unknown>) => send(stack.event('Create', TYPE, 'Seed', properties));
const update = (stack: StackActor, id: string, from: object, to: Record<string, unknown>) =>
  send(stack.event('Update', TYPE, 'Seed', to, { OldResourceProperties: from, PhysicalResourceId: id }));
const remove = (stack: StackActor, id: string, properties: Record<string, unknown>) =>
  send(stack.event('Delete', TYPE, 'Seed', properties, { PhysicalResourceId: id }));

async function snapshotsOf(stack: StackActor): Promise<Snapshot[]> {
  const owner = { Name: 'tag:cdk-storage-gateway:owner', Values: [`${stack.name}/Seed`] };
  return (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [owner] }))).Snapshots ?? [];
}

const tagsOf = (snapshot: Snapshot) => Object.fromEntries((snapshot.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
const executionsOf = (stack: StackActor) => [...executions.all.values()].filter(({ input }) => (JSON.parse(input) as ExecutionInput).seed.owner.startsWith(`${stack.name}/`));

test('a seed becomes a snapshot with the tags, and says what was written', async () => {
  const stack = stage.stack();
  const properties = await seedOf('one.img', { VolumeSize: '2', Description: 'an image', Tags: [{ Key: 'Name', Value: 'one' }] });
  const { id, data } = await create(stack, properties);
  const [snapshot] = await snapshotsOf(stack);
  expect(snapshot).toMatchObject({ SnapshotId: data.SnapshotId, State: 'completed', VolumeSize: 2, Description: 'an image' });
  expect(data).toEqual({
    SnapshotId: expect.stringMatching(/^snap-/), VolumeSize: '2', BlocksWritten: '4', Checksum: expect.stringMatching(/=$/), Seconds: expect.any(String),
  });
  expect(tagsOf(snapshot)).toEqual({
    'Name': 'one',
    'cdk-storage-gateway:owner': `${stack.name}/Seed`,
    'cdk-storage-gateway:request': nameOf(id),
    'cdk-storage-gateway:seed': `4 ${data.Checksum} ${data.Seconds}`,
  });
});

test('a Create that is delivered twice makes one snapshot', async () => {
  const stack = stage.stack();
  const event = stack.event('Create', TYPE, 'Seed', await seedOf('twice.img'));
  const [first, second] = await Promise.all([onEvent(event), onEvent(event)]);
  expect(second.PhysicalResourceId).toBe(first.PhysicalResourceId);
  const { data } = await complete(event, first);
  expect((await send(event)).data).toEqual(data);
  expect(await snapshotsOf(stack)).toHaveLength(1);
});

test('two workers on one seed make one snapshot', async () => {
  const stack = stage.stack();
  executions.instead = async (execution, input) => {
    const [one, other] = await Promise.all([executions.work(execution, input), executions.work(execution, input)]);
    expect(other.snapshotId).toBe(one.snapshotId);
    return one;
  };
  await create(stack, await seedOf('workers.img'));
  expect(await snapshotsOf(stack)).toHaveLength(1);
});

describe('what cannot succeed is refused before anything is started', () => {
  test.each<[string, Buffer | undefined, Record<string, unknown>, string]>([
    ['qcow2.img', Buffer.from('QFI\xfb', 'latin1'), {}, 'image "s3://images/qcow2.img" is qcow2, must be a raw disk image; convert it first: qemu-img convert'],
    ['fixed.vhd', Buffer.concat([IMAGE, Buffer.from('conectix'), Buffer.alloc(504)]), {}, 'is VHD (fixed), must be a raw disk image'],
    ['empty.img', Buffer.alloc(0), {}, 'image s3://images/empty.img cannot be read: it is empty'],
    ['missing.img', undefined, {}, 'image s3://images/missing.img cannot be read: '],
    [HUGE, undefined, {}, 'image s3://images/huge.img has 1000 GiB and takes 74 minutes or more, where CloudFormation leaves it 54 minutes: set \'waitForCompletion\''],
    ['small.img', Buffer.from('x'), { VolumeSize: '0' }, 'the volume size must be 1 to 65536 GiB, got 0'],
    ['version.img', Buffer.from('x'), { SourceVersionId: 'unknown' }, 'image s3://images/version.img (version unknown) cannot be read: '],
  ])('%s', async (key, content, more, message) => {
    const stack = stage.stack();
    if (content) {
      await upload(key, content);
    }
    await expect(create(stack, { ...NEEDED, SourceKey: key, ...more })).rejects.toThrow(message);
    expect(executionsOf(stack)).toEqual([]);
    expect(await snapshotsOf(stack)).toEqual([]);
  });
});

describe('a seed that fails says why and leaves nothing', () => {
  test('when the service refuses its blocks', async () => {
    const stack = stage.stack();
    stage.services.control.injectFault({
      service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', error: { status: 402, type: 'ServiceQuotaExceededException', message: 'no more' },
    });
    await expect(create(stack, await seedOf('refused.img'))).rejects.toThrow(
      'the snapshot was not made: PutSnapshotBlock of block 0 failed: ServiceQuotaExceededException: no more',
    );
    expect(await snapshotsOf(stack)).toEqual([]);
  });

  test('when the image is replaced after the preflight', async () => {
    const stack = stage.stack();
    executions.instead = async (execution, input) => {
      await upload('changed.img', Buffer.alloc(BLOCK_SIZE, 1));
      return executions.work(execution, input);
    };
    await expect(create(stack, await seedOf('changed.img'))).rejects.toThrow('s3://images/changed.img is no longer the object with the ETag');
    expect(await snapshotsOf(stack)).toEqual([]);
  });

  test('when its worker was killed', async () => {
    const stack = stage.stack();
    executions.instead = async (_, { tags }) => {
      await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Tags: [...tags] }));
      throw Object.assign(new Error('the worker is gone'), { name: 'Runtime.ExitError' });
    };
    await expect(create(stack, await seedOf('killed.img'))).rejects.toThrow('the snapshot was not made: the worker is gone');
    expect(await snapshotsOf(stack)).toEqual([]);
  });
});

describe('encryption', () => {
  afterEach(() => ec2.send(new DisableEbsEncryptionByDefaultCommand({})));

  test('forbids to leave zeros out, where the account encrypts by default', async () => {
    const stack = stage.stack();
    const properties = await seedOf('zeros.img', { ZeroBlocks: 'OMIT' });
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    await expect(create(stack, properties)).rejects.toThrow(
      "'zeroBlocks' must be WRITE, because the snapshot will be encrypted since the account encrypts by default",
    );
    expect(executionsOf(stack)).toEqual([]);
    await ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
    expect((await create(stack, properties)).data.BlocksWritten).toBe('4');
  });

  test('by default forbids a parent without it', async () => {
    const stack = stage.stack();
    const { data } = await create(stack, await seedOf('plain.img'));
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    await expect(create(stage.stack(), await seedOf('child.img', { ParentSnapshotId: data.SnapshotId }))).rejects.toThrow(
      `the parent ${data.SnapshotId} is not encrypted, and the account encrypts by default: leave 'parent' out and write the image whole`,
    );
  });

  test('of the parent forbids to leave zeros out', async () => {
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    const { data } = await create(stage.stack(), await seedOf('encrypted.img'));
    await expect(create(stage.stack(), await seedOf('child.img', { ParentSnapshotId: data.SnapshotId, ZeroBlocks: 'OMIT' })))
      .rejects.toThrow(`since its parent ${data.SnapshotId} is encrypted`);
  });
});

describe('a seed with a parent', () => {
  test('writes what differs, and reads back as its image', async () => {
    const parent = await create(stage.stack(), await seedOf('october.img'));
    const november = Buffer.from(IMAGE);
    november.fill(7, BLOCK_SIZE, BLOCK_SIZE + 10);
    await upload('november.img', november);
    const stack = stage.stack();
    const { data } = await create(stack, { ...NEEDED, SourceKey: 'november.img', ParentSnapshotId: parent.data.SnapshotId });
    expect(data.BlocksWritten).toBe('1');
    expect(await keysIn('digests/')).toEqual(expect.arrayContaining([`digests/${parent.data.SnapshotId}`, `digests/${data.SnapshotId}`]));
  });

  test('is refused while that is pending, without its digests, or if it is larger or gone', async () => {
    const { SnapshotId: pending = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }));
    const childOf = async (ParentSnapshotId: string) => create(stage.stack(), await seedOf('child.img', { ParentSnapshotId }));
    await expect(childOf(pending)).rejects.toThrow(`the parent ${pending} must be completed, it is pending: deploy again when it is, or leave 'parent' out`);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: pending }));
    await expect(childOf(pending)).rejects.toThrow(`the parent ${pending} does not exist (any more): leave 'parent' out`);
    const { data: { SnapshotId: large } } = await create(stage.stack(), await seedOf('large.img', { VolumeSize: '3' }));
    await expect(childOf(large)).rejects.toThrow(`the parent ${large} has 3 GiB, more than the 1 of this snapshot: raise 'volumeSize' to 3 GiB`);
    const { data: { SnapshotId: bare } } = await create(stage.stack(), await seedOf('bare.img'));
    await s3.send(new DeleteObjectCommand({ Bucket: 'journal', Key: `digests/${bare}` }));
    await expect(childOf(bare)).rejects.toThrow(`the digests of the parent ${bare} are not in the stack's bucket (s3://journal/digests/${bare}): leave 'parent' out`);
  });
});

describe('a seed that is not waited for', () => {
  test('is ready as soon as its snapshot is there, with what is known', async () => {
    const stack = stage.stack();
    let proceed = () => undefined as void;
    const looked = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    executions.instead = async (_, { tags }) => {
      await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Tags: [...tags] }));
      await looked;
    };
    const { data } = await create(stack, await seedOf('unawaited.img', { WaitForCompletion: 'false' }));
    const [snapshot] = await snapshotsOf(stack);
    expect(snapshot.State).toBe('pending');
    expect(data).toEqual({ SnapshotId: snapshot.SnapshotId, VolumeSize: '1' });
    proceed();
  });

  test('may take longer than CloudFormation waits', async () => {
    executions.instead = async (_, { tags }) => {
      const { SnapshotId } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1_000, Tags: [...tags] }));
      return { snapshotId: SnapshotId, volumeSize: 1_000, blocksWritten: 2_048_000, checksum: 'checksum', seconds: 5_000 };
    };
    const { data } = await create(stage.stack(), { ...NEEDED, SourceKey: HUGE, WaitForCompletion: 'false' });
    expect(data.VolumeSize).toBe('1000');
  });
});

test('what the user chose is the execution\'s input', async () => {
  const stack = stage.stack();
  await create(stack, await seedOf('chosen.img', { ZeroBlocks: 'OMIT', Verify: 'SAMPLE', MaxPutsPerSecond: '300', Workers: '2' }));
  const inputs = executionsOf(stack).map(({ input }) => (JSON.parse(input) as ExecutionInput).seed);
  expect(inputs).toMatchObject([{ zeroBlocks: 'omit', verify: 'sample', requestsPerSecond: 300, workers: 2, journalBucket: 'journal' }]);
});

describe('a Delete', () => {
  test('removes the snapshot, and is content if it is gone', async () => {
    const stack = stage.stack();
    const properties = await seedOf('deleted.img');
    const { id, data } = await create(stack, properties);
    expect(await keysIn(`digests/${data.SnapshotId}`)).toHaveLength(1);
    await remove(stack, id, properties);
    expect(await snapshotsOf(stack)).toEqual([]);
    expect(await keysIn(`digests/${data.SnapshotId}`)).toEqual([]);
    await remove(stack, id, properties);
  });

  test('removes the digests of a snapshot that was deleted by hand, and journals that were left', async () => {
    const stack = stage.stack();
    const properties = await seedOf('by-hand.img');
    const { id, data } = await create(stack, properties);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: data.SnapshotId }));
    await s3.send(new PutObjectCommand({ Bucket: 'journal', Key: `journal/${nameOf(id)}/00000000/late`, Body: 'record' }));
    await remove(stack, id, properties);
    expect(await keysIn(`digests/${data.SnapshotId}`)).toEqual([]);
    expect(await keysIn(`journal/${nameOf(id)}/`)).toEqual([]);
  });

  test('is content without the bucket, also where an older version had none', async () => {
    const stack = stage.stack();
    for (const JournalBucket of ['no-such-bucket', undefined]) {
      const properties = await seedOf('old.img');
      const { id } = await create(stack, properties);
      await remove(stack, id, { ...properties, JournalBucket });
      expect(await snapshotsOf(stack)).toEqual([]);
    }
  });

  test('stops a seed that is at work; its worker leaves nothing', async () => {
    const stack = stage.stack();
    const properties = await seedOf('stopped.img');
    stage.services.control.injectFault({
      service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', times: 1_000, error: { status: 500, type: 'InternalServerException', message: 'not now' },
    });
    const { PhysicalResourceId: id = '' } = await onEvent(stack.event('Create', TYPE, 'Seed', properties));
    while ((await snapshotsOf(stack)).length === 0) {
      await delay(10);
    }
    await remove(stack, id, properties);
    await executions.idle();
    expect(executions.all.get(id)?.status).toBe('ABORTED');
    expect(await snapshotsOf(stack)).toEqual([]);
    expect(await keysIn(`journal/${nameOf(id)}/`)).toEqual([]);
  });

  test('that overtakes its worker finds the snapshot that is started late', async () => {
    const stack = stage.stack();
    const properties = await seedOf('late.img');
    let proceed = () => undefined as void;
    const deleted = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    executions.instead = async (execution, input) => {
      await deleted;
      return executions.work(execution, input);
    };
    const { PhysicalResourceId: id = '' } = await onEvent(stack.event('Create', TYPE, 'Seed', properties));
    await remove(stack, id, properties);
    proceed();
    await executions.idle();
    expect(await snapshotsOf(stack)).toEqual([]);
  });

  test('of a Create whose function was lost finds its execution by the id that the entry gave it', async () => {
    const stack = stage.stack();
    const properties = await seedOf('lost.img');
    const event = stack.event('Create', TYPE, 'Seed', properties);
    await remove(stack, `create-${event.RequestId}`, properties); // lost before it had done anything
    await onEvent(event);
    await executions.idle();
    await remove(stack, `create-${event.RequestId}`, properties);
    expect(await snapshotsOf(stack)).toEqual([]);
  });

  test('of a Create that was cancelled finds what that one made, and nothing older', async () => {
    const stack = stage.stack();
    const properties = await seedOf('cancelled.img');
    const { id: retained } = await create(stack, properties);
    stack.begin('UPDATE_IN_PROGRESS');
    const event = stack.event('Create', TYPE, 'Seed', properties);
    await onEvent(event);
    stack.turn('UPDATE_ROLLBACK_IN_PROGRESS');
    await remove(stack, 'an-id-that-cloudformation-invented', properties);
    await executions.idle();
    expect((await snapshotsOf(stack)).map((snapshot) => tagsOf(snapshot)['cdk-storage-gateway:request'])).toEqual([nameOf(retained)]);
  });
});

describe('an Update', () => {
  test('of a seed that nobody waited for, and that failed, makes it again', async () => {
    const stack = stage.stack();
    const properties = await seedOf('again.img', { WaitForCompletion: 'false' });
    executions.instead = async (_, { tags }) => {
      await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Tags: [...tags] }));
      await delay(200);
      throw new Error('the worker is gone');
    };
    const { id } = await create(stack, properties);
    await executions.idle();
    executions.instead = undefined;
    stack.begin('UPDATE_IN_PROGRESS');
    const again = await update(stack, id, properties, { ...properties, Description: 'another' });
    await executions.idle();
    expect(again.id).not.toBe(id);
    await remove(stack, id, properties);
    expect((await snapshotsOf(stack)).map(({ State }) => State)).toEqual(['completed']);
  });

  test('of tags and description stays with the snapshot', async () => {
    const stack = stage.stack();
    const from = await seedOf('tags.img', { Tags: [{ Key: 'Old', Value: '1' }, { Key: 'Both', Value: '1' }] });
    const { id, data } = await create(stack, from);
    const to = { ...from, Description: 'another', Tags: [{ Key: 'Both', Value: '2' }, { Key: 'New', Value: '2' }] };
    stack.begin('UPDATE_IN_PROGRESS');
    expect(await update(stack, id, from, to)).toEqual({ id, data });
    const [snapshot, ...others] = await snapshotsOf(stack);
    expect(others).toEqual([]);
    expect(tagsOf(snapshot)).toMatchObject({ 'Both': '2', 'New': '2', 'cdk-storage-gateway:request': nameOf(id) });
    expect(tagsOf(snapshot)).not.toHaveProperty('Old');
  });

  test('of the source makes another snapshot, and leaves the first to its Delete', async () => {
    const stack = stage.stack();
    const from = await seedOf('from.img');
    const { id, data } = await create(stack, from);
    stack.begin('UPDATE_IN_PROGRESS');
    const second = await update(stack, id, from, await seedOf('to.img'));
    expect(second.id).not.toBe(id);
    expect(await snapshotsOf(stack)).toHaveLength(2);
    await remove(stack, id, from);
    expect((await snapshotsOf(stack)).map(({ SnapshotId }) => SnapshotId)).toEqual([second.data.SnapshotId]);
    expect(second.data.SnapshotId).not.toBe(data.SnapshotId);
  });

  test('of the parent, the verification or the pace stays with the snapshot, one of the zeros does not', async () => {
    const stack = stage.stack();
    const from = await seedOf('pace.img');
    const { id } = await create(stack, from);
    stack.begin('UPDATE_IN_PROGRESS');
    const paced = { ...from, ZeroBlocks: 'WRITE', Verify: 'NONE', MaxPutsPerSecond: '1', Workers: '1', ParentSnapshotId: 'snap-0123456789abcdef0', WaitForCompletion: 'false' };
    expect((await update(stack, id, from, paced)).id).toBe(id);
    expect((await update(stack, id, from, { ...from, ZeroBlocks: 'OMIT' })).id).not.toBe(id);
  });

  test('that is rolled back returns to the first snapshot', async () => {
    const stack = stage.stack();
    const from = await seedOf('first.img');
    const to = await seedOf('second.img');
    const { id, data } = await create(stack, from);
    stack.begin('UPDATE_IN_PROGRESS');
    const second = await update(stack, id, from, to);
    stack.turn('UPDATE_ROLLBACK_IN_PROGRESS');
    expect(await update(stack, second.id, to, from)).toEqual({ id, data });
    expect(executionsOf(stack)).toHaveLength(2);
  });

  test('long after Step Functions forgot the execution answers the same', async () => {
    const stack = stage.stack();
    const from = await seedOf('forgotten.img');
    const { id, data } = await create(stack, from);
    executions.all.delete(id);
    stack.begin('UPDATE_IN_PROGRESS');
    expect(await update(stack, id, from, { ...from, Tags: [{ Key: 'Name', Value: 'kept' }] })).toEqual({ id, data });
    const [snapshot] = await snapshotsOf(stack);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshot.SnapshotId }));
    await expect(update(stack, id, from, from)).rejects.toThrow(`the snapshot of ${id} is gone`);
  });
});
