/**
 * A cached volume gateway whose volume starts with the contents of a disk image.
 *
 * APPLIANCE_ADDRESS is the address of a fresh Storage Gateway appliance, DISK_IMAGE a raw disk image. Everything else is context
 * with a default in cdk.json, so `cdk deploy -c gatewayName=headquarters` changes just that.
 */
import { App, CfnOutput, Duration, RemovalPolicy, Size, Stack, Tags } from 'aws-cdk-lib';
import { Activation, CachedVolumeGateway, GatewayTimezone, LocalDisk, SeedSource, SnapshotSeed } from 'cdk-storage-gateway';

const app = new App();
const stack = new Stack(app, 'VolumeGateway');

const setting = (name: string) => app.node.getContext(name);
// A list stands in cdk.json as a list and on the command line as text.
const disks = (name: string) => [setting(name)].flat().flatMap((nodes: string) => nodes.split(',')).map((node) => LocalDisk.byNode(node));
const required = (name: string) => {
  const value = process.env[name];
  if (!value) throw new Error(`set the environment variable ${name}: see the top of ${__filename}`);
  return value;
};

const gateway = new CachedVolumeGateway(stack, 'Gateway', {
  activation: Activation.fromAddress(required('APPLIANCE_ADDRESS'), { settleTime: Duration.seconds(6) }),
  gatewayName: setting('gatewayName'),
  timezone: GatewayTimezone.GMT_PLUS_1_00,
  cache: disks('cacheDisks'),
  uploadBuffer: disks('uploadBufferDisks'),
});

const seed = new SnapshotSeed(stack, 'Seed', {
  source: SeedSource.fromAsset(required('DISK_IMAGE')),
  description: 'the volume starts with this',
  outputExecutionUrl: true,
});

const volume = gateway.addVolume('Data', {
  volumeSize: Size.gibibytes(Number(setting('volumeSizeInGiB'))),
  snapshotId: seed.snapshotId,
  removalPolicy: RemovalPolicy.SNAPSHOT,
});

volume.addSnapshotSchedule('Nightly', {
  startAt: Number(setting('snapshotHour')),
  recurrence: Duration.hours(24),
});

Tags.of(stack).add('CostCenter', String(setting('costCenter')));

new CfnOutput(stack, 'GatewayArn', { value: gateway.gatewayArn });
new CfnOutput(stack, 'SnapshotId', { value: seed.snapshotId });
new CfnOutput(stack, 'BlocksWritten', { value: seed.blocksWritten });
new CfnOutput(stack, 'SeedSeconds', { value: seed.seconds });
new CfnOutput(stack, 'VolumeArn', { value: volume.volumeArn });
new CfnOutput(stack, 'TargetArn', { value: volume.targetArn });
