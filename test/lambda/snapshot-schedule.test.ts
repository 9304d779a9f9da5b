import { DeleteSnapshotScheduleCommand, DescribeSnapshotScheduleCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { deployGatewayWithDisks, SCHEDULE, scheduleProperties, VOLUME, volumeProperties, type DeployedGateway } from './declared';
import { startStage, type Stage, type StackActor } from './stage';
import { isGone } from '../../lambda/errors';
import { onEvent } from '../../lambda/index';

let stage: Stage;
let stack: StackActor;
let gateway: DeployedGateway;
let volume: string;
let client: StorageGatewayClient;

beforeAll(async () => {
  stage = await startStage();
  client = new StorageGatewayClient({});
});
afterAll(() => stage.close());
beforeEach(async () => {
  stack = stage.stack();
  gateway = await deployGatewayWithDisks(stage, stack);
  volume = (await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id))).id;
});
afterEach(() => stage.services.control.clearFaults());

async function schedule() {
  try {
    const { StartAt, RecurrenceInHours, Description, Tags } = await client.send(new DescribeSnapshotScheduleCommand({ VolumeARN: volume }));
    return { StartAt, RecurrenceInHours, Description, Tags };
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw error;
  }
}
const since = () => {
  const seen = stage.services.control.state().calls.length;
  return () => stage.services.control.state().calls.slice(seen).map(({ operation }) => operation);
};

test('a schedule is made, in the time zone of the gateway', async () => {
  const properties = scheduleProperties(volume, { Description: 'nightly', Tags: [{ Key: 'keep', Value: 'month' }] });
  await expect(stack.create(SCHEDULE, 'Schedule', properties)).resolves.toEqual({ id: `${volume}/snapshot-schedule`, data: { Timezone: 'GMT+1:00' } });
  expect(await schedule()).toEqual({ StartAt: 3, RecurrenceInHours: 24, Description: 'nightly', Tags: [{ Key: 'keep', Value: 'month' }] });
});

test('the same Create again changes nothing', async () => {
  const event = stack.event('Create', SCHEDULE, 'Schedule', scheduleProperties(volume));
  const { PhysicalResourceId } = await onEvent(event);
  const made = await schedule();
  await expect(onEvent(event)).resolves.toMatchObject({ PhysicalResourceId });
  expect(await schedule()).toEqual(made);
});

describe('an update', () => {
  test('is made in place, and rolled back', async () => {
    const properties = scheduleProperties(volume);
    const wanted = scheduleProperties(volume, { StartAt: '5', RecurrenceInHours: '12', Tags: [{ Key: 'keep', Value: 'month' }] });
    const { id } = await stack.create(SCHEDULE, 'Schedule', properties);
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(SCHEDULE, 'Schedule', id, properties, wanted)).resolves.toMatchObject({ id });
    expect(await schedule()).toMatchObject({ StartAt: 5, RecurrenceInHours: 12, Tags: [{ Key: 'keep', Value: 'month' }] });
    await stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(SCHEDULE, 'Schedule', id, wanted, properties);
    expect(await schedule()).toMatchObject({ StartAt: 3, RecurrenceInHours: 24, Tags: [] });
  });

  test('that changes nothing writes nothing', async () => {
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'Schedule', properties);
    const calls = since();
    await stack.begin('UPDATE_IN_PROGRESS').update(SCHEDULE, 'Schedule', id, properties, { ...properties });
    expect(calls()).not.toContain('UpdateSnapshotSchedule');
  });

  test('puts back what somebody changed by hand', async () => {
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'Schedule', properties);
    await client.send(new DeleteSnapshotScheduleCommand({ VolumeARN: volume }));
    await stack.begin('UPDATE_IN_PROGRESS').update(SCHEDULE, 'Schedule', id, properties, { ...properties });
    expect(await schedule()).toMatchObject({ StartAt: 3 });
  });

  test('to another volume is a replacement', async () => {
    const other = (await stack.create(VOLUME, 'Other', volumeProperties(gateway.id, { TargetName: 'other' }))).id;
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'Schedule', properties);
    const replaced = await stack.begin('UPDATE_IN_PROGRESS').update(SCHEDULE, 'Schedule', id, properties, scheduleProperties(other));
    expect(replaced.id).toBe(`${other}/snapshot-schedule`);
    await stack.turn('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS').delete(SCHEDULE, 'Schedule', id, properties);
    expect(await schedule()).toBeUndefined();
  });
});

describe('a deletion', () => {
  test('removes the schedule, twice', async () => {
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'Schedule', properties);
    stack.begin('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    await stack.delete(SCHEDULE, 'Schedule', id, properties);
    expect(await schedule()).toBeUndefined();
    await stack.delete(SCHEDULE, 'Schedule', id, properties);
  });

  test('leaves a volume of the stack as it is while the whole stack goes', async () => {
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'Schedule', properties);
    await stack.begin('DELETE_IN_PROGRESS').delete(SCHEDULE, 'Schedule', id, properties);
    expect(await schedule()).toMatchObject({ StartAt: 3 });
  });

  test('takes the schedule from a volume of another stack, also while the whole stack goes', async () => {
    const other = stage.stack();
    const properties = scheduleProperties(volume);
    const { id } = await other.create(SCHEDULE, 'Schedule', properties);
    await other.begin('DELETE_IN_PROGRESS').delete(SCHEDULE, 'Schedule', id, properties);
    expect(await schedule()).toBeUndefined();
  });

  test('of the old name of a construct leaves the schedule to the new one', async () => {
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'OldName', properties);
    await stack.begin('UPDATE_IN_PROGRESS').create(SCHEDULE, 'NewName', scheduleProperties(volume, { StartAt: '4' }));
    await stack.turn('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS').delete(SCHEDULE, 'OldName', id, properties);
    expect(await schedule()).toMatchObject({ StartAt: 4 });
  });

  test('of a construct whose new name was deleted before removes the schedule', async () => {
    const properties = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'OldName', properties);
    await stack.begin('UPDATE_IN_PROGRESS').create(SCHEDULE, 'NewName', properties);
    stack.state.statuses.set('NewName', 'DELETE_COMPLETE');
    await stack.turn('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS').delete(SCHEDULE, 'OldName', id, properties);
    expect(await schedule()).toBeUndefined();
  });

  test('of a cancelled Create removes the schedule that it made', async () => {
    const properties = scheduleProperties(volume);
    await onEvent(stack.event('Create', SCHEDULE, 'Schedule', properties));
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(SCHEDULE, 'Schedule', 'Stack-Schedule-1ABCDEF', properties);
    expect(await schedule()).toBeUndefined();
  });

  test('of a cancelled Create leaves another schedule alone', async () => {
    await stack.create(SCHEDULE, 'First', scheduleProperties(volume, { StartAt: '9' }));
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(SCHEDULE, 'Schedule', 'Stack-Schedule-1ABCDEF', scheduleProperties(volume));
    expect(await schedule()).toMatchObject({ StartAt: 9 });
  });
});
