import { App, Duration, RemovalPolicy, Size, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Activation, CachedVolumeGateway, type CachedVolumeGatewayProps, GatewayTimezone, LocalDisk, SeedSource, SnapshotSeed } from '../src';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-central-1';
export const GATEWAY_ARN = `arn:aws:storagegateway:${REGION}:${ACCOUNT}:gateway/sgw-12A3456B`;
export const VOLUME_ARN = `${GATEWAY_ARN}/volume/vol-1122AABB`;

/** A stack of an app of its own. */
export function aStack(props: StackProps = { env: { account: ACCOUNT, region: REGION } }): Stack {
  return new Stack(new App(), 'Branch', props);
}

/** The shortest gateway, and whatever is to be different about it. */
export function aGateway(stack: Stack, props: Partial<CachedVolumeGatewayProps> = {}, id = 'Gateway'): CachedVolumeGateway {
  return new CachedVolumeGateway(stack, id, {
    activation: Activation.fromAddress('198.51.100.7'),
    cache: [LocalDisk.byNode('/dev/sdb')],
    uploadBuffer: [LocalDisk.byNode('/dev/sdc')],
    ...props,
  });
}

/** One of everything that the library can declare. */
export function everything(app: App): Stack {
  const stack = new Stack(app, 'Everything', { env: { account: ACCOUNT, region: REGION } });
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Network', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: [`${REGION}a`],
    isolatedSubnetIds: ['subnet-0123456789abcdef0'],
  });
  const gateway = new CachedVolumeGateway(stack, 'Gateway', {
    activation: Activation.fromAddress('10.0.3.14', { vpc, settleTime: Duration.seconds(30) }),
    gatewayName: 'branch-office',
    timezone: GatewayTimezone.GMT_PLUS_1_00,
    cache: [LocalDisk.byNode('/dev/sdb'), LocalDisk.bySize(Size.gibibytes(300))],
    uploadBuffer: [LocalDisk.allUnallocated()],
    logGroup: new logs.LogGroup(stack, 'Health'),
  });
  const key = new kms.Key(stack, 'Key', { enableKeyRotation: true });
  const volume = gateway.addVolume('Documents', { volumeSize: Size.gibibytes(500), encryptionKey: key, removalPolicy: RemovalPolicy.SNAPSHOT });
  volume.addSnapshotSchedule('Nightly', { startAt: 2, recurrence: Duration.hours(24), snapshotTags: { Backup: 'nightly' } });
  const seed = new SnapshotSeed(stack, 'Seed', { source: SeedSource.fromBucket(s3.Bucket.fromBucketName(stack, 'Images', 'images'), 'golden.img'), encryptionKey: key });
  gateway.addVolume('Desktop', { volumeSize: Size.gibibytes(40), snapshotId: seed.snapshotId });
  gateway.addVolume('Copy', { volumeSize: Size.gibibytes(500), sourceVolume: volume });
  Tags.of(stack).add('CostCenter', '4711');
  return stack;
}
