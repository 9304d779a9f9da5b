import { Bench } from './bench';
import type { ApplianceView, StateView } from '../../../local/services';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start();
});
afterEach(() => bench.stop());

async function send(method: string, path: string, body?: unknown) {
  const response = await fetch(`${bench.services.endpoint}/_local/${path}`, {
    method, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() as ApplianceView & StateView };
}

const GIB = 1024 ** 3;

test('appliances are made, looked at and changed', async () => {
  const { status, body: made } = await send('POST', 'appliances', { disks: [{ node: '/dev/sdb', sizeInBytes: 10 * GIB }], ec2InstanceId: 'i-0123456789abcdef0' });
  expect(status).toBe(201);
  expect(made).toEqual({ id: expect.any(String), url: `http://${made.address}`, address: expect.stringMatching(/^127\./) });

  expect(await send('GET', `appliances/${made.id}`)).toEqual({
    status: 200,
    body: {
      ...made,
      connected: true,
      disks: [{ node: '/dev/sdb', path: '/dev/xvdb', diskId: '/dev/xvdb', sizeInBytes: 10 * GIB, allocation: 'AVAILABLE', status: 'present' }],
    },
  });

  const changed = await send('PATCH', `appliances/${made.id}`, { connected: false, attachDisk: { node: '/dev/sdc', sizeInBytes: GIB }, failDisk: '/dev/sdb' });
  expect(changed).toMatchObject({ status: 200, body: { connected: false, disks: [{ status: 'missing' }, { node: '/dev/sdc', status: 'present' }] } });
});

test('an appliance goes by the ARN of its gateway too', async () => {
  const { arn, applianceId } = await bench.activate();

  expect(await send('GET', `appliances/${encodeURIComponent(arn)}`)).toMatchObject({ status: 200, body: { id: applianceId, gatewayArn: arn } });
  expect(await send('PATCH', `appliances/${encodeURIComponent(arn)}`, { connected: false })).toMatchObject({ status: 200, body: { connected: false } });
});

test('a failed cache makes the volumes irrecoverable', async () => {
  const gateway = await bench.cachedGateway();
  const { arn } = await bench.cachedVolume(gateway);
  await send('PATCH', `appliances/${gateway.applianceId}`, { failDisk: 'cache' });

  expect((await send('GET', 'state')).body.volumes).toMatchObject([{ arn, status: 'IRRECOVERABLE' }]);
});

test('the clock is advanced', async () => {
  const before = bench.services.clock.time();
  const { status, body } = await send('POST', 'clock', { advanceSeconds: 90.5 });

  expect({ status, now: new Date(body.now).getTime() }).toEqual({ status: 200, now: before + 90_500 });
});

test('initiators come and go', async () => {
  const { arn } = await bench.cachedVolume(await bench.cachedGateway());
  const path = `volumes/${encodeURIComponent(arn)}/initiators`;

  expect((await send('POST', path, { initiator: 'host-a:3260' })).status).toBe(201);
  await send('POST', path, { initiator: 'host-b:3260' });
  expect(await send('DELETE', `${path}?initiator=host-a:3260`)).toEqual({ status: 200, body: { initiators: ['host-b:3260'] } });
  expect(await send('DELETE', path)).toEqual({ status: 200, body: { initiators: [] } });
  expect((await send('POST', `volumes/${encodeURIComponent(`${arn}0`)}/initiators`, { initiator: 'a:1' })).status).toBe(404);
});

test('faults are made, counted and taken away', async () => {
  const fault = { service: 'storagegateway', operation: 'ListGateways', when: 'before', error: { status: 400, type: 'ThrottlingException', message: 'slow down' } };
  const { status, body: { id } } = await send('POST', 'faults', fault);

  expect(status).toBe(201);
  expect((await send('GET', 'faults')).body).toEqual([{ id, fired: 0 }]);
  expect((await send('DELETE', 'faults')).status).toBe(200);
  expect((await send('GET', 'faults')).body).toEqual([]);
});

test('the state shows everything that is', async () => {
  const gateway = await bench.cachedGateway();
  const { arn } = await bench.cachedVolume(gateway);
  const { status, body } = await send('GET', 'state');

  expect(status).toBe(200);
  expect(body).toMatchObject({
    now: bench.services.clock.now().toISOString(),
    appliances: [{ id: gateway.applianceId, gatewayArn: gateway.arn }],
    gateways: [{ arn: gateway.arn, name: 'gateway', type: 'CACHED' }],
    volumes: [{ arn, status: 'CREATING' }],
    snapshots: [],
  });
  expect(body.calls).toEqual(['ActivateGateway', 'AddCache', 'AddUploadBuffer', 'CreateCachediSCSIVolume']
    .map((operation) => ({ service: 'storagegateway', operation, outcome: 'ok' })));
});

test.each([
  ['POST', 'appliances', '{'],
  ['POST', 'appliances', []],
  ['POST', 'appliances', { disk: [] }],
  ['POST', 'appliances', { disks: [{ node: '/dev/sdb' }] }],
  ['POST', 'appliances', { disks: [{ node: '/dev/sdb', sizeInBytes: 1 }, { node: '/dev/sdb', sizeInBytes: 2 }] }],
  ['POST', 'clock', {}],
  ['POST', 'clock', { advanceSeconds: -1 }],
  ['POST', 'clock', { advanceSeconds: 1e300 }],
  ['POST', 'faults', { service: 'ebs', operation: 'PutSnapshotBlock', when: 'during' }],
  ['POST', 'faults', { service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', nth: 0 }],
  ['POST', 'faults', { service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', error: 'explode' }],
])('%s %s %j is refused with the reason', async (method, path, body) => {
  expect(await send(method, path, body)).toEqual({ status: 400, body: { message: expect.any(String) } });
});

test.each([['GET', 'appliances/unknown'], ['PATCH', 'appliances/unknown'], ['GET', 'nonsense'], ['DELETE', 'state']])('%s %s is not found', async (method, path) => {
  expect(await send(method, path, method === 'PATCH' ? {} : undefined)).toEqual({ status: 404, body: { message: expect.any(String) } });
});
