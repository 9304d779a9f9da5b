import {
  AddTagsToResourceCommand, DeleteBandwidthRateLimitCommand, DeleteGatewayCommand, DescribeBandwidthRateLimitCommand,
  DescribeGatewayInformationCommand,
  DescribeMaintenanceStartTimeCommand, DescribeSMBSettingsCommand, ListGatewaysCommand, ListLocalDisksCommand,
  ListTagsForResourceCommand, RemoveTagsFromResourceCommand, ShutdownGatewayCommand, StartGatewayCommand, UpdateBandwidthRateLimitCommand,
  UpdateGatewayInformationCommand, UpdateMaintenanceStartTimeCommand,
} from '@aws-sdk/client-storage-gateway';
import { Bench } from '../bench';

let bench: Bench;
let arn: string;
let host: string;

beforeEach(async () => {
  bench = await Bench.start();
  ({ arn, host } = await bench.activate({ name: 'first' }));
});
afterEach(() => bench.stop());

const refused = (errorCode: string, message?: string) =>
  expect.objectContaining({ name: 'InvalidGatewayRequestException', error: { errorCode }, ...(message !== undefined && { message }) });
const describeGateway = () => bench.gateways.send(new DescribeGatewayInformationCommand({ GatewayARN: arn }));

test('a gateway says what it is', async () => {
  expect(arn).toMatch(/^arn:aws:storagegateway:eu-west-1:000000000000:gateway\/sgw-[0-9A-F]{8}$/);
  expect(await describeGateway()).toMatchObject({
    GatewayARN: arn,
    GatewayId: arn.split('/')[1],
    GatewayName: 'first',
    GatewayState: 'RUNNING',
    GatewayTimezone: 'GMT',
    GatewayType: 'CACHED',
    GatewayNetworkInterfaces: [{ Ipv4Address: host }],
    Tags: [],
  });
});

test('an unknown gateway was not found', async () => {
  const unknown = new DescribeGatewayInformationCommand({ GatewayARN: `${arn.slice(0, -8)}00000000` });

  await expect(bench.gateways.send(unknown)).rejects.toEqual(refused('GatewayNotFound', 'The specified gateway was not found.'));
});

test('name, time zone and log group change in place; the empty log group takes it away', async () => {
  const change = (changes: object) => bench.gateways.send(new UpdateGatewayInformationCommand({ GatewayARN: arn, ...changes }));
  const logGroup = 'arn:aws:logs:eu-west-1:000000000000:log-group:health:*';

  expect(await change({ GatewayName: 'second', CloudWatchLogGroupARN: logGroup })).toMatchObject({ GatewayARN: arn, GatewayName: 'second' });
  await change({ GatewayTimezone: 'GMT-4:00' });
  expect(await describeGateway()).toMatchObject({ GatewayName: 'second', GatewayTimezone: 'GMT-4:00', CloudWatchLogGroupARN: logGroup });
  await change({ CloudWatchLogGroupARN: '' });
  expect((await describeGateway()).CloudWatchLogGroupARN).toBeUndefined();
  await expect(change({ GatewayTimezone: 'Paris' })).rejects.toEqual(refused('InvalidParameters'));
});

test('gateways are listed page by page, sorted by ARN', async () => {
  const others = [await bench.activate(), await bench.activate()];
  const first = await bench.gateways.send(new ListGatewaysCommand({ Limit: 2 }));
  const second = await bench.gateways.send(new ListGatewaysCommand({ Limit: 2, Marker: first.Marker }));
  const arns = [...first.Gateways ?? [], ...second.Gateways ?? []].map(({ GatewayARN }) => GatewayARN);

  expect(arns).toEqual([arn, ...others.map((other) => other.arn)].sort());
  expect(second.Marker).toBeUndefined();
  await expect(bench.gateways.send(new ListGatewaysCommand({ Marker: 'made-up' }))).rejects.toEqual(refused('InvalidParameters'));
});

test('pages can be shorter than asked for', async () => {
  const others = await Bench.start({ shortPages: true });
  for (let number = 0; number < 3; number += 1) {
    await others.activate();
  }
  const { Gateways, Marker } = await others.gateways.send(new ListGatewaysCommand({ Limit: 100 }));
  const rest = await others.gateways.send(new ListGatewaysCommand({ Limit: 100, Marker }));
  await others.stop();

  expect([Gateways?.length, rest.Gateways?.length, rest.Marker]).toEqual([2, 1, undefined]);
});

test('while a gateway is shut down it answers little more than what it is', async () => {
  await bench.gateways.send(new ShutdownGatewayCommand({ GatewayARN: arn }));

  expect((await describeGateway()).GatewayState).toBe('SHUTDOWN');
  await expect(bench.gateways.send(new ListLocalDisksCommand({ GatewayARN: arn }))).rejects.toEqual(refused('GatewayNotConnected'));

  await bench.gateways.send(new StartGatewayCommand({ GatewayARN: arn }));
  expect((await describeGateway()).GatewayState).toBe('SHUTDOWN');
  bench.services.clock.advance(2);
  expect((await describeGateway()).GatewayState).toBe('RUNNING');
  await bench.gateways.send(new ListLocalDisksCommand({ GatewayARN: arn }));
});

