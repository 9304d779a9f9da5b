import { createHash } from 'node:crypto';
import {
  CompleteSnapshotCommand, EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand, PutSnapshotBlockCommand, StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { CreateCachediSCSIVolumeCommand, CreateSnapshotCommand } from '@aws-sdk/client-storage-gateway';
import { Bench, REGION } from './bench';

const BLOCK = Buffer.alloc(524_288, 'content');

let bench: Bench;
let ebs: EBSClient;

beforeEach(async () => {
  bench = await Bench.start();
  ebs = new EBSClient({ endpoint: bench.services.endpoint, region: REGION, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
});
afterEach(() => bench.stop());

async function seed(): Promise<string> {
  const { SnapshotId = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }));
  await ebs.send(new PutSnapshotBlockCommand({
    SnapshotId,
    BlockIndex: 3,
    BlockData: BLOCK,
    DataLength: BLOCK.length,
    ChecksumAlgorithm: 'SHA256',
    Checksum: createHash('sha256').update(BLOCK).digest('base64'),
  }));
  await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 1 }));
  bench.services.clock.advance(10);
  return SnapshotId;
}

test('what was put to a snapshot is in the volume that is made from it, and in the snapshot of that', async () => {
  const gateway = await bench.cachedGateway();
  const { VolumeARN } = await bench.gateways.send(new CreateCachediSCSIVolumeCommand({
    GatewayARN: gateway.arn, SnapshotId: await seed(), VolumeSizeInBytes: 1024 ** 3, TargetName: 'seeded', NetworkInterfaceId: gateway.host, ClientToken: 'token',
  }));
  bench.services.clock.advance(2);
  const { SnapshotId } = await bench.gateways.send(new CreateSnapshotCommand({ VolumeARN, SnapshotDescription: 'of the volume' }));
  bench.services.clock.advance(2);

  const { Blocks = [] } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  expect(Blocks.map(({ BlockIndex }) => BlockIndex)).toEqual([3]);
  const { BlockData } = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex: 3, BlockToken: Blocks[0].BlockToken }));
  expect(BLOCK.equals(Buffer.from(await BlockData?.transformToByteArray() ?? []))).toBe(true);
});
