import type { CdkCustomResourceEvent } from 'aws-lambda';
import { CACHE, deployGateway, deployGatewayWithDisks, GATEWAY, gatewayProperties, SCHEDULE, scheduleProperties, VOLUME, volumeProperties } from './declared';
import { startStage, type Stage, type StackActor } from './stage';
import { askForKey } from '../../lambda/activation-key/exchange';
import { onEvent } from '../../lambda/index';

/* Lambda delivers an asynchronous event a second time while the first delivery is still at work, when it has lost sight of the function. */

let stage: Stage;
let stack: StackActor;

beforeAll(async () => (stage = await startStage()));
beforeEach(() => (stack = stage.stack()));
afterAll(() => stage.close());

const twice = (event: CdkCustomResourceEvent) => Promise.all([onEvent(event), onEvent(event)]);
const state = () => stage.services.control.state();

async function idOfBoth(event: CdkCustomResourceEvent): Promise<string | undefined> {
  const [one, other] = await twice(event);
  expect(one.PhysicalResourceId).toBe(other.PhysicalResourceId);
  return one.PhysicalResourceId;
}

test('a Create of a gateway by address makes one gateway', async () => {
  const appliance = await stage.services.control.createAppliance();
  const before = state().gateways.length;
  const id = await idOfBoth(stack.event('Create', GATEWAY, 'Gateway', gatewayProperties(appliance.address)));
  expect(stage.services.control.appliance(appliance.id).gatewayArn).toBe(id);
  expect(state().gateways).toHaveLength(before + 1);
});

test('a Create of a gateway by key makes one gateway', async () => {
  const { address, id: appliance } = await stage.services.control.createAppliance();
  const { key: ActivationKey } = await askForKey({ address, activationRegion: 'eu-central-1', gatewayType: 'CACHED' });
  const id = await idOfBoth(stack.event('Create', GATEWAY, 'Gateway', { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey }));
  expect(stage.services.control.appliance(appliance).gatewayArn).toBe(id);
});

test('a Create of a cache allocates the disks once', async () => {
  const { id: GatewayARN, appliance } = await deployGateway(stage, stack);
  await idOfBoth(stack.event('Create', CACHE, 'Cache', { GatewayARN, Disks: [{ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdd' }] }));
  const allocated = stage.services.control.appliance(appliance.id).disks.filter(({ allocation }) => allocation !== 'AVAILABLE');
  expect(allocated.map(({ node }) => node)).toEqual(['/dev/sdb', '/dev/sdd']);
});

describe('on a gateway,', () => {
  let gateway: string;
  beforeEach(async () => (gateway = (await deployGatewayWithDisks(stage, stack)).id));
  const volumes = () => state().volumes.filter(({ arn, status }) => arn.startsWith(gateway) && status !== 'DELETING').map(({ arn }) => arn);

  test('a Create of a volume makes one volume', async () => {
    const id = await idOfBoth(stack.event('Create', VOLUME, 'Volume', volumeProperties(gateway)));
    expect(volumes()).toEqual([id]);
  });

  test('an Update that replaces a volume makes one volume', async () => {
    const properties = volumeProperties(gateway);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const wanted = volumeProperties(gateway, { TargetName: 'renamed' });
    const replaced = await idOfBoth(stack.begin('UPDATE_IN_PROGRESS').event('Update', VOLUME, 'Volume', wanted, { OldResourceProperties: properties, PhysicalResourceId: id }));
    expect(new Set(volumes())).toEqual(new Set([id, replaced]));
  });

  test('a Delete of a volume with a final snapshot takes one', async () => {
    const properties = volumeProperties(gateway, { FinalSnapshot: 'true' });
    const { id: PhysicalResourceId } = await stack.create(VOLUME, 'Volume', properties);
    const before = state().snapshots.length;
    const event = stack.begin('DELETE_IN_PROGRESS').event('Delete', VOLUME, 'Volume', properties, { PhysicalResourceId });
    const answers = await twice(event);
    await Promise.all(answers.map((answer) => stack.wait(event, answer)));
    expect(volumes()).toEqual([]);
    expect(state().snapshots).toHaveLength(before + 1);
  });

  test('a Create and a Delete of a schedule do it once', async () => {
    const { id: volume } = await stack.create(VOLUME, 'Volume', volumeProperties(gateway));
    const id = await idOfBoth(stack.event('Create', SCHEDULE, 'Schedule', scheduleProperties(volume)));
    expect(id).toBe(`${volume}/snapshot-schedule`);
    await twice(stack.begin('UPDATE_IN_PROGRESS').event('Delete', SCHEDULE, 'Schedule', scheduleProperties(volume), { PhysicalResourceId: id }));
  });

  test('a Delete of a gateway is content', async () => {
    const { id, properties } = await deployGateway(stage, stack, 'Other');
    await twice(stack.begin('DELETE_IN_PROGRESS').event('Delete', GATEWAY, 'Other', properties, { PhysicalResourceId: id }));
    expect(state().gateways.map(({ arn }) => arn)).not.toContain(id);
  });
});
