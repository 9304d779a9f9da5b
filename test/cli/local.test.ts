import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ActivateGatewayCommand, AddCacheCommand, ListGatewaysCommand, ListLocalDisksCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';

const ROOT = join(__dirname, '../..');
const REGION = 'eu-west-1';

interface Running {
  readonly process: ChildProcess;
  readonly endpoint: string;
  readonly account: string;
  readonly pid: number;
}

const started: ChildProcess[] = [];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-test-'));
});
afterEach(() => {
  started.splice(0).forEach((child) => child.kill('SIGKILL'));
  rmSync(directory, { recursive: true, force: true });
});

function launch(command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

/** Waits for the first line. */
async function run(command: string, ...args: string[]): Promise<Running> {
  const child = launch(command, ...args);
  if (!child.stdout) {
    throw new Error('no output');
  }
  const [line] = await once(createInterface(child.stdout), 'line') as [string];
  return { process: child, ...JSON.parse(line) as Omit<Running, 'process'> };
}

const local = (...args: string[]) => run('node', 'bin/cdk-storage-gateway', 'local', ...args);

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const exit = once(child, 'exit');
  child.kill(signal);
  return (await exit)[0];
}

const clientOf = ({ endpoint }: Running) =>
  new StorageGatewayClient({ endpoint, region: REGION, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });

interface State {
  readonly appliances: { readonly url: string }[];
}

async function control<T>(endpoint: string, path: string, method = 'GET'): Promise<T> {
  return (await fetch(`${endpoint}/_local/${path}`, { method })).json() as Promise<T>;
}

async function activate({ endpoint }: Running, client: StorageGatewayClient): Promise<string> {
  const { url } = await control<{ url: string }>(endpoint, 'appliances', 'POST');
  const ActivationKey = await (await fetch(`${url}/?activationRegion=${REGION}&no_redirect`)).text();
  const { GatewayARN = '' } = await client.send(new ActivateGatewayCommand({
    ActivationKey, GatewayName: 'gateway', GatewayTimezone: 'GMT', GatewayRegion: REGION, GatewayType: 'CACHED',
  }));
  return GatewayARN;
}

test('the first line says where the services are, and SIGTERM ends them well', async () => {
  const running = await local('--port', '0');

  expect(running).toMatchObject({ account: '000000000000', pid: running.process.pid, endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
  expect(await end(running.process, 'SIGTERM')).toBe(0);
});

test('npm passes SIGTERM on', async () => {
  const running = await run('npm', 'run', '--silent', 'local', '--', '--port', '0');

  expect(await end(running.process, 'SIGTERM')).toBe(0);
  expect(() => process.kill(running.pid, 0)).toThrow('ESRCH');
});

test('a port that is in use is exit code 2', async () => {
  const { endpoint } = await local();
  const second = launch('node', 'bin/cdk-storage-gateway', 'local', '--port', new URL(endpoint).port);

  expect((await once(second, 'exit'))[0]).toBe(2);
});

test('with --data, what was acknowledged survives a kill: gateways, disks, appliances at their addresses', async () => {
  const before = await local('--data', directory);
  let client = clientOf(before);
  const GatewayARN = await activate(before, client);
  await client.send(new AddCacheCommand({ GatewayARN, DiskIds: ['/dev/xvdb'] }));
  const { Disks } = await client.send(new ListLocalDisksCommand({ GatewayARN }));
  const { appliances } = await control<State>(before.endpoint, 'state');
  await end(before.process, 'SIGKILL');

  const after = await local('--data', directory);
  client = clientOf(after);
  expect((await client.send(new ListLocalDisksCommand({ GatewayARN }))).Disks).toEqual(Disks);
  expect((await control<State>(after.endpoint, 'state')).appliances).toEqual(appliances);
  expect((await fetch(appliances[0].url)).status).toBe(404);
});

test('without --data nothing is kept', async () => {
  const before = await local();
  await activate(before, clientOf(before));
  await end(before.process, 'SIGTERM');

  const { Gateways } = await clientOf(await local()).send(new ListGatewaysCommand({}));
  expect(Gateways).toEqual([]);
});
