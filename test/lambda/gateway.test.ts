import { ListTagsForResourceCommand, StorageGatewayClient, DescribeGatewayInformationCommand, AddTagsToResourceCommand } from '@aws-sdk/client-storage-gateway';
import { deployGateway, deployGatewayWithDisks, GATEWAY, gatewayProperties, VOLUME, volumeProperties } from './declared';
import { startStage, type Stage } from './stage';
import { askForKey } from '../../lambda/activation-key/exchange';
import { onEvent } from '../../lambda/index';

let stage: Stage;
let client: StorageGatewayClient;

beforeAll(async () => {
  stage = await startStage();
  client = new StorageGatewayClient({});
});
afterAll(() => stage.close());
afterEach(() => {
  stage.services.control.clearFaults();
  stage.platform.faults.length = 0;
});

const notConnected = { status: 400, type: 'InvalidGatewayRequestException', errorCode: 'GatewayNotConnected', message: 'The specified gateway is not connected.' };
const gateways = () => stage.services.control.state().gateways;
const information = (id: string) => client.send(new DescribeGatewayInformationCommand({ GatewayARN: id }));
const tagsOf = async (id: string) => {
  const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: id }));
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
};
const keyOf = async (address: string) => {
  const answer = await askForKey({ address, activationRegion: 'eu-central-1', gatewayType: 'CACHED' });
  return answer.key;
};
const since = () => {
  const seen = stage.services.control.state().calls.length;
  return () => stage.services.control.state().calls.slice(seen).map(({ operation }) => operation);
};

test('an appliance is activated by its address', async () => {
  const stack = stage.stack('Office');
  const { id, data, appliance } = await deployGateway(stage, stack);
  expect(stage.services.control.appliance(appliance.id).gatewayArn).toBe(id);
  expect(data).toMatchObject({ GatewayARN: id, GatewayId: id.split('/')[1], GatewayName: 'office', NetworkInterfaceAddress: appliance.address.split(':')[0] });
  expect(await tagsOf(id)).toMatchObject({ 'team': 'storage', 'cdk-storage-gateway:owner': 'Office/Gateway', 'cdk-storage-gateway:request': expect.any(String) });
});

test('an appliance is activated by the function inside its network', async () => {
  const appliance = await stage.services.control.createAppliance();
  const asked: unknown[] = [];
  stage.platform.functions.set('inside', (wanted) => {
    asked.push(wanted);
    return askForKey(wanted as Parameters<typeof askForKey>[0]);
  });
  const { id } = await stage.stack().create(GATEWAY, 'Gateway', gatewayProperties(appliance.address, { ActivationKeyFunctionArn: 'inside' }));
  expect(stage.services.control.appliance(appliance.id).gatewayArn).toBe(id);
  expect(asked).toEqual([expect.objectContaining({ address: appliance.address, activationRegion: 'eu-central-1', gatewayType: 'CACHED' })]);
});

test('an appliance is activated by a key', async () => {
  const appliance = await stage.services.control.createAppliance();
  const properties = { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey: await keyOf(appliance.address) };
  const { id } = await stage.stack().create(GATEWAY, 'Gateway', properties);
  expect(stage.services.control.appliance(appliance.id).gatewayArn).toBe(id);
});

test('the log group is set with the activation', async () => {
  const appliance = await stage.services.control.createAppliance();
  const CloudWatchLogGroupARN = 'arn:aws:logs:eu-central-1:000000000000:log-group:gateway';
  const { id } = await stage.stack().create(GATEWAY, 'Gateway', gatewayProperties(appliance.address, { CloudWatchLogGroupARN }));
  expect((await information(id)).CloudWatchLogGroupARN).toBe(CloudWatchLogGroupARN);
});

test('a gateway is ready after six good answers in a row', async () => {
  const stack = stage.stack();
  const appliance = await stage.services.control.createAppliance();
  const calls = since();
  await stack.create(GATEWAY, 'Gateway', gatewayProperties(appliance.address));
  expect(calls().filter((operation) => operation === 'DescribeGatewayInformation')).toHaveLength(6);
});

