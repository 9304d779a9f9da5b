import { ActivateGatewayCommand, DeleteGatewayCommand, DescribeGatewayInformationCommand, ListGatewaysCommand } from '@aws-sdk/client-storage-gateway';
import { Bench, REGION } from './bench';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start({ restartSeconds: 60 });
});
afterEach(() => bench.stop());

const KEY = /^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/;
const activate = (ActivationKey: string) => bench.gateways.send(new ActivateGatewayCommand({
  ActivationKey, GatewayName: 'gateway', GatewayTimezone: 'GMT', GatewayRegion: REGION, GatewayType: 'CACHED',
}));
const refused = (errorCode: string) => expect.objectContaining({ name: 'InvalidGatewayRequestException', error: { errorCode } });

test('a fresh appliance is on the loopback address and has six disks of different sizes', async () => {
  const { id, url, address } = await bench.control.createAppliance();
  const view = bench.control.appliance(id);

  expect(url).toBe(`http://${address}`);
  expect(address).toMatch(/^127\.\d+\.\d+\.\d+(:\d+)?$/);
  expect(view).toMatchObject({ connected: true });
  expect(view.disks).toHaveLength(6);
  expect(new Set(view.disks.map(({ sizeInBytes }) => sizeInBytes)).size).toBe(6);
  expect(Math.min(...view.disks.map(({ sizeInBytes }) => sizeInBytes))).toBe(150 * 1024 ** 3);
  expect(view.disks[0]).toMatchObject({ node: '/dev/sdb', path: '/dev/xvdb', diskId: '/dev/xvdb', allocation: 'AVAILABLE', status: 'present' });
});

test('it gives out a key by a redirect, or in the body', async () => {
  const { url } = await bench.control.createAppliance();

  const redirect = await fetch(`${url}/?activationRegion=${REGION}&gatewayType=CACHED`, { redirect: 'manual' });
  expect(redirect.status).toBe(302);
  expect(new URL(redirect.headers.get('location') ?? '').searchParams.get('activationKey')).toMatch(KEY);

  const plain = await fetch(`${url}/?activationRegion=${REGION}&no_redirect`, { redirect: 'manual' });
  expect(plain.status).toBe(200);
  expect(await plain.text()).toMatch(KEY);
});

test('a key is good once', async () => {
  const { url } = await bench.control.createAppliance();
  const key = await bench.activationKey(url);
  await activate(key);

  await expect(activate(key)).rejects.toEqual(refused('ActivationKeyInvalid'));
});

test('a key is of no use after half an hour', async () => {
  const { url } = await bench.control.createAppliance();
  const key = await bench.activationKey(url);
  bench.services.clock.advance(30 * 60);

  await expect(activate(key)).rejects.toEqual(refused('ActivationKeyExpired'));
});

test('a key is bound to its Region, which is us-east-1 when it is misspelt', async () => {
  const { url } = await bench.control.createAppliance();

  await expect(activate(await bench.activationKey(url, 'us-east-1'))).rejects.toEqual(refused('ActivationKeyNotFound'));
  await expect(activate(await bench.activationKey(url, 'Ireland'))).rejects.toEqual(refused('ActivationKeyNotFound'));
  await expect(activate('AAAAA-AAAAA-AAAAA-AAAAA-AAAAA')).rejects.toEqual(refused('ActivationKeyNotFound'));
});

test('an activated appliance gives out no key, not even when its gateway is deleted', async () => {
  const { url } = await bench.control.createAppliance();
  const second = await bench.activationKey(url);
  const { GatewayARN } = await activate(await bench.activationKey(url));
  bench.services.clock.advance(60);

  const ask = () => fetch(`${url}/?activationRegion=${REGION}`, { redirect: 'manual' });
  expect((await ask()).headers.get('location')).toBeNull();
  await bench.gateways.send(new DeleteGatewayCommand({ GatewayARN }));
  expect(await (await ask()).text()).not.toMatch(KEY);
  await expect(activate(second)).rejects.toEqual(refused('ActivationKeyInvalid'));
});

test('after activation it is out of reach for a while, and then stays', async () => {
  const { url } = await bench.control.createAppliance();
  const { GatewayARN } = await activate(await bench.activationKey(url));
  const describeGateway = () => bench.gateways.send(new DescribeGatewayInformationCommand({ GatewayARN }));

  await expect(describeGateway()).rejects.toEqual(refused('GatewayNotConnected'));
  await expect(fetch(url)).rejects.toThrow();
  bench.services.clock.advance(60);
  expect(await describeGateway()).toMatchObject({ GatewayState: 'RUNNING', EndpointType: 'STANDARD' });
});

test('an appliance without connection is only listed', async () => {
  const { id, url } = await bench.control.createAppliance({ ec2InstanceId: 'i-0123456789abcdef0' });
  const { GatewayARN = '' } = await activate(await bench.activationKey(url));
  bench.services.clock.advance(60);
  bench.control.changeAppliance(id, { connected: false });

  await expect(bench.gateways.send(new DescribeGatewayInformationCommand({ GatewayARN }))).rejects.toMatchObject({
    message: 'The specified gateway is not connected.', error: { errorCode: 'GatewayNotConnected' },
  });
  await expect(fetch(url)).rejects.toThrow();
  const { Gateways } = await bench.gateways.send(new ListGatewaysCommand({}));
  expect(Gateways).toMatchObject([{ GatewayARN, GatewayOperationalState: 'ACTIVE', Ec2InstanceId: 'i-0123456789abcdef0', HostEnvironment: 'EC2' }]);

  bench.control.changeAppliance(GatewayARN, { connected: true });
  await bench.gateways.send(new DescribeGatewayInformationCommand({ GatewayARN }));
});

test('how a gateway reaches AWS is decided by the request for the key', async () => {
  const { url } = await bench.control.createAppliance();
  const vpcEndpoint = 'vpce-1.storagegateway.eu-west-1.vpce.amazonaws.com';
  const key = await (await fetch(`${url}/?activationRegion=${REGION}&vpcEndpoint=${vpcEndpoint}&endpointType=FIPS&ipVersion=ipv4&no_redirect`)).text();
  const { GatewayARN } = await activate(key);
  bench.services.clock.advance(60);

  expect(await bench.gateways.send(new DescribeGatewayInformationCommand({ GatewayARN }))).toMatchObject({ VPCEndpoint: vpcEndpoint, EndpointType: 'FIPS' });
});
