import { DeleteSnapshotCommand } from '@aws-sdk/client-ec2';
import { block, digestOf, Direct, indicesOf, refusal } from './direct';
import { Bench } from '../bench';

let bench: Bench;
let direct: Direct;

async function begin(options: { shortPages?: boolean } = {}) {
  bench = await Bench.start({ ebs: { snapshotQuotas: {}, accountQuotas: {}, ...options } });
  direct = new Direct(bench.services);
}
beforeEach(() => begin());
afterEach(() => bench.stop());

test('the blocks that were written are listed in order, and nothing else', async () => {
  const snapshotId = await direct.completed([9, 0, 4], { VolumeSize: 2 });
  const answer = await direct.list(snapshotId);
  expect(indicesOf(answer)).toEqual([0, 4, 9]);
  expect(answer.body).toMatchObject({ VolumeSize: 2, BlockSize: 524_288, ExpiryTime: bench.services.clock.now().getTime() / 1000 + 7 * 86_400 });
  expect(answer.body.NextToken).toBeUndefined();
});

test('a block reads back as it was written, zeros too', async () => {
  const zeros = Buffer.alloc(524_288);
  const snapshotId = await direct.completed([0, 1], {}, (index) => (index === 0 ? block(0) : zeros));
  const tokens = await direct.tokens(snapshotId);
  for (const [index, content] of [[0, block(0)], [1, zeros]] as const) {
    const { status, bytes, headers } = await direct.get(snapshotId, index, tokens.get(index) ?? '');
    expect(status).toBe(200);
    expect(bytes.equals(content)).toBe(true);
    expect(headers.get('x-amz-data-length')).toBe('524288');
    expect(headers.get('x-amz-checksum')).toBe(digestOf(content).toString('base64'));
    expect(headers.get('x-amz-checksum-algorithm')).toBe('SHA256');
  }
});

test.each<[string, (snapshotId: string) => Promise<unknown>]>([
  ['listed', async (snapshotId) => refusal(await direct.list(snapshotId))],
  ['read', async (snapshotId) => refusal(await direct.get(snapshotId, 0, 'AAAA'))],
  ['compared', async (snapshotId) => refusal(await direct.changes(snapshotId, { firstSnapshotId: snapshotId }))],
])('a pending snapshot cannot be %s', async (_, attempt) => {
  const snapshotId = await direct.started();
  await direct.put(snapshotId, 0);
  expect(await attempt(snapshotId)).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
  await direct.complete(snapshotId, 1);
  expect(await attempt(snapshotId)).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
});

test('a snapshot that was deleted cannot be listed', async () => {
  const snapshotId = await direct.completed([0]);
  await bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  expect(refusal(await direct.list(snapshotId))).toEqual([404, 'ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND']);
});

describe('a block token', () => {
  test('is good for its block alone', async () => {
    const snapshotId = await direct.completed([0, 1]);
    const other = await direct.completed([0, 1]);
    const token = (await direct.tokens(snapshotId)).get(0) ?? '';
    const refused = [400, 'ValidationException', 'INVALID_BLOCK_TOKEN'];
    expect(refusal(await direct.get(snapshotId, 1, token))).toEqual(refused);
    expect(refusal(await direct.get(other, 0, token))).toEqual(refused);
    expect(refusal(await direct.get(snapshotId, 0, 'AAAA'))).toEqual(refused);
    expect(refusal(await direct.get(snapshotId, 0, 'not-base64!'))).toEqual(refused);
    expect((await direct.get(snapshotId, 0, token)).status).toBe(200);
  });

  test('expires after seven days', async () => {
    const snapshotId = await direct.completed([0]);
    const token = (await direct.tokens(snapshotId)).get(0) ?? '';
    bench.services.clock.advance(7 * 86_400 - 1);
    expect((await direct.get(snapshotId, 0, token)).status).toBe(200);
    bench.services.clock.advance(1);
    expect(refusal(await direct.get(snapshotId, 0, token))).toEqual([400, 'ValidationException', 'INVALID_BLOCK_TOKEN']);
  });
});

