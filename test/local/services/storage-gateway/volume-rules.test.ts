import { DeleteSnapshotCommand, DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import {
  AddCacheCommand, AddTagsToResourceCommand, CreateCachediSCSIVolumeCommand, CreateSnapshotCommand, CreateSnapshotFromVolumeRecoveryPointCommand,
  DeleteGatewayCommand, DeleteSnapshotScheduleCommand, DeleteVolumeCommand, DescribeCachediSCSIVolumesCommand, DescribeSnapshotScheduleCommand,
  DescribeStorediSCSIVolumesCommand, ListTagsForResourceCommand, ListVolumeRecoveryPointsCommand, ListVolumesCommand, UpdateSnapshotScheduleCommand,
  CreateStorediSCSIVolumeCommand, ListLocalDisksCommand,
  type CreateCachediSCSIVolumeCommandInput,
} from '@aws-sdk/client-storage-gateway';
import { Bench } from '../bench';

const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
const KEY = 'arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012';

let bench: Bench;
let gateway: Awaited<ReturnType<Bench['cachedGateway']>>;

beforeEach(async () => {
  bench = await Bench.start();
  gateway = await bench.cachedGateway();
});
afterEach(() => bench.stop());

const refused = (errorCode: string) => expect.objectContaining({ name: 'InvalidGatewayRequestException', error: { errorCode } });
const status = async (arn: string) =>
  (await bench.gateways.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [arn] }))).CachediSCSIVolumes?.[0].VolumeStatus;

let tokens = 0;
function create(changes: Partial<CreateCachediSCSIVolumeCommandInput> = {}) {
  tokens += 1;
  return bench.gateways.send(new CreateCachediSCSIVolumeCommand({
    GatewayARN: gateway.arn, VolumeSizeInBytes: GIB, TargetName: 'volume', NetworkInterfaceId: gateway.host, ClientToken: `token-${tokens}`, ...changes,
  }));
}

async function snapshotOf(VolumeARN: string) {
  const { SnapshotId = '' } = await bench.gateways.send(new CreateSnapshotCommand({ VolumeARN, SnapshotDescription: 'snapshot' }));
  return SnapshotId;
}