test('a restart after the first good answers is waited for', async () => {
  const appliance = await stage.services.control.createAppliance();
  stage.services.control.injectFault({ service: 'storagegateway', operation: 'DescribeGatewayInformation', when: 'before', nth: 3, times: 4, error: notConnected });
  const calls = since();
  const { data } = await stage.stack().create(GATEWAY, 'Gateway', gatewayProperties(appliance.address));
  expect(data.GatewayName).toBe('office');
  expect(calls().filter((operation) => operation === 'DescribeGatewayInformation')).toHaveLength(2 + 4 + 6);
});

test('the same Create again finds the gateway that it made', async () => {
  const stack = stage.stack();
  const appliance = await stage.services.control.createAppliance();
  const event = stack.event('Create', GATEWAY, 'Gateway', gatewayProperties(appliance.address));
  const { PhysicalResourceId } = await onEvent(event);
  const count = gateways().length;
  await expect(onEvent(event)).resolves.toMatchObject({ PhysicalResourceId });
  expect(gateways()).toHaveLength(count);
});

test('the same Create by key again finds the gateway that it made', async () => {
  const stack = stage.stack();
  const appliance = await stage.services.control.createAppliance();
  const event = stack.event('Create', GATEWAY, 'Gateway', { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey: await keyOf(appliance.address) });
  const { PhysicalResourceId } = await onEvent(event);
  await expect(onEvent(event)).resolves.toMatchObject({ PhysicalResourceId });
});

test.each(['before', 'after'] as const)('an activation whose answer is lost %s it took effect ends in one gateway', async (when) => {
  const stack = stage.stack();
  const appliance = await stage.services.control.createAppliance();
  const count = gateways().length;
  stage.services.control.injectFault({ service: 'storagegateway', operation: 'ActivateGateway', when, error: 'reset' });
  const { id } = await stack.create(GATEWAY, 'Gateway', gatewayProperties(appliance.address));
  expect(gateways()).toHaveLength(count + 1);
  expect(stage.services.control.appliance(appliance.id).gatewayArn).toBe(id);
});

test('a rollback keeps the gateway, and the next deployment adopts it', async () => {
  const stack = stage.stack();
  const { id, appliance, properties } = await deployGateway(stage, stack);
  stack.turn('ROLLBACK_IN_PROGRESS');
  await stack.delete(GATEWAY, 'Gateway', id, properties);
  expect(gateways().map(({ arn }) => arn)).toContain(id);

  const again = stage.stack(stack.name);
  const adopted = await again.create(GATEWAY, 'Gateway', gatewayProperties(appliance.address, { GatewayName: 'archive', Tags: [{ Key: 'team', Value: 'backup' }] }));
  expect(adopted).toMatchObject({ id, data: { GatewayName: 'archive' } });
  expect(await tagsOf(id)).toMatchObject({ team: 'backup' });
});

test('a gateway of another stack is not adopted', async () => {
  const { appliance } = await deployGateway(stage, stage.stack());
  await expect(stage.stack().create(GATEWAY, 'Gateway', gatewayProperties(appliance.address))).rejects.toThrow(/no activation key from ".*": HTTP 404 without a key: the appliance is active already/);
});

test.each([true, false])('a gateway of this resource is not adopted at the address of another appliance (its own is connected: %s)', async (connected) => {
  const stack = stage.stack();
  const { id, appliance } = await deployGateway(stage, stack);
  const { appliance: others } = await deployGateway(stage, stage.stack());
  stage.services.control.changeAppliance(appliance.id, { connected });
  await expect(stage.stack(stack.name).create(GATEWAY, 'Gateway', gatewayProperties(others.address)))
    .rejects.toThrow(`this resource made ${id} before, which ${connected ? 'is of another type or at another address' : 'could not be looked at'}`);
});

