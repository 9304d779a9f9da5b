import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Executions } from './executions';
import { digestsKey, journalPrefix, type Completion, type PlannedSeed, type SeedInput, type SeedTask } from '../../lambda/seed/execution';
import { handler } from '../../lambda/seed/index';
import { REQUEST } from '../../lambda/tags';
import { S3Service } from '../../local/platform/s3';
import { systemClock } from '../../seed/clock';
import { planSeed } from '../../seed/plan';
import { pinObject } from '../../seed/s3-source';
import type { SeedMetric } from '../../src/private/seed-metrics';
import { clientConfiguration, serve, type ApiServer } from '../local/platform/api-server';
import { anImage, BLOCK_SIZE, Seeding } from '../seed/seeding';

/** A shard is 256 blocks at least; sparse images of many keep the tests fast. */
const SHARD = 256;

let seeding: Seeding;
let bucket: ApiServer;
let s3: S3Client;
let executions: Executions;
const directory = mkdtempSync(join(tmpdir(), 'seed-steps-'));
const [now, sleep] = [systemClock.now, systemClock.sleep];

beforeAll(async () => {
  seeding = await Seeding.start();
  const objects = new S3Service({ directory });
  await objects.createBucket('images', { region: 'eu-west-1' });
  await objects.createBucket('journals', { region: 'eu-west-1' });
  bucket = await serve((request, response) => objects.handle(request, response));
  s3 = new S3Client({ ...clientConfiguration(bucket.endpoint), forcePathStyle: true });
  executions = new Executions(() => seeding.services.clock.time());
  Object.assign(process.env, { AWS_ENDPOINT_URL_S3: bucket.endpoint, AWS_ENDPOINT_URL_SFN: await executions.listen() });
  systemClock.now = () => seeding.services.clock.time();
  systemClock.sleep = async (milliseconds, signal) => {
    signal?.throwIfAborted();
    seeding.services.clock.advance(milliseconds / 1_000);
  };
  console.log = () => undefined;
});

afterEach(() => seeding.services.control.clearFaults());

afterAll(async () => {
  Object.assign(systemClock, { now, sleep });
  await executions.close();
  await bucket.close();
  s3.destroy();
  await seeding.stop();
  rmSync(directory, { recursive: true });
});

/** An execution that runs, whose steps the test does. */
async function aSeed(image: Buffer, more: Partial<SeedInput> = {}) {
  const name = randomUUID();
  await s3.send(new PutObjectCommand({ Bucket: 'images', Key: name, Body: image }));
  const { object } = await pinObject(s3, 'images', name);
  const seed: SeedInput = {
    identity: { SourceBucket: 'images', SourceKey: name },
    source: object,
    volumeSize: planSeed({ sizeInBytes: image.length }).volumeSize,
    zeroBlocks: 'write',
    verify: 'full',
    requestsPerSecond: 1_000,
    workers: 4,
    journalBucket: 'journals',
    owner: 'Stack/Seed',
    tags: [],
    ...more,
  };
  let stop = (): void => undefined;
  executions.instead = () => new Promise((_, reject) => (stop = () => reject(new Error('the test is over'))));
  const { executionArn: execution = '' } = executions.StartExecution({ name, input: JSON.stringify({ seed }) }) as { executionArn: string };
  const common = { execution, seed };
  const call = async <T>(task: SeedTask, milliseconds = 900_000) => (
    await handler(task, { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => milliseconds }) as T
  );
  const plan = () => call<PlannedSeed>({ ...common, step: 'plan' });
  const write = ({ snapshot, requestsPerSecond, shards }: PlannedSeed, shard: number, milliseconds?: number) => (
    call<{ blocksWritten: number }>({ ...common, step: 'write', snapshot, requestsPerSecond, shard: shards[shard] }, milliseconds)
  );
  return {
    execution,
    plan,
    write,
    complete: (planned: PlannedSeed) => call<Completion>({ ...common, step: 'complete', plan: planned }),
    cleanUp: (planned?: PlannedSeed) => call({ ...common, step: 'clean-up', reached: { plan: planned } }),
    run: () => executions.work(execution, seed),
    journal: () => keys(journalPrefix(execution)),
    end: () => stop(),
    snapshots: () => seeding.transport.find({ Key: REQUEST, Value: name }),
  };
}