describe('a cached volume', () => {
  test.each([
    ['a size of nothing', { VolumeSizeInBytes: 0 }, 'InvalidParameters'],
    ['more than 32 TiB', { VolumeSizeInBytes: 32 * TIB + 1 }, 'InvalidParameters'],
    ['an address that is not the gateway\'s', { NetworkInterfaceId: '10.0.0.1' }, 'NetworkConfigurationChanged'],
    ['a key without the wish to encrypt', { KMSKey: KEY }, 'InvalidParameters'],
    ['the wish to encrypt without a key', { KMSEncrypted: true }, 'InvalidParameters'],
    ['a snapshot that is not there', { SnapshotId: 'snap-0123456789abcdef0' }, 'SnapshotIdInvalid'],
    ['a reserved tag', { Tags: [{ Key: 'aws:x', Value: '' }] }, 'InvalidParameters'],
  ])('is refused with %s', async (_, changes, errorCode) => {
    await expect(create(changes)).rejects.toEqual(refused(errorCode));
    expect((await bench.gateways.send(new ListVolumesCommand({}))).VolumeInfos).toEqual([]);
  });

  test('can be as large as 32 TiB, and encrypted', async () => {
    const { VolumeARN = '' } = await create({ VolumeSizeInBytes: 32 * TIB, KMSEncrypted: true, KMSKey: KEY });
    const { CachediSCSIVolumes } = await bench.gateways.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [VolumeARN] }));

    expect(CachediSCSIVolumes).toMatchObject([{ VolumeSizeInBytes: 32 * TIB, KMSKey: KEY }]);
  });

  test('has a target name of its own on its gateway', async () => {
    await create({ TargetName: 'taken' });

    await expect(create({ TargetName: 'taken' })).rejects.toEqual(refused('TargetAlreadyExists'));
  });

  test('can have the target name of one that is being deleted', async () => {
    const { VolumeARN } = await create({ TargetName: 'taken' });
    await bench.gateways.send(new DeleteVolumeCommand({ VolumeARN }));

    expect(await create({ TargetName: 'taken' })).toMatchObject({ TargetARN: expect.stringMatching(/:taken$/) });
  });

  test('is one of 32 at most', async () => {
    for (let number = 0; number < 32; number += 1) {
      await create({ TargetName: `volume-${number}` });
    }

    await expect(create({ TargetName: 'one-more' })).rejects.toEqual(refused('MaximumVolumeCountExceeded'));
    const { VolumeInfos = [], Marker } = await bench.gateways.send(new ListVolumesCommand({ GatewayARN: gateway.arn, Limit: 30 }));
    const rest = await bench.gateways.send(new ListVolumesCommand({ GatewayARN: gateway.arn, Marker }));
    expect([VolumeInfos.length, rest.VolumeInfos?.length, rest.Marker]).toEqual([30, 2, undefined]);
  });

  test('needs a cache, and an upload buffer to be of use', async () => {
    const bare = await bench.activate();
    const onBare = { GatewayARN: bare.arn, NetworkInterfaceId: bare.host };
    await expect(create(onBare)).rejects.toEqual(refused('NoDisksAvailable'));
    await bench.gateways.send(new AddCacheCommand({ GatewayARN: bare.arn, DiskIds: ['/dev/xvdb'] }));
    const { VolumeARN = '' } = await create(onBare);
    bench.services.clock.advance(2);

    expect(await status(VolumeARN)).toBe('UPLOAD BUFFER NOT CONFIGURED');
    await expect(snapshotOf(VolumeARN)).rejects.toEqual(refused('VolumeNotReady'));
  });

  test('is refused on a gateway of another type, and by the operations of another type', async () => {
    const stored = await bench.activate({ type: 'STORED' });
    const { VolumeARN = '' } = await create();

    await expect(create({ GatewayARN: stored.arn, NetworkInterfaceId: stored.host })).rejects.toEqual(refused('UnsupportedOperationForGatewayType'));
    await expect(bench.gateways.send(new DescribeStorediSCSIVolumesCommand({ VolumeARNs: [VolumeARN] })))
      .rejects.toEqual(refused('UnsupportedOperationForGatewayType'));
  });

  test('can neither be looked at nor deleted while its gateway is out of reach, but is listed', async () => {
    const { VolumeARN = '' } = await create();
    bench.control.changeAppliance(gateway.applianceId, { connected: false });

    await expect(status(VolumeARN)).rejects.toEqual(refused('GatewayNotConnected'));
    await expect(bench.gateways.send(new DeleteVolumeCommand({ VolumeARN }))).rejects.toEqual(refused('GatewayNotConnected'));
    expect((await bench.gateways.send(new ListVolumesCommand({}))).VolumeInfos).toMatchObject([{ VolumeARN, GatewayARN: gateway.arn }]);
  });

  test('volumes are described sorted by ARN, and only those of one gateway together', async () => {
    const arns = [(await create({ TargetName: 'a' })).VolumeARN ?? '', (await create({ TargetName: 'b' })).VolumeARN ?? ''];
    const other = await bench.cachedGateway();
    const { arn: elsewhere } = await bench.cachedVolume(other);
    const { CachediSCSIVolumes = [] } = await bench.gateways.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [...arns].sort().reverse() }));

    expect(CachediSCSIVolumes.map(({ VolumeARN }) => VolumeARN)).toEqual([...arns].sort());
    await expect(bench.gateways.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [arns[0], elsewhere] }))).rejects.toEqual(refused('InvalidParameters'));
  });

  test('has tags', async () => {
    const { VolumeARN } = await create({ Tags: [{ Key: 'a', Value: '1' }] });
    await bench.gateways.send(new AddTagsToResourceCommand({ ResourceARN: VolumeARN, Tags: [{ Key: 'b', Value: '2' }] }));

    expect((await bench.gateways.send(new ListTagsForResourceCommand({ ResourceARN: VolumeARN }))).Tags)
      .toEqual([{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }]);
  });
});

