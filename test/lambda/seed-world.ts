import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteSnapshotCommand, EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand, PutSnapshotBlockCommand, StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DeleteSnapshotCommand, DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CdkCustomResourceEvent, CdkCustomResourceResponse } from 'aws-lambda';
import { Executions, MACHINE } from './executions';
import { Front } from './front';
import { startStage, type Stage, type StackActor } from './stage';
import { isComplete, onEvent } from '../../lambda/index';
import { DIGEST_RECORD_SIZE, digestsKey, outcomeTag, type ExecutionInput, type SeedInput, type SeedOutput } from '../../lambda/seed/execution';
import { S3Service } from '../../local/platform/s3';
import { systemClock } from '../../seed/clock';
import type { Tag } from '../../src/private/contract';
import { clientConfiguration, serve, type ApiServer } from '../local/platform/api-server';
import { anImage, BLOCK_SIZE } from '../seed/seeding';

export const SEED = 'Custom::EBSSnapshotSeed';

/** Whose role signs. */
export const PROVIDER = 'PROVIDER';
export const WORKER = 'WORKER';

/** The last block is not full. */
export const IMAGE = anImage(BLOCK_SIZE + 7);
export const OTHER_IMAGE = Buffer.concat([anImage(BLOCK_SIZE, [0]), Buffer.from('another')]);

type Values = Record<string, unknown>;