async function keys(Prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'journals', Prefix }));
  return Contents.map(({ Key = '' }) => Key);
}

/** Only these blocks are not zeros. */
function sparse(blockCount: number, ...blocks: number[]): Buffer {
  const image = Buffer.alloc(blockCount * BLOCK_SIZE);
  blocks.forEach((block) => image.fill(`block ${block} `, block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE));
  return image;
}

const refusal = { status: 403, type: 'AccessDeniedException', message: 'no' };

test('several shards make one snapshot with the bytes of the image, and nothing is left but its digests', async () => {
  const image = sparse(2 * SHARD + 3, 1, SHARD, 2 * SHARD + 2);
  const seed = await aSeed(image, { zeroBlocks: 'omit' });
  const { snapshotId, blocksWritten } = await seed.run();
  expect(blocksWritten).toBe(3);
  expect((await seeding.contents(snapshotId, image.length)).equals(image)).toBe(true);
  expect(await seed.journal()).toEqual([]);
  expect(await keys(digestsKey(snapshotId))).toHaveLength(1);
  seed.end();
});

test('the first block that is really put is the canary', async () => {
  const seed = await aSeed(sparse(8, 5, 6), { zeroBlocks: 'omit' });
  const before = seeding.calls('PutSnapshotBlock');
  const planned = await seed.plan();
  expect(seeding.calls('PutSnapshotBlock')).toBe(before + 1);
  // Nobody puts it again.
  expect(await seed.write(planned, 0)).toEqual({ blocksWritten: 1 });
  await seed.cleanUp(planned);
  seed.end();
});

