import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { GATEWAY, VOLUME } from './declared';
import { startStage, type Stage } from './stage';
import { entry, failedCreate } from '../../lambda/entry';

let stage: Stage;
const arrived: CloudFormationCustomResourceEvent[] = [];

beforeAll(async () => {
  stage = await startStage();
  process.env.FRAMEWORK_FUNCTION = 'framework';
  stage.platform.functions.set('framework', async (event) => void arrived.push(event as CloudFormationCustomResourceEvent));
});
beforeEach(() => arrived.splice(0));
afterEach(() => stage.platform.faults.splice(0));
afterAll(() => stage.close());

const create = () => stage.stack().event('Create', VOLUME, 'Volume', { TargetName: 'documents' }) as CloudFormationCustomResourceEvent;

test('a Create goes on with a physical id, so that its failure is followed by a Delete', async () => {
  const event = create();
  await entry(event);
  expect(arrived).toEqual([{ ...event, PhysicalResourceId: `create-${event.RequestId}` }]);
  expect(failedCreate(`create-${event.RequestId}`)).toBe(event.RequestId);
});

test.each(['Update', 'Delete'] as const)('a %s goes on as it is', async (type) => {
  const event = stage.stack().event(type, VOLUME, 'Volume', {}, { PhysicalResourceId: 'volume' }) as CloudFormationCustomResourceEvent;
  await entry(event);
  expect(arrived).toEqual([event]);
});

test.each([
  'arn:aws:storagegateway:eu-central-1:000000000000:gateway/sgw-12A3456B/volume/vol-1122AABB',
  'Stack-Volume-1ABCDEFGHIJK',
  'AWSCDK::CustomResourceProviderFramework::CREATE_FAILED',
])('%s is the id of no Create that failed', (id) => expect(failedCreate(id)).toBeUndefined());

test('what was not taken is handed over again', async () => {
  stage.platform.faults.push({ service: 'lambda', operation: 'Invoke', nth: stage.platform.calls.length + 1, times: 1, error: 'reset', fired: 0 });
  await entry(create());
  expect(arrived).toHaveLength(1);
});

test('nothing is logged: a request holds the address to which it is answered, and an activation key', async () => {
  stage.log.length = 0;
  await entry(stage.stack().event('Create', GATEWAY, 'Gateway', { ActivationKey: 'AAAAA-BBBBB' }) as CloudFormationCustomResourceEvent);
  expect(stage.log).toEqual([]);
});