describe('content', () => {
  test('comes from a completed snapshot or another volume, not from both, and does not shrink', async () => {
    const { VolumeARN: SourceVolumeARN = '' } = await create({ TargetName: 'source', VolumeSizeInBytes: 2 * GIB });
    bench.services.clock.advance(2);
    const SnapshotId = await snapshotOf(SourceVolumeARN);
    const copy = { TargetName: 'copy', VolumeSizeInBytes: 2 * GIB };

    await expect(create({ ...copy, SnapshotId })).rejects.toEqual(refused('SnapshotInProgress'));
    bench.services.clock.advance(2);
    await expect(create({ ...copy, SnapshotId, SourceVolumeARN })).rejects.toEqual(refused('InvalidParameters'));
    await expect(create({ ...copy, SourceVolumeARN, VolumeSizeInBytes: GIB })).rejects.toEqual(refused('InvalidParameters'));
    await expect(create({ ...copy, SourceVolumeARN: `${SourceVolumeARN}0` })).rejects.toEqual(refused('VolumeNotFound'));
    await create({ ...copy, SnapshotId: SnapshotId.toUpperCase().replace('SNAP', 'snap') });
    await create({ ...copy, TargetName: 'clone', SourceVolumeARN });
  });

  test('that is encrypted stays encrypted', async () => {
    const { VolumeARN = '' } = await create({ KMSEncrypted: true, KMSKey: KEY });
    bench.services.clock.advance(2);
    const SnapshotId = await snapshotOf(VolumeARN);
    bench.services.clock.advance(2);
    const { Snapshots } = await bench.ec2.send(new DescribeSnapshotsCommand({}));

    expect(Snapshots).toMatchObject([{ SnapshotId, Encrypted: true, KmsKeyId: KEY }]);
    await expect(create({ TargetName: 'plain', SnapshotId })).rejects.toEqual(refused('InvalidParameters'));
    await create({ TargetName: 'encrypted', SnapshotId, KMSEncrypted: true, KMSKey: KEY });
  });

  test('is got out of a gateway that is out of reach by its recovery point', async () => {
    const { VolumeARN = '' } = await create();
    bench.services.clock.advance(2);
    bench.control.changeAppliance(gateway.applianceId, { connected: false });
    await expect(snapshotOf(VolumeARN)).rejects.toEqual(refused('GatewayNotConnected'));

    const points = await bench.gateways.send(new ListVolumeRecoveryPointsCommand({ GatewayARN: gateway.arn }));
    expect(points.VolumeRecoveryPointInfos).toMatchObject([{ VolumeARN, VolumeSizeInBytes: GIB, VolumeRecoveryPointTime: expect.stringMatching(/^\d{4}-/) }]);
    const { SnapshotId, VolumeRecoveryPointTime } = await bench.gateways.send(
      new CreateSnapshotFromVolumeRecoveryPointCommand({ VolumeARN, SnapshotDescription: 'rescue' }));
    expect(VolumeRecoveryPointTime).toBe(points.VolumeRecoveryPointInfos?.[0].VolumeRecoveryPointTime);
    expect((await bench.ec2.send(new DescribeSnapshotsCommand({}))).Snapshots).toMatchObject([{ SnapshotId, Description: 'rescue' }]);
  });

  test('that is on its way when the gateway is deleted never arrives', async () => {
    const { VolumeARN = '' } = await create();
    bench.services.clock.advance(2);
    const SnapshotId = await snapshotOf(VolumeARN);
    await bench.gateways.send(new DeleteGatewayCommand({ GatewayARN: gateway.arn }));
    bench.services.clock.advance(24 * 3600);

    expect((await bench.ec2.send(new DescribeSnapshotsCommand({}))).Snapshots).toMatchObject([{ SnapshotId, State: 'pending' }]);
    await bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  });
});

describe('the snapshot schedule', () => {
  const describeSchedule = (VolumeARN: string) => bench.gateways.send(new DescribeSnapshotScheduleCommand({ VolumeARN }));
  const remove = (VolumeARN: string) => bench.gateways.send(new DeleteSnapshotScheduleCommand({ VolumeARN }));

  test('of a cached volume is absent until it is set, and again when it is deleted', async () => {
    const { VolumeARN = '' } = await create();
    await expect(describeSchedule(VolumeARN)).rejects.toEqual(refused('SnapshotScheduleNotFound'));
    await expect(remove(VolumeARN)).rejects.toEqual(refused('SnapshotScheduleNotFound'));

    const schedule = { VolumeARN, StartAt: 0, RecurrenceInHours: 24 };
    await bench.gateways.send(new UpdateSnapshotScheduleCommand({ ...schedule, Description: 'nightly', Tags: [{ Key: 'a', Value: '1' }] }));
    expect(await describeSchedule(VolumeARN)).toMatchObject({ ...schedule, Description: 'nightly', Timezone: 'GMT', Tags: [{ Key: 'a', Value: '1' }] });
    await bench.gateways.send(new UpdateSnapshotScheduleCommand({ ...schedule, StartAt: 5 }));
    expect(await describeSchedule(VolumeARN)).toMatchObject({ StartAt: 5, Description: 'nightly', Tags: [{ Key: 'a', Value: '1' }] });

    await remove(VolumeARN);
    await expect(describeSchedule(VolumeARN)).rejects.toEqual(refused('SnapshotScheduleNotFound'));
  });

  test('of a stored volume is there from the start and stays', async () => {
    const stored = await bench.activate({ type: 'STORED' });
    const { Disks = [] } = await bench.gateways.send(new ListLocalDisksCommand({ GatewayARN: stored.arn }));
    const { VolumeARN = '' } = await bench.gateways.send(new CreateStorediSCSIVolumeCommand({
      GatewayARN: stored.arn, DiskId: Disks[0].DiskId, PreserveExistingData: true, TargetName: 'stored', NetworkInterfaceId: stored.host,
    }));

    expect(await describeSchedule(VolumeARN)).toMatchObject({ RecurrenceInHours: 24, Description: expect.stringMatching(/^sgw-.*:vol-.*:Schedule$/) });
    await expect(remove(VolumeARN)).rejects.toEqual(refused('UnsupportedOperationForGatewayType'));
  });
});
