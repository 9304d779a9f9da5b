import {
  AddCacheCommand, AddUploadBufferCommand, AddWorkingStorageCommand, CreateStorediSCSIVolumeCommand, DeleteVolumeCommand, DescribeCacheCommand,
  DescribeStorediSCSIVolumesCommand, DescribeUploadBufferCommand, DescribeWorkingStorageCommand, ListLocalDisksCommand,
} from '@aws-sdk/client-storage-gateway';
import { Bench } from '../bench';

const GIB = 1024 ** 3;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start();
});
afterEach(() => bench.stop());

const refused = (errorCode: string) => expect.objectContaining({ name: 'InvalidGatewayRequestException', error: { errorCode } });
const disksOf = async (GatewayARN: string) => (await bench.gateways.send(new ListLocalDisksCommand({ GatewayARN }))).Disks ?? [];
const addCache = (GatewayARN: string, ...DiskIds: string[]) => bench.gateways.send(new AddCacheCommand({ GatewayARN, DiskIds }));
const addBuffer = (GatewayARN: string, ...DiskIds: string[]) => bench.gateways.send(new AddUploadBufferCommand({ GatewayARN, DiskIds }));

test('a cached gateway calls a free disk by its path and renames it when it takes it; path and node stay', async () => {
  const { arn } = await bench.activate();
  const before = (await disksOf(arn))[0];
  expect(before).toMatchObject({ DiskId: '/dev/xvdb', DiskPath: '/dev/xvdb', DiskNode: '/dev/sdb', DiskAllocationType: 'AVAILABLE', DiskStatus: 'present' });

  await addCache(arn, '/dev/xvdb');

  const after = (await disksOf(arn))[0];
  expect(after).toMatchObject({ DiskId: expect.stringMatching(UUID), DiskPath: '/dev/xvdb', DiskNode: '/dev/sdb', DiskAllocationType: 'CACHE STORAGE' });
  const cache = await bench.gateways.send(new DescribeCacheCommand({ GatewayARN: arn }));
  expect(cache).toMatchObject({ DiskIds: [after.DiskId], CacheAllocatedInBytes: 150 * GIB });
});

test('allocation is additive and one way', async () => {
  const { arn } = await bench.activate();
  await addBuffer(arn, '/dev/xvdb', '/dev/xvdc');
  await addBuffer(arn, '/dev/xvdd');

  const buffer = await bench.gateways.send(new DescribeUploadBufferCommand({ GatewayARN: arn }));
  expect(buffer).toMatchObject({ UploadBufferAllocatedInBytes: (150 + 165 + 180) * GIB, UploadBufferUsedInBytes: 0 });
  expect(buffer.DiskIds).toEqual((await disksOf(arn)).slice(0, 3).map(({ DiskId }) => DiskId));
  await expect(addBuffer(arn, '/dev/xvdb')).rejects.toEqual(refused('DiskAlreadyAllocated'));
  await expect(addCache(arn, '/dev/xvdb')).rejects.toEqual(refused('DiskAlreadyAllocated'));
  await expect(addCache(arn, '/dev/xvde', '/dev/nowhere')).rejects.toEqual(refused('DiskDoesNotExist'));
  await expect(addCache(arn)).rejects.toEqual(refused('InvalidParameters'));
  expect((await disksOf(arn)).filter(({ DiskAllocationType }) => DiskAllocationType === 'CACHE STORAGE')).toEqual([]);
});

test('there is a limit to each role', async () => {
  const disks = ['b', 'c', 'd'].map((letter) => ({ node: `/dev/sd${letter}`, sizeInBytes: 1024 * GIB }));
  const { arn } = await bench.activate({ disks });
  await addBuffer(arn, '/dev/xvdb', '/dev/xvdc');

  await expect(addBuffer(arn, '/dev/xvdd')).rejects.toEqual(refused('LocalStorageLimitExceeded'));
});

test('disks can be attached later, and can fail', async () => {
  const { arn, applianceId } = await bench.activate({ disks: [{ node: 'SCSI (0:1)', sizeInBytes: 10 * GIB }] });
  bench.control.changeAppliance(applianceId, { attachDisk: { node: '/dev/sdz', sizeInBytes: 20 * GIB } });

  expect(await disksOf(arn)).toMatchObject([{ DiskNode: 'SCSI (0:1)', DiskPath: '/dev/nvme1n1' }, { DiskNode: '/dev/sdz', DiskSizeInBytes: 20 * GIB }]);
  bench.control.changeAppliance(arn, { failDisk: '/dev/sdz' });
  expect((await disksOf(arn))[1].DiskStatus).toBe('missing');
  await expect(addCache(arn, '/dev/xvdz')).rejects.toEqual(refused('DiskDoesNotExist'));
});

test('each type of gateway has its own roles', async () => {
  const stored = await bench.activate({ type: 'STORED' });
  const cached = await bench.activate({ type: 'CACHED' });

  await expect(addCache(stored.arn, '/dev/xvdb')).rejects.toEqual(refused('UnsupportedOperationForGatewayType'));
  await expect(bench.gateways.send(new DescribeCacheCommand({ GatewayARN: stored.arn }))).rejects.toEqual(refused('UnsupportedOperationForGatewayType'));
  await expect(bench.gateways.send(new AddWorkingStorageCommand({ GatewayARN: cached.arn, DiskIds: ['/dev/xvdb'] })))
    .rejects.toEqual(refused('UnsupportedOperationForGatewayType'));
});

test('a stored gateway keeps the names of its disks, holds volumes on them, and frees them again', async () => {
  const { arn, host } = await bench.activate({ type: 'STORED' });
  const [buffer, data] = await disksOf(arn);
  await bench.gateways.send(new AddWorkingStorageCommand({ GatewayARN: arn, DiskIds: [buffer.DiskId ?? ''] }));
  expect((await bench.gateways.send(new DescribeWorkingStorageCommand({ GatewayARN: arn }))).DiskIds).toEqual([buffer.DiskId]);

  const create = () => bench.gateways.send(new CreateStorediSCSIVolumeCommand({
    GatewayARN: arn, DiskId: data.DiskId, PreserveExistingData: false, TargetName: 'data', NetworkInterfaceId: host,
  }));
  const { VolumeARN = '', VolumeSizeInBytes } = await create();
  expect(VolumeSizeInBytes).toBe(data.DiskSizeInBytes);
  await expect(create()).rejects.toEqual(refused('DiskAlreadyAllocated'));
  const status = async () => (await bench.gateways.send(new DescribeStorediSCSIVolumesCommand({ VolumeARNs: [VolumeARN] }))).StorediSCSIVolumes?.[0];
  expect(await status()).toMatchObject({ VolumeStatus: 'CREATING', VolumeDiskId: data.DiskId, VolumeType: 'STORED iSCSI', PreservedExistingData: false });
  bench.services.clock.advance(2);
  expect((await status())?.VolumeStatus).toBe('BOOTSTRAPPING');
  bench.services.clock.advance(2);
  expect((await status())?.VolumeStatus).toBe('AVAILABLE');
  expect((await disksOf(arn))[1]).toMatchObject({ DiskId: data.DiskId, DiskAllocationType: 'STORED iSCSI VOLUME' });

  await bench.gateways.send(new DeleteVolumeCommand({ VolumeARN }));
  expect((await disksOf(arn))[1]).toMatchObject({ DiskId: data.DiskId, DiskAllocationType: 'AVAILABLE' });
});
