import { CfnParameter, RemovalPolicy, Size, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ACCOUNT, REGION, VOLUME_ARN, aGateway, aStack } from './declarations';
import { CachedVolume, type CachedVolumeOptions } from '../src';

const VOLUME = 'Custom::StorageGatewayCachedVolume';
const GIB = Size.gibibytes(1);

test('a volume is sent to the service in its own words', () => {
  const stack = aStack();
  aGateway(stack).addVolume('Data', { volumeSize: Size.tebibytes(32), targetName: 'data', networkInterface: '198.51.100.7', snapshotId: 'snap-0123456789abcdef0' });
  Template.fromStack(stack).hasResource(VOLUME, {
    Properties: {
      GatewayARN: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Gateway'), 'GatewayARN'] },
      TargetName: 'data',
      VolumeSizeInBytes: '35184372088832',
      NetworkInterfaceId: '198.51.100.7',
      SnapshotId: 'snap-0123456789abcdef0',
      SourceVolumeARN: Match.absent(),
      KMSKey: Match.absent(),
      FinalSnapshot: Match.absent(),
    },
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
  });
});

test('a size that only the deployment knows is sent as it is', () => {
  const stack = aStack();
  const bytes = new CfnParameter(stack, 'Bytes', { type: 'Number' }).valueAsNumber;
  aGateway(stack).addVolume('Data', { volumeSize: Size.bytes(bytes) });
  Template.fromStack(stack).hasResourceProperties(VOLUME, { VolumeSizeInBytes: { Ref: 'Bytes' } });
});

test('a volume has the attributes that the handler returns', () => {
  const stack = aStack();
  const volume = aGateway(stack).addVolume('Data', { volumeSize: GIB });
  const names = ['VolumeARN', 'VolumeId', 'TargetARN', 'NetworkInterfaceId', 'NetworkInterfacePort', 'LunNumber'];
  const values = [volume.volumeArn, volume.volumeId, volume.targetArn, volume.networkInterfaceAddress, volume.networkInterfacePort, volume.lunNumber];
  expect(stack.resolve(values)).toEqual(names.map((name) => ({ 'Fn::GetAtt': [expect.stringMatching(/^GatewayData/), name] })));
});

test('a volume carries the tags that reach it', () => {
  const stack = aStack();
  Tags.of(aGateway(stack).addVolume('Data', { volumeSize: GIB })).add('CostCenter', '4711');
  Template.fromStack(stack).hasResourceProperties(VOLUME, { Tags: [{ Key: 'CostCenter', Value: '4711' }] });
});

describe('the target name', () => {
  test('comes from the path, in the letters of the service', () => {
    expect(aGateway(aStack()).addVolume('Documents_2026', { volumeSize: GIB }).targetName).toMatch(/^branch-gateway-documents2026-[0-9a-f]{8}$/);
  });

  test('differs between volumes of the same id', () => {
    const stack = aStack();
    const [one, two] = ['One', 'Two'].map((id) => aGateway(stack, {}, id).addVolume('Data', { volumeSize: GIB }).targetName);
    expect(one).not.toBe(two);
  });

  test('fits the service, however long the path', () => {
    expect(aGateway(aStack(), {}, 'G'.repeat(150)).addVolume('D'.repeat(150), { volumeSize: GIB }).targetName).toHaveLength(200);
  });

  test('can be known to the deployment only', () => {
    const stack = aStack();
    const targetName = new CfnParameter(stack, 'Name').valueAsString;
    const gateway = aGateway(stack);
    gateway.addVolume('One', { volumeSize: GIB, targetName });
    gateway.addVolume('Two', { volumeSize: GIB, targetName });
    Template.fromStack(stack).hasResourceProperties(VOLUME, { TargetName: { Ref: 'Name' } });
  });
});