describe('pages', () => {
  const many = Array.from({ length: 250 }, (_, index) => index * 3);
  const zeros = Buffer.alloc(524_288);
  const withMany = () => direct.completed(many, {}, () => zeros);

  test('go on with their token', async () => {
    const snapshotId = await withMany();
    const first = await direct.list(snapshotId, { maxResults: 100 });
    expect(indicesOf(first)).toEqual(many.slice(0, 100));
    const second = await direct.list(snapshotId, { maxResults: 100, pageToken: first.body.NextToken ?? '' });
    expect(indicesOf(second)).toEqual(many.slice(100, 200));
    const third = await direct.list(snapshotId, { maxResults: 100, pageToken: second.body.NextToken ?? '' });
    expect(indicesOf(third)).toEqual(many.slice(200));
    expect(third.body.NextToken).toBeUndefined();
  });

  test('begin at an index or the next one that is there; a token wins', async () => {
    const snapshotId = await withMany();
    expect(indicesOf(await direct.list(snapshotId, { startingBlockIndex: 301, maxResults: 100 })).slice(0, 2)).toEqual([303, 306]);
    const { body } = await direct.list(snapshotId, { maxResults: 100 });
    expect(indicesOf(await direct.list(snapshotId, { startingBlockIndex: 0, pageToken: body.NextToken ?? '' }))[0]).toBe(300);
  });

  test('have tokens that are good for an hour, and for their list alone', async () => {
    const snapshotId = await withMany();
    const other = await withMany();
    const { body: { NextToken = '' } } = await direct.list(snapshotId, { maxResults: 100 });
    const refused = [400, 'ValidationException', 'INVALID_PAGE_TOKEN'];
    expect(refusal(await direct.list(other, { pageToken: NextToken }))).toEqual(refused);
    bench.services.clock.advance(3_600);
    expect(refusal(await direct.list(snapshotId, { pageToken: NextToken }))).toEqual(refused);
  });

  test.each([[100, 99], [10_000, 10_001]])('may have %d blocks, but not %d', async (accepted, refused) => {
    const snapshotId = await direct.completed([0]);
    expect((await direct.list(snapshotId, { maxResults: accepted })).status).toBe(200);
    expect(refusal(await direct.list(snapshotId, { maxResults: refused }))).toEqual([400, 'ValidationException', 'INVALID_PARAMETER_VALUE']);
  });

  test('can be shorter than asked for, and empty, before the end', async () => {
    await bench.stop();
    await begin({ shortPages: true });
    const snapshotId = await withMany();
    const lengths: number[] = [];
    const listed: number[] = [];
    let pageToken: string | undefined;
    do {
      const answer = await direct.list(snapshotId, { maxResults: 100, ...(pageToken && { pageToken }) });
      lengths.push(indicesOf(answer).length);
      listed.push(...indicesOf(answer));
      pageToken = answer.body.NextToken;
    } while (pageToken);
    expect(listed).toEqual(many);
    expect(lengths[0]).toBe(0);
    expect(Math.max(...lengths)).toBeLessThan(100);
  });
});

describe('a lineage', () => {
  test('a snapshot reads as its parent where nothing was written', async () => {
    const parent = await direct.completed([0, 1]);
    const child = await direct.completed([1, 2], { ParentSnapshotId: parent }, (index) => block(index + 100));
    const tokens = await direct.tokens(child);
    expect([...tokens.keys()]).toEqual([0, 1, 2]);
    const contents = await Promise.all([...tokens].map(([index, token]) => direct.get(child, index, token)));
    expect(contents.map(({ bytes }) => bytes.toString('latin1', 0, 9))).toEqual(['block 0 b', 'block 101', 'block 102']);
  });

  test('outlives the parent', async () => {
    const parent = await direct.completed([0]);
    const child = await direct.completed([1], { ParentSnapshotId: parent });
    await bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId: parent }));
    await direct.start();
    const token = (await direct.tokens(child)).get(0) ?? '';
    expect((await direct.get(child, 0, token)).bytes.equals(block(0))).toBe(true);
  });

  test('shows what changed, with the tokens of both sides', async () => {
    const parent = await direct.completed([0, 1]);
    const child = await direct.completed([1, 2], { ParentSnapshotId: parent }, (index) => block(index + 100));
    const { body } = await direct.changes(child, { firstSnapshotId: parent });
    const changed = body.ChangedBlocks as { BlockIndex: number; FirstBlockToken?: string; SecondBlockToken?: string }[];
    expect(changed).toEqual([
      { BlockIndex: 1, FirstBlockToken: expect.any(String), SecondBlockToken: expect.any(String) },
      { BlockIndex: 2, SecondBlockToken: expect.any(String) },
    ]);
    expect((await direct.get(parent, 1, changed[0].FirstBlockToken ?? '')).bytes.equals(block(1))).toBe(true);
    expect((await direct.get(child, 1, changed[0].SecondBlockToken ?? '')).bytes.equals(block(101))).toBe(true);
  });

  test('is needed for a comparison', async () => {
    const [one, other] = [await direct.completed([0]), await direct.completed([0])];
    expect(refusal(await direct.changes(other, { firstSnapshotId: one }))).toEqual([400, 'ValidationException', 'UNRELATED_SNAPSHOTS']);
    expect(refusal(await direct.changes(other))).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
    expect((await direct.changes(other, { firstSnapshotId: other })).status).toBe(200);
  });
});
