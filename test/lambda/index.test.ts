import type { CdkCustomResourceEvent } from 'aws-lambda';
import { deployGateway, GATEWAY, gatewayProperties, VOLUME, volumeProperties } from './declared';
import { startStage, type Stage } from './stage';
import { isComplete, onEvent } from '../../lambda/index';

let stage: Stage;

beforeAll(async () => (stage = await startStage()));
afterAll(() => stage.close());
afterEach(() => stage.services.control.clearFaults());

test('an unknown resource type is refused with those that are known', async () => {
  const event = { ...stage.stack().event('Create', GATEWAY, 'Gateway', {}), ResourceType: 'Custom::Unknown' } as CdkCustomResourceEvent;
  await expect(onEvent(event)).rejects.toThrow(/^"Custom::Unknown" must be one of Custom::EBSSnapshotSeed, /);
});

test('values are strings, and only those that there are', async () => {
  const { data } = await deployGateway(stage, stage.stack());
  expect(Object.values(data).every((value) => typeof value === 'string')).toBe(true);
  expect(data).not.toHaveProperty('Ec2InstanceId');
});

test('an event ends in one line that tells what came of it', async () => {
  const stack = stage.stack();
  stage.log.length = 0;
  const { id } = await deployGateway(stage, stack);
  const lines = stage.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toEqual([
    expect.objectContaining({ event: 'Create', phase: 'onEvent', type: GATEWAY, resource: 'Gateway', PhysicalResourceId: id, outcome: 'done' }),
    expect.objectContaining({ event: 'Create', phase: 'isComplete', id, IsComplete: true, outcome: 'done' }),
  ]);
});

test('a failure is one line, too', async () => {
  stage.log.length = 0;
  await expect(stage.stack().create(GATEWAY, 'Gateway', {})).rejects.toThrow('one of ApplianceAddress, ActivationKey and GatewayARN must be given');
  expect(stage.log).toEqual([expect.stringContaining('"outcome":"failed"')]);
});

test('what is not ready in time fails with the reason', async () => {
  const stack = stage.stack();
  const { id, appliance, properties } = await deployGateway(stage, stack);
  stage.services.control.changeAppliance(appliance.id, { connected: false });
  const event = stack.begin('UPDATE_IN_PROGRESS').event('Update', GATEWAY, 'Gateway', properties, { OldResourceProperties: properties, PhysicalResourceId: id });
  const answer = await onEvent(event);
  const question = { ...event, ...answer } as Parameters<typeof isComplete>[0];
  await expect(isComplete(question)).resolves.toEqual({ IsComplete: false });
  stage.services.clock.advance(30 * 60);
  await expect(isComplete(question)).rejects.toThrow(`${id} was not ready within 30 minutes: an appliance connects within minutes of its activation`);
});

test('an owner tag is never longer than the service takes', async () => {
  const { id } = await deployGateway(stage, stage.stack('S'.repeat(128)), 'Gateway'.repeat(20));
  expect(id).toMatch(/gateway\/sgw-/);
});

test('a stack whose state cannot be read takes back what was made', async () => {
  const stack = stage.stack();
  const { id } = await deployGateway(stage, stack);
  await stack.create('Custom::StorageGatewayCache', 'Cache', { GatewayARN: id, Disks: [{ DiskNode: '/dev/sdb' }] });
  stage.platform.faults.push({ service: 'cloudformation', operation: 'DescribeStacks', nth: 1, times: Infinity, error: { status: 400, type: 'ValidationError', message: 'Stack does not exist' }, fired: 0 });
  try {
    await expect(onEvent(stack.event('Create', VOLUME, 'Volume', volumeProperties(id)))).rejects.toThrow('DescribeStacks: Stack does not exist');
  } finally {
    stage.platform.faults.length = 0;
  }
  stage.services.clock.advance(10);
  expect(stage.services.control.state().volumes.filter(({ arn }) => arn.startsWith(id))).toEqual([]);
});

test('a gateway is kept even then, for the next deployment', async () => {
  const stack = stage.stack();
  const appliance = await stage.services.control.createAppliance();
  stage.platform.faults.push({ service: 'cloudformation', operation: 'DescribeStacks', nth: 1, times: Infinity, error: { status: 400, type: 'ValidationError', message: 'Stack does not exist' }, fired: 0 });
  try {
    await expect(onEvent(stack.event('Create', GATEWAY, 'Gateway', gatewayProperties(appliance.address)))).rejects.toThrow('Stack does not exist');
  } finally {
    stage.platform.faults.length = 0;
  }
  const { gatewayArn } = stage.services.control.appliance(appliance.id);
  await expect(stage.stack(stack.name).create(GATEWAY, 'Gateway', gatewayProperties(appliance.address))).resolves.toMatchObject({ id: gatewayArn });
});

test('an error says what it has to say without a stack, which stands in the log', async () => {
  stage.log.length = 0;
  const failure = await onEvent(stage.stack().event('Create', GATEWAY, 'Gateway', {})).catch((error: Error) => error);
  const text = 'one of ApplianceAddress, ActivationKey and GatewayARN must be given';
  expect(failure).toMatchObject({ message: text, stack: `Error: ${text}` });
  expect(JSON.parse(stage.log[0])).toMatchObject({ error: text, at: expect.arrayContaining([expect.stringContaining('gateway.ts')]) });
});

test('a key that the service repeats stands neither in the stack of the error nor in the log', async () => {
  const ActivationKey = 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE';
  stage.services.control.injectFault({
    service: 'storagegateway',
    operation: 'ActivateGateway',
    when: 'before',
    error: { status: 400, type: 'ValidationException', message: `Value '${ActivationKey}' at 'activationKey' failed to satisfy constraint` },
  });
  const event = stage.stack().event('Create', GATEWAY, 'Gateway', { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey });
  const failure = await onEvent(event).catch((error: Error) => error) as Error;
  expect(failure.stack).toContain("Value '***' at 'activationKey'");
  expect([failure.stack, ...stage.log].join()).not.toContain(ActivationKey);
});
