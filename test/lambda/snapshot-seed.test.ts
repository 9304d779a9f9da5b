import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EBSClient, StartSnapshotCommand } from '@aws-sdk/client-ebs';
import { DeleteSnapshotCommand, DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CdkCustomResourceEvent, CdkCustomResourceResponse } from 'aws-lambda';
import { Executions, MACHINE, nameOf, runWorker } from './executions';
import { startStage, type Deployed, type Stage, type StackActor } from './stage';
import { isComplete, onEvent } from '../../lambda/index';
import type { SeedInput } from '../../lambda/seed/execution';
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
  objects = await serve((request, response) => (request.url?.startsWith(`/images/${HUGE}`)
    ? response.writeHead(206, { 'content-range': `bytes 0-511/${16 * 2 ** 30 + 1}`, 'content-length': '512', 'etag': '"1"' }).end(Buffer.alloc(512))
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

async function seedOf(key: string, more: object = {}): Promise<Record<string, unknown>> {
  await upload(key, IMAGE);
  return { StateMachineArn: MACHINE, SourceBucket: 'images', SourceKey: key, ...more };
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
const executionsOf = (stack: StackActor) => [...executions.all.values()].filter(({ input }) => (JSON.parse(input) as SeedInput).owner.startsWith(`${stack.name}/`));

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
    const [one, other] = await Promise.all([runWorker(execution, input), runWorker(execution, input)]);
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
    [HUGE, undefined, {}, 'must have at most 16 GiB, which is what can be written and verified within Lambda\'s 15 minutes; shrink the image'],
    ['small.img', Buffer.from('x'), { VolumeSize: '0' }, 'the volume size must be 1 to 65536 GiB, got 0'],
    ['version.img', Buffer.from('x'), { SourceVersionId: 'unknown' }, 'image s3://images/version.img (version unknown) cannot be read: '],
  ])('%s', async (key, content, more, message) => {
    const stack = stage.stack();
    if (content) {
      await upload(key, content);
    }
    await expect(create(stack, { StateMachineArn: MACHINE, SourceBucket: 'images', SourceKey: key, ...more })).rejects.toThrow(message);
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
      return runWorker(execution, input);
    };
    await expect(create(stack, await seedOf('changed.img'))).rejects.toThrow('s3://images/changed.img is no longer the object with the ETag');
    expect(await snapshotsOf(stack)).toEqual([]);
  });

  test('when its worker has no time left', async () => {
    const stack = stage.stack();
    stage.services.control.injectFault({
      service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', times: 1_000, error: { status: 500, type: 'InternalServerException', message: 'not now' },
    });
    executions.instead = (execution, input) => runWorker(execution, input, 45_300);
    await expect(create(stack, await seedOf('slow.img'))).rejects.toThrow(
      /the seed was not ready within 0 seconds: in phase "write", 0 of 4 blocks written, 0 verified; seed a smaller image/,
    );
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

describe('a Delete', () => {
  test('removes the snapshot, and is content if it is gone', async () => {
    const stack = stage.stack();
    const properties = await seedOf('deleted.img');
    const { id } = await create(stack, properties);
    await remove(stack, id, properties);
    expect(await snapshotsOf(stack)).toEqual([]);
    await remove(stack, id, properties);
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
      return runWorker(execution, input);
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
