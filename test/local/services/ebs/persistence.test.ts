import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { block, Direct, indicesOf } from './direct';
import { startLocalServices, type LocalServices } from '../../../../local/services';
import { callQuery } from '../plain-http';

let data: string;
const running: LocalServices[] = [];

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'ebs-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((services) => services.close()));
  rmSync(data, { recursive: true });
});

async function start(): Promise<{ services: LocalServices; direct: Direct }> {
  const services = await startLocalServices({ data, clock: 'frozen', ebs: { snapshotQuotas: {}, accountQuotas: {} } });
  running.push(services);
  return { services, direct: new Direct(services) };
}

const folderOf = (snapshotId: string) => join(data, 'ebs', snapshotId);

// The first services are not closed before the second ones begin, as after a kill.
test('what was acknowledged is there for whoever comes after a kill, and can be completed', async () => {
  const { direct: before } = await start();
  const snapshotId = await before.started({ ClientToken: 'token' });
  await before.put(snapshotId, 0);
  await before.put(snapshotId, 5, Buffer.alloc(524_288));
  await before.put(snapshotId, 0, block(7));

  const { services, direct } = await start();
  expect(await direct.started({ ClientToken: 'token' })).toBe(snapshotId);
  await direct.put(snapshotId, 9);
  expect((await direct.complete(snapshotId, 3)).status).toBe(202);
  services.clock.advance(2);
  const tokens = await direct.tokens(snapshotId);
  expect([...tokens.keys()]).toEqual([0, 5, 9]);
  const contents = await Promise.all([...tokens].map(([index, token]) => direct.get(snapshotId, index, token)));
  expect(contents.map(({ bytes }) => bytes)).toEqual([block(7), Buffer.alloc(524_288), block(9)]);
});

test('a record that was cut off counts for nothing', async () => {
  const { direct: before } = await start();
  const snapshotId = await before.started();
  await before.put(snapshotId, 0);
  appendFileSync(join(folderOf(snapshotId), 'list'), Buffer.alloc(17, 1));

  const { services, direct } = await start();
  await direct.put(snapshotId, 1);
  expect((await direct.complete(snapshotId, 2)).status).toBe(202);
  services.clock.advance(2);
  expect(indicesOf(await direct.list(snapshotId))).toEqual([0, 1]);
});

test('tokens are good for whoever comes after a kill', async () => {
  const { direct: before } = await start();
  const snapshotId = await before.completed([0]);
  const token = (await before.tokens(snapshotId)).get(0) ?? '';
  const { direct } = await start();
  expect((await direct.get(snapshotId, 0, token)).status).toBe(200);
});

test('the blocks of snapshots that are gone are removed when the next one is started', async () => {
  const { services, direct } = await start();
  const snapshotId = await direct.completed([0]);
  expect(readdirSync(join(data, 'ebs'))).toEqual([snapshotId]);
  await callQuery(services.endpoint, 'ec2', { Action: 'DeleteSnapshot', Version: '2016-11-15', SnapshotId: snapshotId });
  await direct.start();
  expect(readdirSync(join(data, 'ebs'))).toEqual([]);
});
