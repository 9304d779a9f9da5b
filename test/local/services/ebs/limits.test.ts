import { EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand, PutSnapshotBlockCommand, StartSnapshotCommand, CompleteSnapshotCommand } from '@aws-sdk/client-ebs';
import { block, BLOCK_SIZE, digestOf, Direct, refusal } from './direct';
import { startLocalServices, type LocalServices, type LocalServicesOptions } from '../../../../local/services';

let services: LocalServices;
let direct: Direct;

async function begin(ebs: LocalServicesOptions['ebs']) {
  services = await startLocalServices({ clock: 'frozen', ebs });
  direct = new Direct(services);
}
afterEach(() => services.close());

/** One request, and the next one after a quarter of an hour. */
const HARDLY_ANY = 0.001;

test('a snapshot takes so many blocks a second, and another one as many', async () => {
  await begin({ snapshotQuotas: { PutSnapshotBlock: HARDLY_ANY }, accountQuotas: {} });
  for (const snapshotId of [await direct.started(), await direct.started()]) {
    expect((await direct.put(snapshotId, 0)).status).toBe(201);
    expect(refusal(await direct.put(snapshotId, 1))).toEqual([400, 'RequestThrottledException', 'RESOURCE_LEVEL_THROTTLE']);
  }
});

test('an account makes so many requests a second, whatever the snapshot', async () => {
  await begin({ snapshotQuotas: {}, accountQuotas: { PutSnapshotBlock: HARDLY_ANY } });
  expect((await direct.put(await direct.started(), 0)).status).toBe(201);
  expect(refusal(await direct.put(await direct.started(), 0))).toEqual([400, 'ThrottlingException', undefined]);
});

test('a snapshot that was just started can be unknown for a while', async () => {
  await begin({ invisibleForSeconds: 60 });
  const snapshotId = await direct.started();
  services.clock.advance(59);
  expect(refusal(await direct.put(snapshotId, 0))).toEqual([404, 'ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND']);
  services.clock.advance(1);
  expect((await direct.put(snapshotId, 0)).status).toBe(201);
});

test('the SDK writes and reads a snapshot', async () => {
  await begin({});
  const client = new EBSClient({ endpoint: services.endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  const { SnapshotId } = await client.send(new StartSnapshotCommand({ VolumeSize: 1, Timeout: 10 }));
  const Checksum = digestOf(block(5)).toString('base64');
  await client.send(new PutSnapshotBlockCommand({
    SnapshotId, BlockIndex: 5, BlockData: block(5), DataLength: BLOCK_SIZE, Checksum, ChecksumAlgorithm: 'SHA256',
  }));
  await client.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 1 }));
  services.clock.advance(2);
  const { Blocks = [], ExpiryTime } = await client.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  expect(Blocks).toHaveLength(1);
  expect(ExpiryTime).toEqual(new Date(services.clock.now().getTime() + 7 * 86_400_000));
  const { BlockData } = await client.send(new GetSnapshotBlockCommand({ SnapshotId, ...Blocks[0] } as never));
  expect(Buffer.from(await BlockData?.transformToByteArray() ?? []).equals(block(5))).toBe(true);
  client.destroy();
});
