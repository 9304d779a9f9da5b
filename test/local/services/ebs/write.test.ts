import { DescribeSnapshotsCommand, DeleteSnapshotCommand } from '@aws-sdk/client-ec2';
import { BLOCK_SIZE, block, digestOf, Direct, linear, refusal } from './direct';
import { Bench } from '../bench';

let bench: Bench;
let direct: Direct;

beforeEach(async () => {
  bench = await Bench.start({ ebs: { snapshotQuotas: {}, accountQuotas: {} } });
  direct = new Direct(bench.services);
});
afterEach(() => bench.stop());

async function stateOf(snapshotId: string) {
  const { Snapshots } = await bench.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }));
  return Snapshots?.[0].State;
}

test('a block is answered with its checksum', async () => {
  const { status, headers } = await direct.put(await direct.started(), 0);
  expect(status).toBe(201);
  expect(headers.get('x-amz-checksum')).toBe(digestOf(block(0)).toString('base64'));
  expect(headers.get('x-amz-checksum-algorithm')).toBe('SHA256');
});

test.each<[string, Parameters<Direct['put']> extends [string, ...infer Rest] ? Rest : never, unknown[]]>([
  ['an index beyond the volume', [2048], ['ValidationException', 'INVALID_BLOCK']],
  ['a negative index', [-1], ['ValidationException', 'INVALID_BLOCK']],
  ['a block that is too short', [0, Buffer.alloc(BLOCK_SIZE - 1)], ['ValidationException', 'INVALID_BLOCK']],
  ['a block that is too long', [0, Buffer.alloc(BLOCK_SIZE + 1)], ['ValidationException', 'INVALID_BLOCK']],
  ['another length', [0, block(0), { 'x-amz-data-length': '512' }], ['ValidationException', 'INVALID_PARAMETER_VALUE']],
  ['the digest of other bytes', [0, block(0), { 'x-amz-checksum': digestOf(block(1)).toString('base64') }], ['ValidationException', 'INVALID_BLOCK']],
  ['a digest in hexadecimal', [0, block(0), { 'x-amz-checksum': digestOf(block(0)).toString('hex') }], ['ValidationException', 'INVALID_BLOCK']],
  ['another algorithm', [0, block(0), { 'x-amz-checksum-algorithm': 'MD5' }], ['ValidationException', 'INVALID_PARAMETER_VALUE']],
  ['a progress above 100', [0, block(0), { 'x-amz-progress': '101' }], ['ValidationException', 'INVALID_PARAMETER_VALUE']],
])('a block is refused with %s', async (_, args, [type, reason]) => {
  const snapshotId = await direct.started();
  expect(refusal(await direct.put(snapshotId, ...args))).toEqual([400, type, reason]);
  expect((await direct.put(snapshotId, 2047, block(2047), { 'x-amz-progress': '100' })).status).toBe(201);
});

test('a snapshot that is not there takes no block', async () => {
  expect(refusal(await direct.put('snap-0123456789abcdef0', 0))).toEqual([404, 'ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND']);
});

test('a snapshot that was deleted while it was pending takes no block', async () => {
  const snapshotId = await direct.started();
  await bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  expect(refusal(await direct.put(snapshotId, 0))).toEqual([404, 'ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND']);
});

test('a block that is put again replaces the first and counts once', async () => {
  const snapshotId = await direct.started();
  await direct.put(snapshotId, 3, block(1));
  await direct.put(snapshotId, 3, block(2));
  expect((await direct.complete(snapshotId, 1)).status).toBe(202);
  bench.services.clock.advance(5);
  const token = (await direct.tokens(snapshotId)).get(3) ?? '';
  expect((await direct.get(snapshotId, 3, token)).bytes.equals(block(2))).toBe(true);
});

describe('completion', () => {
  test('takes the count, the aggregate over the digests in order, and its time', async () => {
    const snapshotId = await direct.started();
    await direct.put(snapshotId, 7);
    await direct.put(snapshotId, 2);
    const answer = await direct.complete(snapshotId, 2, {
      'x-amz-checksum': linear([digestOf(block(2)), digestOf(block(7))]),
      'x-amz-checksum-algorithm': 'SHA256',
      'x-amz-checksum-aggregation-method': 'LINEAR',
    });
    expect([answer.status, answer.body]).toEqual([202, { Status: 'pending' }]);
    expect(await stateOf(snapshotId)).toBe('pending');
    bench.services.clock.advance(2);
    expect(await stateOf(snapshotId)).toBe('completed');
  });

  const aggregate = (digests: Buffer[], others: Record<string, string> = {}) => ({
    'x-amz-checksum': linear(digests), 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-aggregation-method': 'LINEAR', ...others,
  });

  test.each<[string, number, Record<string, string>]>([
    ['another count', 1, {}],
    ['an aggregate in another order', 2, aggregate([digestOf(block(1)), digestOf(block(0))])],
    ['an aggregate without its method', 2, { 'x-amz-checksum': linear([digestOf(block(0)), digestOf(block(1))]), 'x-amz-checksum-algorithm': 'SHA256' }],
    ['another method', 2, aggregate([digestOf(block(0)), digestOf(block(1))], { 'x-amz-checksum-aggregation-method': 'TREE' })],
    ['another algorithm', 2, aggregate([digestOf(block(0)), digestOf(block(1))], { 'x-amz-checksum-algorithm': 'SHA512' })],
    ['a negative count', -1, {}],
  ])('is refused with %s, and the snapshot stays writable', async (_, count, headers) => {
    const snapshotId = await direct.started();
    await direct.put(snapshotId, 0);
    await direct.put(snapshotId, 1);
    expect(refusal(await direct.complete(snapshotId, count, headers))).toEqual([400, 'ValidationException', 'INVALID_PARAMETER_VALUE']);
    expect((await direct.put(snapshotId, 2)).status).toBe(201);
  });

  test('seals the snapshot', async () => {
    const snapshotId = await direct.started();
    await direct.put(snapshotId, 0);
    await direct.complete(snapshotId, 1);
    for (const later of [0, 5]) {
      bench.services.clock.advance(later);
      expect(refusal(await direct.put(snapshotId, 1))).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
      expect(refusal(await direct.complete(snapshotId, 1))).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
    }
  });
});

describe('the timeout', () => {
  test('ends a snapshot to which nothing is written in error', async () => {
    const snapshotId = await direct.started({ Timeout: 10 });
    bench.services.clock.advance(599);
    expect(await stateOf(snapshotId)).toBe('pending');
    bench.services.clock.advance(2);
    expect(await stateOf(snapshotId)).toBe('error');
    expect(refusal(await direct.put(snapshotId, 0))).toEqual([400, 'ValidationException', 'INVALID_SNAPSHOT_ID']);
  });

  test('begins again with every block', async () => {
    const snapshotId = await direct.started({ Timeout: 10 });
    for (let index = 0; index < 4; index++) {
      bench.services.clock.advance(400);
      expect((await direct.put(snapshotId, index)).status).toBe(201);
    }
  });

  test('is an hour where none is given', async () => {
    const snapshotId = await direct.started();
    bench.services.clock.advance(3_599);
    expect(await stateOf(snapshotId)).toBe('pending');
    bench.services.clock.advance(2);
    expect(await stateOf(snapshotId)).toBe('error');
  });

  test('does not touch a snapshot that was completed', async () => {
    const snapshotId = await direct.completed([0], { Timeout: 10 });
    bench.services.clock.advance(10_000);
    expect(await stateOf(snapshotId)).toBe('completed');
  });
});
