import { DeleteGatewayCommand, DeleteVolumeCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { CACHE, deployGatewayWithDisks, GATEWAY, SCHEDULE, scheduleProperties, VOLUME, volumeProperties } from './declared';
import { startStage, type Stage, type StackActor } from './stage';
import type { ResourceType } from '../../src/private/contract';

/* Somebody deleted in the console what the stack still has: an update says so, and its rollback does not get stuck. */

let stage: Stage;
let stack: StackActor;
let gateway: Awaited<ReturnType<typeof deployGatewayWithDisks>>;
let volume: string;
let schedule: string;

beforeAll(async () => {
  stage = await startStage();
  stack = stage.stack();
  gateway = await deployGatewayWithDisks(stage, stack);
  volume = (await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id))).id;
  schedule = (await stack.create(SCHEDULE, 'Schedule', scheduleProperties(volume))).id;
  const client = new StorageGatewayClient({});
  await client.send(new DeleteVolumeCommand({ VolumeARN: volume }));
  stage.services.clock.advance(60);
  await client.send(new DeleteGatewayCommand({ GatewayARN: gateway.id }));
});
afterAll(() => stage.close());

async function updateAndRollBack(type: ResourceType, logicalId: string, id: string, from: Record<string, unknown>, change: object): Promise<void> {
  const to = { ...from, ...change };
  await expect(stack.begin('UPDATE_IN_PROGRESS').update(type, logicalId, id, from, to))
    .rejects.toThrow(`${id} cannot change, because it, or what it needs, is not there (any more): remove it from the app, then declare a new one`);
  await expect(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(type, logicalId, id, to, from)).resolves.toMatchObject({ id });
}

test('a volume', () => updateAndRollBack(VOLUME, 'Volume', volume, volumeProperties(gateway.id), { Tags: [] }));

test('a snapshot schedule', () => updateAndRollBack(SCHEDULE, 'Schedule', schedule, scheduleProperties(volume), { StartAt: '5' }));

test('a gateway', () => updateAndRollBack(GATEWAY, 'Gateway', gateway.id, gateway.properties, { GatewayName: 'archive' }));

test('the disks of a gateway', () => updateAndRollBack(
  CACHE, 'Cache', `${gateway.id}/cache`, { GatewayARN: gateway.id, Disks: [{ DiskNode: '/dev/sdb' }] }, { Disks: [{ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdd' }] },
));
