import { DeleteSnapshotCommand, DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import {
  CreateCachediSCSIVolumeCommand, CreateSnapshotCommand, DeleteGatewayCommand, DeleteVolumeCommand, DescribeCachediSCSIVolumesCommand,
  ListVolumeInitiatorsCommand, ListVolumesCommand,
} from '@aws-sdk/client-storage-gateway';
import { Bench } from '../bench';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start();
});
afterEach(() => bench.stop());

async function describe1(arn: string) {
  const { CachediSCSIVolumes = [] } = await bench.gateways.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [arn] }));
  return CachediSCSIVolumes[0];
}

test('a cached volume is created, becomes available, and says where it is reached', async () => {
  const gateway = await bench.cachedGateway();
  const { arn, targetArn } = await bench.cachedVolume(gateway, { targetName: 'db-data', sizeInGiB: 5 });

  expect(targetArn).toBe(`${gateway.arn}/target/iqn.1997-05.com.amazon:db-data`);
  expect((await describe1(arn)).VolumeStatus).toBe('CREATING');

  bench.services.clock.advance(2);

  expect(await describe1(arn)).toMatchObject({
    VolumeARN: arn,
    VolumeStatus: 'AVAILABLE',
    VolumeType: 'CACHED iSCSI',
    VolumeSizeInBytes: 5 * 1024 ** 3,
    VolumeiSCSIAttributes: { TargetARN: targetArn, NetworkInterfaceId: gateway.host, NetworkInterfacePort: 3260, LunNumber: 1, ChapEnabled: false },
  });
});

test('the same token gives the same volume, and another request with it is refused', async () => {
  const gateway = await bench.cachedGateway();
  const first = await bench.cachedVolume(gateway, { targetName: 'a', token: 'token' });

  expect(await bench.cachedVolume(gateway, { targetName: 'a', token: 'token' })).toEqual(first);
  await expect(bench.cachedVolume(gateway, { targetName: 'b', token: 'token' })).rejects.toMatchObject({ error: { errorCode: 'InvalidParameters' } });
});

test('a volume in use is not deleted; a free one is gone after a while', async () => {
  const gateway = await bench.cachedGateway();
  const { arn } = await bench.cachedVolume(gateway);
  bench.services.clock.advance(2);
  bench.control.connectInitiator(arn, '10.0.0.7:49152');

  expect((await bench.gateways.send(new ListVolumeInitiatorsCommand({ VolumeARN: arn }))).Initiators).toEqual(['10.0.0.7:49152']);
  await expect(bench.gateways.send(new DeleteVolumeCommand({ VolumeARN: arn }))).rejects.toMatchObject({ error: { errorCode: 'VolumeInUse' } });

  bench.control.disconnectInitiators(arn);
  await bench.gateways.send(new DeleteVolumeCommand({ VolumeARN: arn }));

  expect((await describe1(arn)).VolumeStatus).toBe('DELETING');
  bench.services.clock.advance(1);
  await expect(describe1(arn)).rejects.toMatchObject({ name: 'InvalidGatewayRequestException', error: { errorCode: 'VolumeNotFound' } });
  expect((await bench.gateways.send(new ListVolumesCommand({}))).VolumeInfos).toEqual([]);
});

test('a snapshot of a volume is seen, completes by itself, makes another volume, and outlives the gateway', async () => {
  const gateway = await bench.cachedGateway();
  const { arn } = await bench.cachedVolume(gateway, { sizeInGiB: 3 });
  bench.services.clock.advance(2);
  const { SnapshotId = '' } = await bench.gateways.send(new CreateSnapshotCommand({ VolumeARN: arn, SnapshotDescription: 'nightly', Tags: [{ Key: 'app', Value: 'db' }] }));
  const snapshots = () => bench.ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag:app', Values: ['d*'] }], OwnerIds: ['self'] }));

  expect((await snapshots()).Snapshots).toMatchObject([{ SnapshotId, State: 'pending', Description: 'nightly', VolumeSize: 3, Tags: [{ Key: 'app', Value: 'db' }] }]);
  await expect(bench.gateways.send(new DeleteVolumeCommand({ VolumeARN: arn }))).rejects.toMatchObject({ error: { errorCode: 'SnapshotInProgress' } });

  bench.services.clock.advance(2);
  expect((await snapshots()).Snapshots).toMatchObject([{ State: 'completed', Progress: '100%' }]);
  const restore = (gib: number) => bench.gateways.send(new CreateCachediSCSIVolumeCommand({
    GatewayARN: gateway.arn, SnapshotId, VolumeSizeInBytes: gib * 1024 ** 3, TargetName: 'restored', NetworkInterfaceId: gateway.host, ClientToken: `restored-${gib}`,
  }));
  await expect(restore(2)).rejects.toMatchObject({ error: { errorCode: 'InvalidParameters' } });
  const { VolumeARN = '' } = await restore(3);
  expect(await describe1(VolumeARN)).toMatchObject({ SourceSnapshotId: SnapshotId });

  await bench.gateways.send(new DeleteGatewayCommand({ GatewayARN: gateway.arn }));
  expect((await bench.gateways.send(new ListVolumesCommand({}))).VolumeInfos).toEqual([]);
  expect((await snapshots()).Snapshots).toHaveLength(1);
  await bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  expect((await snapshots()).Snapshots ?? []).toEqual([]);
});