/** Everything that a snapshot seed runs on, behind a front; its time passes only when somebody sleeps, and then at once. */
export class SeedWorld {
  static async make(): Promise<SeedWorld> {
    const directory = mkdtempSync(join(tmpdir(), 'seed-matrix-'));
    const stage = await startStage({ ebs: { snapshotQuotas: {}, accountQuotas: {} } });
    const objects = new S3Service({ directory });
    await objects.createBucket('images', { region: 'eu-central-1' });
    await objects.createBucket('journals', { region: 'eu-central-1' });
    await objects.createBucket('versions', { region: 'eu-central-1', versioned: true });
    const bucket = await serve((request, response) => objects.handle(request, response));
    const executions = new Executions(() => stage.services.clock.time());
    const front = new Front({
      cloudformation: process.env.AWS_ENDPOINT_URL ?? '',
      ebs: stage.services.endpoint,
      ec2: stage.services.endpoint,
      s3: bucket.endpoint,
      states: await executions.listen(),
    });
    const endpoint = await front.listen();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_EBS: endpoint,
      AWS_ENDPOINT_URL_EC2: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_SFN: endpoint,
      AWS_ACCESS_KEY_ID: PROVIDER,
    });
    systemClock.now = () => stage.services.clock.time();
    systemClock.sleep = async (milliseconds, signal) => {
      signal?.throwIfAborted();
      stage.services.clock.advance(milliseconds / 1000);
    };
    const world = new SeedWorld(stage, executions, front, bucket, directory);
    await world.upload('images', 'one.img', IMAGE);
    await world.upload('images', 'other.img', OTHER_IMAGE);
    await world.upload('versions', 'one.img', IMAGE);
    await world.giveOutKeys();
    return world;
  }

  /** What executions were started with, by the key of the image. */
  private readonly inputs = new Map<string, SeedInput>();
  private readonly objects: S3Client;
  private readonly ec2: EC2Client;
  private readonly ebs: EBSClient;

  private constructor(
    readonly stage: Stage,
    readonly executions: Executions,
    readonly front: Front,
    private readonly bucket: ApiServer,
    private readonly directory: string,
  ) {
    this.objects = new S3Client({ ...clientConfiguration(bucket.endpoint, 'eu-central-1'), forcePathStyle: true });
    this.ec2 = new EC2Client(clientConfiguration(stage.services.endpoint, 'eu-central-1'));
    this.ebs = new EBSClient(clientConfiguration(stage.services.endpoint, 'eu-central-1'));
  }

  async close(): Promise<void> {
    this.objects.destroy();
    this.ec2.destroy();
    this.ebs.destroy();
    await this.executions.close();
    await this.front.close();
    await this.bucket.close();
    await this.stage.close();
    rmSync(this.directory, { recursive: true });
  }

  properties(key = 'one.img', more: Values = {}): Values {
    return { StateMachineArn: MACHINE, JournalBucket: 'journals', SourceBucket: 'images', SourceKey: key, Tags: [{ Key: 'team', Value: 'storage' }], ...more };
  }

  /** As the framework does it, but that it asks when the workers have done what they can. */
  async send(event: CdkCustomResourceEvent): Promise<{ id: string; data: Record<string, string> }> {
    return this.complete(event, await onEvent(event));
  }

  async complete(event: CdkCustomResourceEvent, answer: CdkCustomResourceResponse): Promise<{ id: string; data: Record<string, string> }> {
    for (;;) {
      if (!this.front.hold) {
        await this.executions.idle();
      }
      const { IsComplete, ...rest } = await isComplete({ ...event, ...answer } as Parameters<typeof isComplete>[0]);
      if (IsComplete) {
        return { id: answer.PhysicalResourceId ?? '', data: 'Data' in rest ? rest.Data ?? {} : {} };
      }
      this.stage.services.clock.advance(900);
    }
  }

  /** A seed that was deployed before, made as fast as can be. */
  async deployed(stack: StackActor, properties: Values): Promise<string> {
    const name = randomUUID();
    const executionArn = `${MACHINE.replace('stateMachine', 'execution')}:${name}`;
    const own = [{ Key: 'cdk-storage-gateway:owner', Value: `${stack.name}/Seed` }, { Key: 'cdk-storage-gateway:request', Value: name }];
    const tags = [...properties.Tags as Tag[], ...own];
    const input: SeedInput = { ...this.inputs.get(String(properties.SourceKey)) as SeedInput, owner: `${stack.name}/Seed`, tags };
    const output = JSON.stringify(await this.standIn(executionArn, input));
    const startDate = this.stage.services.clock.time() / 1000;
    this.executions.all.set(executionArn, { executionArn, name, input: JSON.stringify({ seed: input }), startDate, status: 'SUCCEEDED', output });
    return executionArn;
  }

  /** Does what a worker does, where nothing goes wrong for it: in the shortest way, and past the front. */
  readonly standIn = async (_: string, { source, volumeSize, tags }: SeedInput): Promise<SeedOutput> => {
    const image = source.key === 'one.img' ? IMAGE : OTHER_IMAGE;
    const output = { volumeSize, blocksWritten: Math.ceil(image.length / BLOCK_SIZE), checksum: 'checksum', seconds: 1 };
    const { SnapshotId = '' } = await this.ebs.send(new StartSnapshotCommand({ VolumeSize: volumeSize, Tags: [...tags, outcomeTag({ ...output, snapshotId: '' })] }));
    for (let BlockIndex = 0; BlockIndex < output.blocksWritten; BlockIndex++) {
      const BlockData = Buffer.alloc(BLOCK_SIZE);
      image.copy(BlockData, 0, BlockIndex * BLOCK_SIZE);
      const Checksum = createHash('sha256').update(BlockData).digest('base64');
      await this.ebs.send(new PutSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockData, DataLength: BLOCK_SIZE, Checksum, ChecksumAlgorithm: 'SHA256' }));
    }
    await this.ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: output.blocksWritten }));
    await this.objects.send(new PutObjectCommand({ Bucket: 'journals', Key: digestsKey(SnapshotId), Body: Buffer.alloc(output.blocksWritten * DIGEST_RECORD_SIZE) }));
    this.stage.services.clock.advance(10);
    return { ...output, snapshotId: SnapshotId };
  };

  create(stack: StackActor, properties: Values) {
    return this.send(stack.event('Create', SEED, 'Seed', properties));
  }

  update(stack: StackActor, id: string, from: Values, to: Values) {
    return this.send(stack.event('Update', SEED, 'Seed', to, { OldResourceProperties: from, PhysicalResourceId: id }));
  }

  async delete(stack: StackActor, id: string, properties: Values): Promise<void> {
    await this.send(stack.event('Delete', SEED, 'Seed', properties, { PhysicalResourceId: id }));
  }

  async snapshotsOf(stack: StackActor): Promise<Snapshot[]> {
    const owner = { Name: 'tag:cdk-storage-gateway:owner', Values: [`${stack.name}/Seed`] };
    return (await this.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [owner] }))).Snapshots ?? [];
  }

  /** No more and no less than completed snapshots with the bytes of these images; and nothing is at work. */
  async expectSnapshots(stack: StackActor, ...images: Buffer[]): Promise<void> {
    const snapshots = await this.snapshotsOf(stack);
    expect(snapshots.map(({ State }) => State)).toEqual(images.map(() => 'completed'));
    const held = await Promise.all(snapshots.map(({ SnapshotId = '' }) => this.digestOf(SnapshotId)));
    expect(held.sort()).toEqual(images.map(digest).sort());
    expect(this.running(stack)).toEqual([]);
    expect((await this.keysOf('journals')).sort()).toEqual(snapshots.map(({ SnapshotId = '' }) => digestsKey(SnapshotId)).sort());
  }

  running(stack: StackActor): string[] {
    const own = [...this.executions.all.values()].filter(({ input }) => (JSON.parse(input) as ExecutionInput).seed.owner.startsWith(`${stack.name}/`));
    return own.filter(({ status }) => status === 'RUNNING').map(({ name }) => name);
  }

  /** Keeps the next calls of an operation waiting. Resolves when one has come. */
  async holdAt(operation: string, start: () => Promise<unknown>): Promise<() => void> {
    let release = () => undefined as void;
    const until = new Promise<void>((resolve) => (release = resolve));
    await new Promise<void>((reached, reject) => {
      this.front.hold = { operation, until, reached };
      start().catch(reject);
    });
    return () => {
      this.front.hold = undefined;
      release();
    };
  }

  async drop(stack: StackActor): Promise<void> {
    for (const { SnapshotId } of await this.snapshotsOf(stack)) {
      await this.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    }
    for (const Key of await this.keysOf('journals')) {
      await this.objects.send(new DeleteObjectCommand({ Bucket: 'journals', Key }));
    }
    this.executions.all.clear();
    this.executions.instead = undefined;
  }

  private async digestOf(SnapshotId: string): Promise<string> {
    const { Blocks = [] } = await this.ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
    const hash = createHash('sha256');
    for (const { BlockIndex, BlockToken } of Blocks) {
      hash.update(await (await this.ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }))).BlockData?.transformToByteArray() ?? '');
    }
    return hash.digest('hex');
  }

  private async upload(Bucket: string, Key: string, Body: Buffer): Promise<void> {
    await this.objects.send(new PutObjectCommand({ Bucket, Key, Body }));
  }

  private async keysOf(Bucket: string): Promise<string[]> {
    const { Contents = [] } = await this.objects.send(new ListObjectsV2Command({ Bucket }));
    return Contents.map(({ Key = '' }) => Key);
  }

  /** The handlers' clients live long and keep the key that they find first; a worker makes clients of its own. */
  private async giveOutKeys(): Promise<void> {
    for (const key of ['one.img', 'other.img']) {
      const stack = this.stage.stack();
      // Every client that there is: zeros are asked about, tags are changed.
      const omitting = this.properties(key, { ZeroBlocks: 'OMIT' });
      await this.delete(stack, (await this.create(stack, omitting)).id, omitting);
      const properties = this.properties(key, { Tags: [{ Key: 'stage', Value: 'test' }] });
      const { id } = await this.create(stack, properties);
      this.inputs.set(key, (JSON.parse(this.executions.all.get(id)?.input ?? '') as ExecutionInput).seed);
      await this.update(stack.begin('UPDATE_IN_PROGRESS'), id, properties, this.properties(key));
      await this.delete(stack, id, this.properties(key));
    }
    process.env.AWS_ACCESS_KEY_ID = WORKER;
    this.front.calls.length = 0;
  }
}

/** As a snapshot has it: whole blocks. */
function digest(image: Buffer): string {
  const rest = Buffer.alloc(Math.ceil(image.length / BLOCK_SIZE) * BLOCK_SIZE - image.length);
  return createHash('sha256').update(image).update(rest).digest('hex');
}