describe('the removal policy', () => {
  test.each([
    [RemovalPolicy.DESTROY, 'Delete', 'Delete', Match.absent()],
    [RemovalPolicy.RETAIN, 'Retain', 'Retain', Match.absent()],
    [RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, 'RetainExceptOnCreate', 'Retain', Match.absent()],
    // CloudFormation refuses Snapshot on custom resources.
    [RemovalPolicy.SNAPSHOT, 'Delete', 'Delete', 'true'],
  ])('%s becomes %s', (removalPolicy, DeletionPolicy, UpdateReplacePolicy, FinalSnapshot) => {
    const stack = aStack();
    aGateway(stack).addVolume('Data', { volumeSize: GIB, removalPolicy });
    Template.fromStack(stack).hasResource(VOLUME, { DeletionPolicy, UpdateReplacePolicy, Properties: { FinalSnapshot } });
  });

  test('can be applied later, and counts the last time', () => {
    const stack = aStack();
    const volume = aGateway(stack).addVolume('Data', { volumeSize: GIB, removalPolicy: RemovalPolicy.SNAPSHOT });
    volume.applyRemovalPolicy(RemovalPolicy.DESTROY);
    Template.fromStack(stack).hasResource(VOLUME, { DeletionPolicy: 'Delete', Properties: { FinalSnapshot: Match.absent() } });
  });
});

describe('the contents', () => {
  test('can come from another volume', () => {
    const stack = aStack();
    const sourceVolume = CachedVolume.fromVolumeArn(stack, 'Source', VOLUME_ARN);
    aGateway(stack).addVolume('Copy', { volumeSize: GIB, sourceVolume });
    Template.fromStack(stack).hasResourceProperties(VOLUME, { SourceVolumeARN: VOLUME_ARN });
  });

  test('can come from a snapshot that only the deployment knows', () => {
    const stack = aStack();
    aGateway(stack).addVolume('Copy', { volumeSize: GIB, snapshotId: new CfnParameter(stack, 'Snapshot').valueAsString });
    Template.fromStack(stack).hasResourceProperties(VOLUME, { SnapshotId: { Ref: 'Snapshot' } });
  });

  test('fail when they would not fit', () => {
    const gateway = aGateway(aStack());
    const sourceVolume = gateway.addVolume('Source', { volumeSize: Size.gibibytes(2) });
    expect(() => gateway.addVolume('Copy', { volumeSize: GIB, sourceVolume })).toThrow("'volumeSize' must be at least the 2147483648 bytes of 'sourceVolume', got 1073741824");
  });
});

test('the key encrypts the volume', () => {
  const stack = aStack();
  aGateway(stack).addVolume('Data', { volumeSize: GIB, encryptionKey: new kms.Key(stack, 'Key') });
  Template.fromStack(stack).hasResourceProperties(VOLUME, { KMSKey: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] } });
});

test('a key of another account may encrypt the volume, one of another Region may not', () => {
  const stack = aStack();
  const key = (id: string, region: string) => kms.Key.fromKeyArn(stack, id, `arn:aws:kms:${region}:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab`);
  const gateway = aGateway(stack);
  expect(() => gateway.addVolume('One', { volumeSize: GIB, encryptionKey: key('Here', REGION) })).not.toThrow();
  expect(() => gateway.addVolume('Two', { volumeSize: GIB, encryptionKey: key('There', 'us-east-1') })).toThrow(
    "'encryptionKey' must be in the stack's Region eu-central-1, got \"us-east-1\"",
  );
});