test('an appliance that gives out a key is always activated', async () => {
  const stack = stage.stack();
  const { id } = await deployGateway(stage, stack);
  const fresh = await stage.services.control.createAppliance();
  const other = await stage.stack(stack.name).create(GATEWAY, 'Gateway', gatewayProperties(fresh.address));
  expect(other.id).not.toBe(id);
});

test('an appliance that is not reached is waited for, then explained', async () => {
  const appliance = await stage.services.control.createAppliance();
  stage.services.control.changeAppliance(appliance.id, { connected: false });
  const before = stage.services.clock.time();
  await expect(stage.stack().create(GATEWAY, 'Gateway', gatewayProperties(appliance.address))).rejects.toThrow(/no activation key from/);
  expect(stage.services.clock.time() - before).toBeGreaterThanOrEqual(480_000);
});

test('an unusable key is refused without being repeated', async () => {
  const properties = { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE' };
  await expect(stage.stack().create(GATEWAY, 'Gateway', properties)).rejects.toThrow(/the activation key was used already, or belongs to another Region/);
  expect(stage.log.join()).not.toContain('AAAAA-BBBBB');
});

test('an expired key is refused', async () => {
  const appliance = await stage.services.control.createAppliance();
  const ActivationKey = await keyOf(appliance.address);
  stage.services.clock.advance(31 * 60);
  await expect(stage.stack().create(GATEWAY, 'Gateway', { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey })).rejects.toThrow(/the activation key is older than 30 minutes: get a new one/);
});

test('a key never appears in an error', async () => {
  const ActivationKey = 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE';
  stage.services.control.injectFault({
    service: 'storagegateway',
    operation: 'ActivateGateway',
    when: 'before',
    error: { status: 400, type: 'ValidationException', message: `Value '${ActivationKey}' at 'activationKey' failed to satisfy constraint` },
  });
  await expect(stage.stack().create(GATEWAY, 'Gateway', { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey }))
    .rejects.toThrow("ActivateGateway: Value '***' at 'activationKey' failed to satisfy constraint");
});

describe('an existing gateway', () => {
  test('is managed by its ARN, and gets the wanted settings and tags', async () => {
    const { id } = await deployGateway(stage, stage.stack('First'));
    await client.send(new AddTagsToResourceCommand({ ResourceARN: id, Tags: [{ Key: 'cdk-storage-gateway:owner', Value: 'Second/Old' }] }));
    const properties = { ...gatewayProperties(''), ApplianceAddress: undefined, GatewayARN: id, GatewayName: 'taken-over' };
    const managed = await stage.stack('Second').create(GATEWAY, 'Gateway', properties);
    expect(managed).toMatchObject({ id, data: { GatewayName: 'taken-over' } });
    expect(await tagsOf(id)).toMatchObject({ 'cdk-storage-gateway:owner': 'Second/Gateway' });
  });

  test('of another stack is refused', async () => {
    const { id } = await deployGateway(stage, stage.stack('Third'));
    const properties = { ...gatewayProperties(''), ApplianceAddress: undefined, GatewayARN: id };
    await expect(stage.stack('Fourth').create(GATEWAY, 'Gateway', properties)).rejects.toThrow(`gateway ${id} is managed by "Third/Gateway" already`);
  });

  test('that is not there is refused', async () => {
    const GatewayARN = 'arn:aws:storagegateway:eu-central-1:000000000000:gateway/sgw-00000000';
    await expect(stage.stack().create(GATEWAY, 'Gateway', { ...gatewayProperties(''), ApplianceAddress: undefined, GatewayARN })).rejects.toThrow('was not found in this account and Region');
  });
});

describe('what the activation fixed', () => {
  const endpoint = 'vpce-0a1b2c3d.storagegateway.eu-central-1.vpce.amazonaws.com';

  test('is asked of the appliance, and found in the gateway', async () => {
    const appliance = await stage.services.control.createAppliance();
    const { id, data } = await stage.stack().create(GATEWAY, 'Gateway', gatewayProperties(appliance.address, { VpcEndpoint: endpoint, EndpointType: 'FIPS' }));
    expect(data.EndpointType).toBe('FIPS');
    expect((await information(id)).VPCEndpoint).toContain('vpce-0a1b2c3d');
  });

  test.each([
    ['endpoint', { VpcEndpoint: endpoint }, { VpcEndpoint: endpoint.replace('0a1b', '9e8f') }, /must use the endpoint "vpce-9e8f2c3d.*", got "vpce-0a1b2c3d/],
    ['endpoint type', { EndpointType: 'STANDARD' }, { EndpointType: 'FIPS' }, /must have the endpoint type "FIPS", got "STANDARD"/],
  ])('is held against what is wanted: the %s', async (_what, live, wanted, message) => {
    const appliance = await stage.services.control.createAppliance();
    const { id } = await stage.stack('Fixed').create(GATEWAY, 'Gateway', gatewayProperties(appliance.address, live));
    const properties = { ...gatewayProperties(''), ApplianceAddress: undefined, GatewayARN: id, ...wanted };
    await expect(stage.stack('Fixed').create(GATEWAY, 'Gateway', properties)).rejects.toThrow(message);
    expect(gateways().map(({ arn }) => arn)).toContain(id);
  });
});

describe('an update', () => {
  test('changes name, time zone and tags in place, and leaves other tags alone', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    await client.send(new AddTagsToResourceCommand({ ResourceARN: id, Tags: [{ Key: 'by-hand', Value: 'yes' }] }));
    const wanted = { ...properties, GatewayName: 'archive', GatewayTimezone: 'GMT', Tags: [{ Key: 'stage', Value: 'test' }] };
    const updated = await stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, wanted);
    expect(updated).toMatchObject({ id, data: { GatewayName: 'archive' } });
    expect(await information(id)).toMatchObject({ GatewayName: 'archive', GatewayTimezone: 'GMT' });
    expect(await tagsOf(id)).toEqual({
      'stage': 'test', 'by-hand': 'yes', 'cdk-storage-gateway:owner': `${stack.name}/Gateway`, 'cdk-storage-gateway:request': expect.any(String),
    });
  });

  test('that changes nothing writes nothing', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    const calls = since();
    await stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, { ...properties, SettleTime: '0' });
    expect(calls()).toEqual(['DescribeGatewayInformation', 'ListTagsForResource', 'DescribeGatewayInformation']);
  });

  test('takes away the log group that it had set', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    const logging = { ...properties, CloudWatchLogGroupARN: 'arn:aws:logs:eu-central-1:000000000000:log-group:gateway' };
    await stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, logging);
    expect((await information(id)).CloudWatchLogGroupARN).toBe(logging.CloudWatchLogGroupARN);
    await stack.update(GATEWAY, 'Gateway', id, logging, properties);
    expect((await information(id)).CloudWatchLogGroupARN ?? '').toBe('');
  });

  test('to an address that gives out a key is refused', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    const fresh = await stage.services.control.createAppliance();
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, gatewayProperties(fresh.address)))
      .rejects.toThrow(`the appliance at "${fresh.address}" gives out an activation key, so it is another one than that of gateway ${id}: declare another gateway`);
  });

  test('to an address without an answer, or to a new key, has no effect', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    const moved = { ...properties, ApplianceAddress: '127.0.0.1:9' };
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, moved)).resolves.toMatchObject({ id });
    await expect(stack.update(GATEWAY, 'Gateway', id, moved, { ...moved, ApplianceAddress: undefined, ActivationKey: 'AAAAA-BBBBB' })).resolves.toMatchObject({ id });
  });

  test.each([
    ['GatewayType', 'STORED', 'CACHED'],
    ['EndpointType', 'FIPS', 'STANDARD'],
    ['VpcEndpoint', 'vpce-0a1b2c.storagegateway.eu-central-1.vpce.amazonaws.com', undefined],
    ['IpVersion', 'ipv6', undefined],
  ])('of %s is refused, and its rollback succeeds', async (name, value, live) => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    const wanted = { ...properties, [name]: value };
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, wanted))
      .rejects.toThrow(`${name} of gateway ${id} cannot change from ${JSON.stringify(live)} to ${JSON.stringify(value)}`);
    await expect(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(GATEWAY, 'Gateway', id, wanted, properties)).resolves.toMatchObject({ id });
  });

  test('that is rolled back puts the old settings back', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    const wanted = { ...properties, GatewayName: 'archive', Tags: [{ Key: 'stage', Value: 'test' }] };
    await stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, wanted);
    await stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(GATEWAY, 'Gateway', id, wanted, properties);
    expect((await information(id)).GatewayName).toBe('office');
    expect(await tagsOf(id)).toMatchObject({ team: 'storage' });
    expect(await tagsOf(id)).not.toHaveProperty('stage');
  });

  test('reaches a gateway whose appliance is offline, and waits for it', async () => {
    const stack = stage.stack();
    const { id, appliance, properties } = await deployGateway(stage, stack);
    stage.services.control.changeAppliance(appliance.id, { connected: false });
    const wanted = { ...properties, GatewayName: 'archive' };
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(GATEWAY, 'Gateway', id, properties, wanted)).rejects.toThrow(`${id} was not ready within 30 minutes`);
    expect(gateways().find(({ arn }) => arn === id)?.name).toBe('archive');
  });
});

