import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askForKey, type KeyRequest } from '../../../lambda/activation-key/exchange';
import { handler } from '../../../lambda/activation-key/index';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const ask = (more: Partial<KeyRequest> = {}) => askForKey({
  address: `127.0.0.1:${(server.address() as AddressInfo).port}`, activationRegion: 'eu-central-1', gatewayType: 'CACHED', ...more,
});
const redirect = (query: string) => (_request: IncomingMessage, response: ServerResponse) => response
  .writeHead(302, { location: `https://console.aws.amazon.com/storagegateway/home?region=eu-central-1&${query}` }).end();
const reply = (status: number, body: string) => (_request: IncomingMessage, response: ServerResponse) => response.writeHead(status).end(body);

test('the request says all that the activation cannot say later', async () => {
  answer = reply(200, 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR');
  await ask({ vpcEndpoint: 'vpce-1.storagegateway.eu-central-1.vpce.amazonaws.com', endpointType: 'FIPS', ipVersion: 'ipv4' });
  expect(asked).toEqual([
    '/?activationRegion=eu-central-1&gatewayType=CACHED&vpcEndpoint=vpce-1.storagegateway.eu-central-1.vpce.amazonaws.com&endpointType=FIPS&ipVersion=ipv4&no_redirect',
  ]);
});

test('what was not said is not sent', async () => {
  answer = reply(200, 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR');
  await ask();
  expect(asked).toEqual(['/?activationRegion=eu-central-1&gatewayType=CACHED&no_redirect']);
});

test('a key comes as the body', async () => {
  answer = reply(200, 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR\n');
  await expect(ask()).resolves.toEqual({ key: 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR' });
});

test('a key comes in a redirect, which is not followed, and only the key', async () => {
  answer = redirect('activationKey=GGR7O-OJOHO-REP4R-9UIF9-5T6DR&gatewayType=STORED');
  await expect(ask()).resolves.toEqual({ key: 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR' });
  expect(asked).toHaveLength(1);
});

test('the function inside the VPC asks the same', async () => {
  answer = reply(200, 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(handler({ address, activationRegion: 'eu-central-1', gatewayType: 'CACHED' })).resolves.toEqual({ key: 'GGR7O-OJOHO-REP4R-9UIF9-5T6DR' });
});

test.each([
  ['an error type', redirect('errorType=PRIVATE_LINK_ENDPOINT_UNREACHABLE'), 'refused', /"PRIVATE_LINK_ENDPOINT_UNREACHABLE" in place of a key: it does not reach Storage Gateway.*1026, 1027, 1028, 1031/],
  ['a redirect without a key', redirect('nothing=here'), 'refused', /redirects without a key: it is active already/],
  ['a redirect with something else for a key', redirect('activationKey=not a key'), 'refused', /redirects without a key/],
  ['an internal error', reply(500, 'Internal Server Error'), 'refused', /HTTP 500: it does not reach Storage Gateway/],
  ['an active appliance', reply(404, 'This gateway is already activated'), 'refused', /HTTP 404 without a key: the appliance is active already/],
  ['a word', reply(200, 'OK'), 'refused', /HTTP 200 without a key/],
  ['a page', reply(200, '<!DOCTYPE html><html>welcome</html>'), 'strange', /another server than an appliance answers there/],
  ['a proxy that waits', reply(504, ''), 'unreachable', /HTTP 504: the appliance, or a proxy before it, is not ready yet/],
] as const)('%s is explained', async (_what, reaction, problem, explanation) => {
  answer = reaction;
  await expect(ask()).resolves.toEqual({ problem, explanation: expect.stringMatching(explanation), remoteAddress: '127.0.0.1' });
});

test('an endless body is not read to its end', async () => {
  answer = (_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000))) { /* as fast as it is taken */ }
    };
    response.on('drain', more);
    more();
  };
  await expect(ask()).resolves.toMatchObject({ problem: 'refused' });
});

test('a connection that is refused is explained', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
  await new Promise((resolve) => closed.close(resolve));
  await expect(ask({ address })).resolves.toEqual({
    problem: 'unreachable', explanation: expect.stringMatching(/connection refused \(nothing listens at port 80: the appliance still boots, is active already/), remoteAddress: '127.0.0.1',
  });
});

test('a name that does not resolve is explained', async () => {
  await expect(ask({ address: 'appliance.invalid' })).resolves.toEqual({
    problem: 'unreachable', explanation: expect.stringMatching(/the name does not resolve here .* give the vpc to the activation/),
  });
});

test('a connection that is cut is explained', async () => {
  answer = (request) => request.socket.destroy();
  await expect(ask()).resolves.toMatchObject({ problem: 'unreachable', explanation: expect.stringContaining('socket hang up') });
});