test.each<[Partial<CachedVolumeOptions>, string]>([
  [{ volumeSize: Size.bytes(0) }, "'volumeSize' must be a whole number from 1 to 35184372088832 bytes (32 TiB), got 0"],
  [{ volumeSize: Size.gibibytes(32 * 1024 + 1) }, "'volumeSize' must be a whole number from 1 to 35184372088832 bytes (32 TiB), got 35185445830656"],
  [{ targetName: 'Data' }, "'targetName' must be 1 to 200 lower-case letters, digits, hyphens, periods and semicolons, got \"Data\""],
  [{ targetName: 'my_data' }, "'targetName' must be 1 to 200 lower-case letters, digits, hyphens, periods and semicolons, got \"my_data\""],
  [{ targetName: '' }, "'targetName' must be 1 to 200 lower-case letters, digits, hyphens, periods and semicolons, got \"\""],
  [{ targetName: 'd'.repeat(201) }, `'targetName' must be 1 to 200 lower-case letters, digits, hyphens, periods and semicolons, got "${'d'.repeat(201)}"`],
  [{ snapshotId: 'vol-12345678' }, "'snapshotId' must be like snap-0123456789abcdef0, got \"vol-12345678\""],
  [{ networkInterface: 'eni-0123456789abcdef0' }, "'networkInterface' must be an IP address of the gateway, got \"eni-0123456789abcdef0\""],
])('fails for %j', (options, message) => {
  expect(() => aGateway(aStack()).addVolume('Data', { volumeSize: GIB, ...options })).toThrow(message);
});

test('fails for contents from two places', () => {
  const stack = aStack();
  const sourceVolume = CachedVolume.fromVolumeArn(stack, 'Source', VOLUME_ARN);
  expect(() => aGateway(stack).addVolume('Data', { volumeSize: GIB, snapshotId: 'snap-12345678', sourceVolume })).toThrow(
    "only one of 'snapshotId', 'sourceVolume' can be given, got 'snapshotId' and 'sourceVolume'",
  );
});

describe('a volume from elsewhere', () => {
  test('is known by its ARN', () => {
    const volume = CachedVolume.fromVolumeArn(aStack(), 'Imported', VOLUME_ARN);
    expect([volume.volumeArn, volume.volumeId, volume.volumeSize]).toEqual([VOLUME_ARN, 'vol-1122AABB', undefined]);
  });

  test('can be known to the deployment only', () => {
    const stack = aStack();
    const { volumeId } = CachedVolume.fromVolumeArn(stack, 'Imported', new CfnParameter(stack, 'Arn').valueAsString);
    expect(stack.resolve(volumeId)).toEqual({ 'Fn::Select': [3, { 'Fn::Split': ['/', { Ref: 'Arn' }] }] });
  });

  test('may say its size, so that no copy is too small', () => {
    const stack = aStack();
    const sourceVolume = CachedVolume.fromVolumeAttributes(stack, 'Imported', { volumeArn: VOLUME_ARN, volumeSize: Size.gibibytes(2) });
    expect(() => aGateway(stack).addVolume('Copy', { volumeSize: GIB, sourceVolume })).toThrow("'volumeSize' must be at least");
  });

  test.each([
    [`arn:aws:storagegateway:${REGION}:${ACCOUNT}:gateway/sgw-1`, "'volumeArn' must be like arn:aws:storagegateway:<region>:<account>:gateway/<gateway id>/volume/<volume id>"],
    [`arn:aws:storagegateway:us-east-1:${ACCOUNT}:gateway/sgw-1/volume/vol-1`, "'volumeArn' must be in the stack's Region eu-central-1, got \"us-east-1\""],
    [`arn:aws:storagegateway:${REGION}:999999999999:gateway/sgw-1/volume/vol-1`, "'volumeArn' must be in the stack's account 111122223333, got \"999999999999\""],
  ])('fails for %s', (arn, message) => {
    expect(() => CachedVolume.fromVolumeArn(aStack(), 'Imported', arn)).toThrow(message);
  });
});

test.each([
  ['metricCacheHitPercent', 'CacheHitPercent', 'Average'],
  ['metricCachePercentDirty', 'CachePercentDirty', 'Average'],
  ['metricCachePercentUsed', 'CachePercentUsed', 'Average'],
  ['metricReadBytes', 'ReadBytes', 'Sum'],
  ['metricWriteBytes', 'WriteBytes', 'Sum'],
] as const)('%s is %s of the volume', (method, metricName, statistic) => {
  expect(CachedVolume.fromVolumeArn(aStack(), 'Imported', VOLUME_ARN)[method]()).toMatchObject({
    namespace: 'AWS/StorageGateway', metricName, statistic, dimensions: { VolumeId: 'vol-1122AABB' },
  });
});