describe('a deletion', () => {
  test('deletes the gateway, twice', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    stack.begin('DELETE_IN_PROGRESS');
    await stack.delete(GATEWAY, 'Gateway', id, properties);
    await stack.delete(GATEWAY, 'Gateway', id, properties);
    expect(gateways().map(({ arn }) => arn)).not.toContain(id);
  });

  test('works while the appliance is offline', async () => {
    const stack = stage.stack();
    const { id, appliance, properties } = await deployGateway(stage, stack);
    stage.services.control.changeAppliance(appliance.id, { connected: false });
    await stack.begin('DELETE_IN_PROGRESS').delete(GATEWAY, 'Gateway', id, properties);
    expect(gateways().map(({ arn }) => arn)).not.toContain(id);
  });

  test('is refused while there are volumes, which are named', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGatewayWithDisks(stage, stack);
    const volume = await stack.create(VOLUME, 'Volume', volumeProperties(id));
    await expect(stack.begin('DELETE_IN_PROGRESS').delete(GATEWAY, 'Gateway', id, properties)).rejects.toThrow(`gateway ${id} still has 1 volume(s), whose data would be lost: ${volume.id}`);
    expect(gateways().map(({ arn }) => arn)).toContain(id);
  });

  test('of a cancelled Create finds nothing to do', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack);
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(GATEWAY, 'Gateway', 'Stack-Gateway-1ABCDEF', properties);
    expect(gateways().map(({ arn }) => arn)).toContain(id);
  });

  test('of the old name of a construct leaves the gateway alone', async () => {
    const stack = stage.stack();
    const { id, properties } = await deployGateway(stage, stack, 'OldName');
    stack.begin('UPDATE_IN_PROGRESS');
    await stack.create(GATEWAY, 'NewName', { ...gatewayProperties(''), ApplianceAddress: undefined, GatewayARN: id });
    await stack.turn('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS').delete(GATEWAY, 'OldName', id, properties);
    expect(gateways().map(({ arn }) => arn)).toContain(id);
  });
});

test('no line of the log holds the response URL', async () => {
  const stack = stage.stack();
  await deployGateway(stage, stack);
  expect(stage.log.length).toBeGreaterThan(0);
  expect(stage.log.join('\n')).not.toContain('secret-response-url');
});