test('bandwidth limits are absent until they are set, kept when not named, and taken away by direction', async () => {
  const limits = () => bench.gateways.send(new DescribeBandwidthRateLimitCommand({ GatewayARN: arn }));
  const remove = (BandwidthType: string) => bench.gateways.send(new DeleteBandwidthRateLimitCommand({ GatewayARN: arn, BandwidthType }));
  const before = await limits();
  expect([before.AverageUploadRateLimitInBitsPerSec, before.AverageDownloadRateLimitInBitsPerSec]).toEqual([undefined, undefined]);
  await expect(remove('ALL')).rejects.toEqual(refused('BandwidthThrottleScheduleNotFound'));

  await bench.gateways.send(new UpdateBandwidthRateLimitCommand({ GatewayARN: arn, AverageUploadRateLimitInBitsPerSec: 51200 }));
  await bench.gateways.send(new UpdateBandwidthRateLimitCommand({ GatewayARN: arn, AverageDownloadRateLimitInBitsPerSec: 102400 }));
  expect(await limits()).toMatchObject({ AverageUploadRateLimitInBitsPerSec: 51200, AverageDownloadRateLimitInBitsPerSec: 102400 });

  await remove('Upload');
  const after = await limits();
  expect([after.AverageUploadRateLimitInBitsPerSec, after.AverageDownloadRateLimitInBitsPerSec]).toEqual([undefined, 102400]);
  await expect(remove('UPLOAD')).rejects.toEqual(refused('BandwidthThrottleScheduleNotFound'));
  await expect(remove('SIDEWAYS')).rejects.toEqual(refused('InvalidParameters'));
});

test('the maintenance window is there from the start and is only changed whole; zeros are values', async () => {
  const window = () => bench.gateways.send(new DescribeMaintenanceStartTimeCommand({ GatewayARN: arn }));
  const change = (changes: object) => bench.gateways.send(new UpdateMaintenanceStartTimeCommand({ GatewayARN: arn, ...changes }));
  expect((await window()).DayOfWeek).toEqual(expect.any(Number));

  await change({ HourOfDay: 0, MinuteOfHour: 0, DayOfWeek: 0 });
  expect(await window()).toMatchObject({ HourOfDay: 0, MinuteOfHour: 0, DayOfWeek: 0, Timezone: 'GMT' });
  await change({ HourOfDay: 3, MinuteOfHour: 30, DayOfMonth: 28 });
  const monthly = await window();
  expect([monthly.DayOfMonth, monthly.DayOfWeek]).toEqual([28, undefined]);
  await change({ SoftwareUpdatePreferences: { AutomaticUpdatePolicy: 'EMERGENCY_VERSIONS_ONLY' } });
  expect(await window()).toMatchObject({ HourOfDay: 3, SoftwareUpdatePreferences: { AutomaticUpdatePolicy: 'EMERGENCY_VERSIONS_ONLY' } });

  const time = { HourOfDay: 1, MinuteOfHour: 1 };
  for (const partial of [{}, { HourOfDay: 1 }, time, { DayOfWeek: 1 }, { ...time, DayOfWeek: 1, DayOfMonth: 1 }]) {
    await expect(change(partial)).rejects.toEqual(refused('InvalidParameters'));
  }
});

test('settings of file gateways are not valid for this type', async () => {
  await expect(bench.gateways.send(new DescribeSMBSettingsCommand({ GatewayARN: arn })))
    .rejects.toEqual(refused('UnsupportedOperationForGatewayType', 'This operation is not valid for the specified gateway.'));
});

test('tags are added, replaced, listed and removed, and there are fifty at most', async () => {
  const add = (Tags: { Key: string; Value: string }[]) => bench.gateways.send(new AddTagsToResourceCommand({ ResourceARN: arn, Tags }));
  const tags = async () => (await bench.gateways.send(new ListTagsForResourceCommand({ ResourceARN: arn }))).Tags;

  await add([{ Key: 'a', Value: '1' }, { Key: 'b', Value: '' }]);
  await add([{ Key: 'a', Value: '2' }]);
  expect(await tags()).toEqual([{ Key: 'a', Value: '2' }, { Key: 'b', Value: '' }]);
  await bench.gateways.send(new RemoveTagsFromResourceCommand({ ResourceARN: arn, TagKeys: ['b', 'unknown'] }));
  expect(await tags()).toEqual([{ Key: 'a', Value: '2' }]);
  expect((await describeGateway()).Tags).toEqual([{ Key: 'a', Value: '2' }]);

  await expect(add([{ Key: 'aws:owner', Value: 'me' }])).rejects.toEqual(refused('InvalidParameters'));
  await add(Array.from({ length: 49 }, (_, index) => ({ Key: `key-${index}`, Value: '' })));
  await expect(add([{ Key: 'one-more', Value: '' }])).rejects.toEqual(refused('InvalidParameters'));
  const page = await bench.gateways.send(new ListTagsForResourceCommand({ ResourceARN: arn, Limit: 30 }));
  expect([page.Tags?.length, page.Marker === undefined]).toEqual([30, false]);
});

test('a gateway is deleted also while it is out of reach, and is gone then', async () => {
  bench.control.changeAppliance(arn, { connected: false });
  await bench.gateways.send(new DeleteGatewayCommand({ GatewayARN: arn }));

  await expect(bench.gateways.send(new DeleteGatewayCommand({ GatewayARN: arn }))).rejects.toEqual(refused('GatewayNotFound'));
  expect((await bench.gateways.send(new ListGatewaysCommand({}))).Gateways).toEqual([]);
});
