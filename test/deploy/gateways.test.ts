import { RemovalPolicy, Size } from 'aws-cdk-lib';
import { gatewayProps, Stage } from './stage';
import { CachedVolumeGateway } from '../../src';

let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

test('two gateways with eight volumes each deploy, and go when they are to be destroyed', async () => {
  const addresses = [(await stage.cloud.createAppliance()).address, (await stage.cloud.createAppliance()).address];
  const cdk = stage.cdk('TwoGateways', (stack) => {
    addresses.forEach((address, index) => {
      const gateway = new CachedVolumeGateway(stack, `Gateway${index}`, { ...gatewayProps(address), removalPolicy: RemovalPolicy.DESTROY });
      for (let volume = 0; volume < 8; volume++) {
        gateway.addVolume(`Volume${volume}`, { volumeSize: Size.gibibytes(10), removalPolicy: RemovalPolicy.DESTROY });
      }
    });
  });

  await cdk.deploy();
  expect(await stage.gatewayArns()).toHaveLength(2);
  expect(new Set(await stage.volumeArns()).size).toBe(16);

  await cdk.destroy();
  expect(await stage.volumeArns()).toEqual([]);
  expect(await stage.gatewayArns()).toEqual([]);
});

test('a rolled back deployment leaves no volume, and the next one adopts the gateway', async () => {
  const { address } = await stage.cloud.createAppliance();
  const app = (snapshotId?: string) => stage.cdk('Adopted', (stack) => {
    const gateway = new CachedVolumeGateway(stack, 'Gateway', gatewayProps(address));
    gateway.addVolume('Good', { volumeSize: Size.gibibytes(10) });
    gateway.addVolume('Restored', { volumeSize: Size.gibibytes(10), snapshotId });
  });

  await expect(app('snap-0123456789abcdef0').deploy()).rejects.toThrow(/snap-0123456789abcdef0/);
  expect(await stage.volumeArns()).toEqual([]);
  const kept = await stage.gatewayArns();
  expect(kept).toHaveLength(1);

  await app().deploy();
  expect(await stage.gatewayArns()).toEqual(kept);
  expect(await stage.volumeArns()).toHaveLength(2);
});
