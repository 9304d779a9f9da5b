import { App, CfnResource, Size, Stack } from 'aws-cdk-lib';
import { medianOf } from './median';
import { Activation, CachedVolumeGateway, GatewayTimezone, LocalDisk } from '../src';
import { Provider } from '../src/private/provider';

const GATEWAYS = 10;
const VOLUMES = 32;
const PAIRS = 7;

/** CPU milliseconds to synthesise ten gateways with 32 volumes each, and as many bare resources behind the same provider. */
export function synthesis(): { ours: number; bare: number; ratio: number } {
  const ratios: number[] = [];
  const ours: number[] = [];
  const bare: number[] = [];
  // The first of each loads modules and compiles.
  synth(gateways);
  synth(resources);
  for (let pair = 0; pair < PAIRS; pair++) {
    ours.push(synth(gateways));
    bare.push(synth(resources));
    ratios.push(ours[pair] / bare[pair]);
  }
  return { ours: medianOf(ours), bare: medianOf(bare), ratio: medianOf(ratios) };
}

function synth(fill: (stack: Stack, index: number) => void): number {
  const began = process.cpuUsage();
  const app = new App({ analyticsReporting: false });
  for (let index = 0; index < GATEWAYS; index++) fill(new Stack(app, `Stack${index}`), index);
  app.synth();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

function gateways(stack: Stack): void {
  const gateway = new CachedVolumeGateway(stack, 'Gateway', {
    activation: Activation.fromAddress('198.51.100.7'),
    timezone: GatewayTimezone.GMT,
    cache: [LocalDisk.byNode('/dev/sdb')],
    uploadBuffer: [LocalDisk.byNode('/dev/sdc')],
  });
  for (let index = 0; index < VOLUMES; index++) gateway.addVolume(`Volume${index}`, { volumeSize: Size.gibibytes(10) });
}

function resources(stack: Stack): void {
  const { serviceToken } = Provider.of(stack);
  for (let index = 0; index < VOLUMES + 3; index++) {
    new CfnResource(stack, `Volume${index}`, {
      type: 'Custom::Bare',
      properties: { ServiceToken: serviceToken, GatewayARN: 'arn', TargetName: `volume${index}`, VolumeSizeInBytes: '1' },
    });
  }
}
