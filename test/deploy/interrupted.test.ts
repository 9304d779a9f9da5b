import { Size } from 'aws-cdk-lib';
import { gatewayProps, Stage } from './stage';
import { CachedVolumeGateway } from '../../src';

let stage: Stage;
beforeEach(async () => { stage = await Stage.open(); });
afterEach(() => stage.close());

test('a deployment whose CLI is killed goes on, and the next one finds nothing to do', async () => {
  const { address } = await stage.cloud.createAppliance();
  const cdk = stage.cdk('KilledCli', (stack) => {
    new CachedVolumeGateway(stack, 'Gateway', gatewayProps(address)).addVolume('Volume', { volumeSize: Size.gibibytes(10) });
  });

  const { child, ended } = cdk.start('deploy', '--require-approval', 'never');
  await stage.eventFor('Custom::StorageGatewayGateway');
  child.kill('SIGKILL');
  await ended;

  expect(await stage.restOf('KilledCli')).toBe('CREATE_COMPLETE');
  const events = await stage.cloud.events();
  await cdk.deploy();
  expect(await stage.cloud.events()).toEqual(events);
  expect(await stage.gatewayArns()).toHaveLength(1);
  expect(await stage.volumeArns()).toHaveLength(1);
});

test('services that crash in the middle of a deployment cost nothing but time', async () => {
  const { address } = await stage.cloud.createAppliance();
  const cdk = stage.cdk('CrashedServices', (stack) => {
    const gateway = new CachedVolumeGateway(stack, 'Gateway', gatewayProps(address));
    for (let volume = 0; volume < 4; volume++) gateway.addVolume(`Volume${volume}`, { volumeSize: Size.gibibytes(10) });
  });

  const { ended } = cdk.start('deploy', '--require-approval', 'never');
  await stage.eventFor('Custom::StorageGatewayCachedVolume');
  await stage.cloud.crashServices();
  await ended;

  // Whether the calls that were lost could be repeated in time or not: the next deployment ends with one of each.
  await cdk.deploy();
  expect(await stage.gatewayArns()).toHaveLength(1);
  expect(new Set(await stage.volumeArns()).size).toBe(4);
});

test('a function that is lost after it made a volume leaves none, and the next deployment has one', async () => {
  const { address } = await stage.cloud.createAppliance();
  const cdk = stage.cdk('LostFunction', (stack) => {
    new CachedVolumeGateway(stack, 'Gateway', gatewayProps(address)).addVolume('Volume', { volumeSize: Size.gibibytes(10) });
  });
  await stage.cloud.injectFault({ service: 'storagegateway', operation: 'CreateCachediSCSIVolume', when: 'after', error: 'hang' });

  const { ended } = cdk.start('deploy', '--require-approval', 'never');
  while ((await stage.volumeArns()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await stage.cloud.killFunctions('ProviderOnEvent');

  const { code, output } = await ended;
  expect([code, output]).toEqual([1, expect.stringContaining('signal: killed')]);
  expect(await stage.volumeArns()).toEqual([]);
  await cdk.deploy();
  expect(await stage.volumeArns()).toHaveLength(1);
  expect(await stage.gatewayArns()).toHaveLength(1);
});