test('a plan that cannot put its canary leaves no snapshot', async () => {
  const seed = await aSeed(anImage(2 * BLOCK_SIZE));
  seeding.services.control.injectFault({ service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', nth: 1, times: 1_000, error: refusal });
  await expect(seed.plan()).rejects.toThrow('PutSnapshotBlock of block 0 failed');
  expect(await seed.snapshots()).toEqual([]);
  seed.end();
});

test('a worker whose time is up stores what is done, and its successor goes on from there', async () => {
  const seed = await aSeed(anImage(40 * BLOCK_SIZE));
  const planned = await seed.plan();
  await expect(seed.write(planned, 0, 40_001)).rejects.toMatchObject({ name: 'OutOfTime' });
  const before = seeding.calls('PutSnapshotBlock');
  const { blocksWritten } = await seed.write(planned, 0);
  expect(seeding.calls('PutSnapshotBlock') - before).toBe(blocksWritten);
  expect((await seed.complete(planned)).blocksWritten).toBe(40);
  await seed.cleanUp(planned);
  seed.end();
});

test('a worker that is started twice writes the same, and both journals count', async () => {
  const seed = await aSeed(anImage(20 * BLOCK_SIZE));
  const planned = await seed.plan();
  await Promise.all([seed.write(planned, 0), seed.write(planned, 0)]);
  expect((await seed.journal()).length).toBeGreaterThan(1);
  expect((await seed.complete(planned)).blocksWritten).toBe(20);
  await seed.cleanUp(planned);
  seed.end();
});

test('an object that is no journal of the shard is as good as none', async () => {
  const seed = await aSeed(anImage(4 * BLOCK_SIZE));
  const planned = await seed.plan();
  const [key] = await seed.journal();
  await s3.send(new PutObjectCommand({ Bucket: 'journals', Key: key, Body: 'torn' }));
  expect(await seed.write(planned, 0)).toEqual({ blocksWritten: 4 });
  await seed.cleanUp(planned);
  seed.end();
});

test('a snapshot is not sealed before every shard is written', async () => {
  const seed = await aSeed(sparse(SHARD + 2, 0), { zeroBlocks: 'omit' });
  const planned = await seed.plan();
  await seed.write(planned, 0);
  await expect(seed.complete(planned)).rejects.toThrow(`block ${SHARD}`);
  await seed.cleanUp(planned);
  seed.end();
});

test('a snapshot that a lost worker has sealed is sealed', async () => {
  const seed = await aSeed(anImage(3 * BLOCK_SIZE));
  const planned = await seed.plan();
  await seed.write(planned, 0);
  const first = await seed.complete(planned);
  expect(await seed.complete(planned)).toEqual(first);
  await seed.cleanUp(planned);
  seed.end();
});

test('cleaning up takes snapshot, digests and journal; a worker that lives on adds nothing', async () => {
  const seed = await aSeed(anImage(6 * BLOCK_SIZE));
  const planned = await seed.plan();
  await seed.cleanUp(planned);
  await expect(seed.write(planned, 0)).rejects.toThrow('PutSnapshotBlock');
  expect(await seed.snapshots()).toEqual([]);
  expect(await seed.journal()).toEqual([]);
  expect(await keys(digestsKey(planned.snapshot.snapshotId))).toEqual([]);
  seed.end();
});

test('a worker does not begin for an execution that was stopped', async () => {
  const seed = await aSeed(anImage(2 * BLOCK_SIZE));
  const planned = await seed.plan();
  executions.StopExecution({ executionArn: seed.execution });
  await expect(seed.write(planned, 0)).rejects.toThrow('is ABORTED');
  await seed.cleanUp(planned);
  seed.end();
});

test('a source that changes under the seed is noticed, and nothing is left', async () => {
  const image = anImage(20 * BLOCK_SIZE);
  const seed = await aSeed(image);
  const planned = await seed.plan();
  await s3.send(new PutObjectCommand({ Bucket: 'images', Key: seed.execution.split(':').pop(), Body: Buffer.alloc(image.length, 1) }));
  await expect(seed.write(planned, 0)).rejects.toThrow('is no longer the object');
  await seed.cleanUp(planned);
  expect(await seed.snapshots()).toEqual([]);
  seed.end();
});

test('a change of a longer parent is put where it differs, with zeros over old data', async () => {
  const old = sparse(SHARD + 4, 0, 1, SHARD + 3);
  const parent = await aSeed(old, { zeroBlocks: 'omit' });
  const { snapshotId } = await parent.run();
  parent.end();
  const image = sparse(6, 0, 2);
  const seed = await aSeed(image, { zeroBlocks: 'omit', parent: { snapshotId, blockCount: SHARD + 4 } });
  const changed = await seed.run();
  // 1 and the parent's last are zeros now, 2 is new.
  expect(changed.blocksWritten).toBe(3);
  const whole = Buffer.concat([image, Buffer.alloc(old.length - image.length)]);
  expect((await seeding.contents(changed.snapshotId, whole.length)).equals(whole)).toBe(true);
  seed.end();
});

test.each([['none', 0], ['sample', 3], ['full', 3]] as const)('verify %s reads back %i of three blocks', async (verify, blocks) => {
  const seed = await aSeed(anImage(3 * BLOCK_SIZE), { verify });
  const before = seeding.calls('GetSnapshotBlock');
  await seed.run();
  expect(seeding.calls('GetSnapshotBlock') - before).toBe(blocks);
  seed.end();
});

test('what was added is reported in the embedded metric format', async () => {
  executions.metrics.length = 0;
  const seed = await aSeed(anImage(3 * BLOCK_SIZE));
  await seed.run();
  const lines = executions.metrics.map((line) => JSON.parse(line) as Partial<Record<SeedMetric, number>> & { SnapshotSeed: string });
  const sum = (metric: SeedMetric) => lines.reduce((all, line) => all + (line[metric] ?? 0), 0);
  expect(sum('BlocksWritten')).toBe(3);
  expect(sum('BytesWritten')).toBe(3 * BLOCK_SIZE);
  expect(sum('BlocksVerified')).toBe(3);
  expect(new Set(lines.map(({ SnapshotSeed }) => SnapshotSeed))).toEqual(new Set(['Stack/Seed']));
  seed.end();
});
