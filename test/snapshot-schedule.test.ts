import { Duration, Size, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { VOLUME_ARN, aGateway, aStack } from './declarations';
import { CachedVolume, SnapshotSchedule, type SnapshotScheduleOptions } from '../src';

const SCHEDULE = 'Custom::StorageGatewaySnapshotSchedule';
const NIGHTLY: SnapshotScheduleOptions = { startAt: 2, recurrence: Duration.days(1) };

const aVolume = (stack = aStack()) => aGateway(stack).addVolume('Data', { volumeSize: Size.gibibytes(1) });

test('a schedule is sent to the service in its own words', () => {
  const stack = aStack();
  aVolume(stack).addSnapshotSchedule('Nightly', { startAt: 0, recurrence: Duration.minutes(60), description: 'the hourly one' });
  Template.fromStack(stack).hasResourceProperties(SCHEDULE, {
    VolumeARN: { 'Fn::GetAtt': [Match.stringLikeRegexp('^GatewayData'), 'VolumeARN'] },
    StartAt: '0',
    RecurrenceInHours: '1',
    Description: 'the hourly one',
    Tags: Match.absent(),
  });
});

test('a schedule knows the zone of its hours', () => {
  const stack = aStack();
  const { timezone } = aVolume(stack).addSnapshotSchedule('Nightly', NIGHTLY);
  expect(stack.resolve(timezone)).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^GatewayDataNightly/), 'Timezone'] });
});

test('the snapshots carry their own tags and those that reach the schedule', () => {
  const stack = aStack();
  const schedule = aVolume(stack).addSnapshotSchedule('Nightly', { ...NIGHTLY, snapshotTags: { Backup: 'nightly' } });
  Tags.of(schedule).add('CostCenter', '4711');
  Template.fromStack(stack).hasResourceProperties(SCHEDULE, { Tags: [{ Key: 'Backup', Value: 'nightly' }, { Key: 'CostCenter', Value: '4711' }] });
});

test('a volume from elsewhere can have a schedule', () => {
  const stack = aStack();
  new SnapshotSchedule(stack, 'Nightly', { ...NIGHTLY, volume: CachedVolume.fromVolumeArn(stack, 'Imported', VOLUME_ARN) });
  Template.fromStack(stack).hasResourceProperties(SCHEDULE, { VolumeARN: VOLUME_ARN });
});

test.each([1, 2, 4, 8, 12, 24])('recurs every %d hours', (hours) => {
  expect(() => aVolume().addSnapshotSchedule('Schedule', { startAt: 2, recurrence: Duration.hours(hours) })).not.toThrow();
});

test.each<[Partial<SnapshotScheduleOptions>, string]>([
  [{ startAt: 24 }, "'startAt' must be a whole number from 0 to 23, got 24"],
  [{ startAt: -1 }, "'startAt' must be a whole number from 0 to 23, got -1"],
  [{ startAt: 2.5 }, "'startAt' must be a whole number from 0 to 23, got 2.5"],
  [{ recurrence: Duration.hours(3) }, "'recurrence' must be 1, 2, 4, 8, 12 or 24 hours, got 3"],
  [{ recurrence: Duration.minutes(30) }, "'recurrence' must be 1, 2, 4, 8, 12 or 24 hours, got 0.5"],
  [{ recurrence: Duration.days(2) }, "'recurrence' must be 1, 2, 4, 8, 12 or 24 hours, got 48"],
  [{ description: '' }, "'description' must be 1 to 255 characters, got \"\""],
  [{ description: 'd'.repeat(256) }, `'description' must be 1 to 255 characters, got "${'d'.repeat(256)}"`],
])('fails for %j', (options, message) => {
  expect(() => aVolume().addSnapshotSchedule('Schedule', { ...NIGHTLY, ...options })).toThrow(message);
});

test('fails for a second schedule of the same volume', () => {
  const volume = aVolume();
  volume.addSnapshotSchedule('Nightly', NIGHTLY);
  expect(() => volume.addSnapshotSchedule('Hourly', { startAt: 0, recurrence: Duration.hours(1) })).toThrow(
    "'volume' must not have another snapshot schedule, got Branch/Gateway/Data, which has Branch/Gateway/Data/Nightly",
  );
});
