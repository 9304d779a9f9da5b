import { AddCacheCommand, DescribeCacheCommand, ListGatewaysCommand } from '@aws-sdk/client-storage-gateway';
import { Bench } from './bench';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start();
});
afterEach(() => bench.stop());

const busy = { status: 400, type: 'InvalidGatewayRequestException', errorCode: 'GatewayProxyNetworkConnectionBusy', message: 'busy' };
const list = () => bench.gateways.send(new ListGatewaysCommand({}));

test('a fault before the call keeps it from taking effect', async () => {
  const { arn } = await bench.activate();
  bench.control.injectFault({ service: 'storagegateway', operation: 'AddCache', when: 'before', error: busy });

  await expect(bench.gateways.send(new AddCacheCommand({ GatewayARN: arn, DiskIds: ['/dev/xvdb'] }))).rejects.toMatchObject({
    name: 'InvalidGatewayRequestException', message: 'busy', error: { errorCode: 'GatewayProxyNetworkConnectionBusy' },
  });
  expect((await bench.gateways.send(new DescribeCacheCommand({ GatewayARN: arn }))).DiskIds).toEqual([]);
});

test('a fault after the call hides that it took effect', async () => {
  const { arn } = await bench.activate();
  bench.control.injectFault({ service: 'Storage Gateway', operation: 'AddCache', when: 'after' });

  await expect(bench.gateways.send(new AddCacheCommand({ GatewayARN: arn, DiskIds: ['/dev/xvdb'] }))).rejects.toThrow();
  expect((await bench.gateways.send(new DescribeCacheCommand({ GatewayARN: arn }))).DiskIds).toHaveLength(1);
});

test('the nth call fails, and as many after it as were asked for', async () => {
  const { id } = bench.control.injectFault({ service: 'storagegateway', operation: 'ListGateways', when: 'before', nth: 2, times: 2, error: busy });
  const outcomes = [];
  for (let call = 0; call < 4; call += 1) {
    outcomes.push(await list().then(() => 'ok', () => 'failed'));
  }

  expect(outcomes).toEqual(['ok', 'failed', 'failed', 'ok']);
  expect(bench.control.listFaults()).toEqual([{ id, fired: 2 }]);
  expect(bench.control.state().calls.map(({ outcome }) => outcome)).toEqual([
    'ok', 'GatewayProxyNetworkConnectionBusy', 'GatewayProxyNetworkConnectionBusy', 'ok',
  ]);
});

test('faults are told which operation they are for, and can be taken away', async () => {
  bench.control.injectFault({ service: 'storagegateway', operation: 'ListVolumes', when: 'before' });
  bench.control.injectFault({ service: 'ec2', operation: '*', when: 'before' });
  await list();
  bench.control.injectFault({ service: 'storagegateway', operation: '*', when: 'before' });
  bench.control.clearFaults();
  await list();

  expect(bench.control.listFaults()).toEqual([]);
});

test('a call can be left without any answer', async () => {
  bench.control.injectFault({ service: 'storagegateway', operation: 'ListGateways', when: 'before', error: 'hang' });
  const abort = new AbortController();
  const answer = bench.gateways.send(new ListGatewaysCommand({}), { abortSignal: abort.signal });
  while (bench.control.listFaults()[0].fired === 0) {
    await new Promise(setImmediate);
  }
  // The next call is answered although the one before it is not.
  await list();
  abort.abort();

  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  expect(bench.control.state().calls).toContainEqual({ service: 'storagegateway', operation: 'ListGateways', outcome: 'hang' });
});
