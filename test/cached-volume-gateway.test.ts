import { App, Duration, RemovalPolicy, Size, Stack, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ACCOUNT, GATEWAY_ARN, REGION, aGateway, aStack } from './declarations';
import { CachedVolume, CachedVolumeGateway, GatewayTimezone, LocalDisk } from '../src';

const GATEWAY = 'Custom::StorageGatewayGateway';
const CACHE = 'Custom::StorageGatewayCache';
const UPLOAD_BUFFER = 'Custom::StorageGatewayUploadBuffer';
const VOLUME = 'Custom::StorageGatewayCachedVolume';

const onlyId = (template: Template, type: string) => Object.keys(template.findResources(type))[0];

describe('a gateway', () => {
  test('is sent to the service in its own words', () => {
    const stack = aStack();
    aGateway(stack, { gatewayName: 'branch office', timezone: GatewayTimezone.GMT_PLUS_5_45 });
    Template.fromStack(stack).hasResource(GATEWAY, {
      Properties: {
        ServiceTimeout: '3600',
        ApplianceAddress: '198.51.100.7',
        GatewayName: 'branch office',
        GatewayTimezone: 'GMT+5:45',
        GatewayType: 'CACHED',
      },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('is named after its path and keeps Greenwich time unless told otherwise', () => {
    const stack = aStack();
    aGateway(stack);
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { GatewayName: Match.stringLikeRegexp('^Branch-Gateway-[0-9A-F]{8}$'), GatewayTimezone: 'GMT' });
  });

  test('says nothing about what was not given', () => {
    const stack = aStack();
    aGateway(stack);
    Template.fromStack(stack).hasResourceProperties(GATEWAY, {
      ActivationKey: Match.absent(),
      CloudWatchLogGroupARN: Match.absent(),
      GatewayARN: Match.absent(),
      Tags: Match.absent(),
      VpcEndpoint: Match.absent(),
    });
  });

  test('carries the tags that reach it', () => {
    const stack = aStack();
    Tags.of(aGateway(stack)).add('CostCenter', '4711');
    const template = Template.fromStack(stack);
    template.hasResourceProperties(GATEWAY, { Tags: [{ Key: 'CostCenter', Value: '4711' }] });
    template.hasResourceProperties(CACHE, { Tags: Match.absent() });
  });

  test('has the attributes that the handler returns', () => {
    const stack = aStack();
    const gateway = aGateway(stack);
    const id = onlyId(Template.fromStack(stack), GATEWAY);
    expect(stack.resolve([gateway.gatewayArn, gateway.gatewayId, gateway.gatewayName, gateway.networkInterfaceAddress])).toEqual(
      ['GatewayARN', 'GatewayId', 'GatewayName', 'NetworkInterfaceAddress'].map((name) => ({ 'Fn::GetAtt': [id, name] })),
    );
  });

  test('can be deleted with the stack', () => {
    const stack = aStack();
    aGateway(stack, { removalPolicy: RemovalPolicy.DESTROY });
    Template.fromStack(stack).hasResource(GATEWAY, { DeletionPolicy: 'Delete' });
  });

  test.each(['x', '', 'branch/office', 'branch\\office', 'Straße', ' '.repeat(5), 'n'.repeat(256)])('fails for the name %j', (gatewayName) => {
    expect(() => aGateway(aStack(), { gatewayName })).toThrow(
      `'gatewayName' must be 2 to 255 printable ASCII characters without slash and backslash, got ${JSON.stringify(gatewayName)}`,
    );
  });

  test('fails for a final snapshot of the gateway', () => {
    expect(() => aGateway(aStack(), { removalPolicy: RemovalPolicy.SNAPSHOT })).toThrow(
      "'removalPolicy' of Branch/Gateway/Resource must be RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY, got \"snapshot\": only a cached volume has a final snapshot",
    );
  });
});

describe('its disks', () => {
  test('are allocated one list after the other', () => {
    const stack = aStack();
    aGateway(stack);
    const template = Template.fromStack(stack);
    template.hasResourceProperties(CACHE, { GatewayARN: { 'Fn::GetAtt': [onlyId(template, GATEWAY), 'GatewayARN'] }, Disks: [{ DiskNode: '/dev/sdb' }] });
    template.hasResource(UPLOAD_BUFFER, { DependsOn: [onlyId(template, CACHE)], Properties: { Disks: [{ DiskNode: '/dev/sdc' }] } });
  });

  test('are left over for the list that asks for all', () => {
    const stack = aStack();
    aGateway(stack, { cache: [LocalDisk.allUnallocated()], uploadBuffer: [LocalDisk.byPath('/dev/nvme1n1')] });
    const template = Template.fromStack(stack);
    template.hasResource(CACHE, { DependsOn: [onlyId(template, UPLOAD_BUFFER)], Properties: { Disks: [{ AllUnallocated: 'true' }] } });
    template.hasResource(UPLOAD_BUFFER, { DependsOn: Match.absent() });
  });

  test.each([
    [{ cache: [] }, "'cache' must name at least one disk, got []"],
    [{ uploadBuffer: [] }, "'uploadBuffer' must name at least one disk, got []"],
    [{ uploadBuffer: [LocalDisk.byNode('/dev/sdb')] }, "'cache' and 'uploadBuffer' must name different disks, got the disk at node /dev/sdb in both"],
    [{ cache: [LocalDisk.allUnallocated()], uploadBuffer: [LocalDisk.allUnallocated()] }, "'cache' and 'uploadBuffer' must name different disks, got all unallocated disks in both"],
    [{ cache: [LocalDisk.bySize(Size.gibibytes(1)), LocalDisk.bySize(Size.mebibytes(1024))] }, "'cache' must name every disk once, got the disk of 1073741824 bytes twice"],
  ])('fail in the lists %j', (disks, message) => {
    expect(() => aGateway(aStack(), disks)).toThrow(message);
  });
});

describe('its log group', () => {
  test('is opened to the service before the gateway is told of it', () => {
    const stack = aStack();
    aGateway(stack, { logGroup: new logs.LogGroup(stack, 'Health') });
    const template = Template.fromStack(stack);
    const arn = (suffix: string) => ({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:logs:${REGION}:${ACCOUNT}:log-group:`, { Ref: Match.stringLikeRegexp('^Health') }, ...(suffix ? [suffix] : [])]],
    });
    template.hasResource(GATEWAY, {
      Properties: { CloudWatchLogGroupARN: arn('') },
      DependsOn: Match.arrayWith([onlyId(template, 'AWS::Logs::ResourcePolicy')]),
    });
    const { PolicyDocument: document } = Object.values(template.findResources('AWS::Logs::ResourcePolicy'))[0].Properties;
    expect(JSON.stringify(document)).toContain('delivery.logs.amazonaws.com');
    expect(JSON.stringify(document)).toContain(':*');
  });

  test('shares its policy with the other log groups of the stack', () => {
    const stack = aStack();
    aGateway(stack, { logGroup: new logs.LogGroup(stack, 'North') }, 'One');
    aGateway(stack, { logGroup: new logs.LogGroup(stack, 'South') }, 'Two');
    Template.fromStack(stack).resourceCountIs('AWS::Logs::ResourcePolicy', 1);
  });
});

test('its log group fails in another Region', () => {
  const stack = aStack();
  const logGroup = logs.LogGroup.fromLogGroupArn(stack, 'Health', `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:health`);
  expect(() => aGateway(stack, { logGroup })).toThrow("'logGroup' must be in the stack's Region eu-central-1, got \"us-east-1\"");
});

describe('its volumes', () => {
  test('wait for the gateway and its disks, also inside of its scope', () => {
    const stack = aStack();
    aGateway(stack).addVolume('Data', { volumeSize: Size.gibibytes(1) });
    const template = Template.fromStack(stack);
    template.hasResource(VOLUME, { DependsOn: [CACHE, GATEWAY, UPLOAD_BUFFER].map((type) => onlyId(template, type)) });
  });

  test('do not wait for one another', () => {
    const stack = aStack();
    const gateway = aGateway(stack);
    gateway.addVolume('One', { volumeSize: Size.gibibytes(1) });
    gateway.addVolume('Two', { volumeSize: Size.gibibytes(1) });
    const volumes = Template.fromStack(stack).findResources(VOLUME);
    expect(Object.values(volumes).flatMap(({ DependsOn }) => DependsOn as string[]).filter((id) => id in volumes)).toEqual([]);
  });

  test('fail when there is one more than a gateway can have', () => {
    const gateway = aGateway(aStack());
    for (let n = 1; n <= 32; n++) {
      gateway.addVolume(`Volume${n}`, { volumeSize: Size.gibibytes(1) });
    }
    expect(() => gateway.addVolume('Volume33', { volumeSize: Size.gibibytes(1) })).toThrow(
      'a gateway can have at most 32 volumes, got one more: Branch/Gateway/Volume33/Resource',
    );
  });

  test('fail with a target name that another volume of the gateway has', () => {
    const gateway = aGateway(aStack());
    gateway.addVolume('One', { volumeSize: Size.gibibytes(1), targetName: 'data' });
    expect(() => gateway.addVolume('Two', { volumeSize: Size.gibibytes(1), targetName: 'data' })).toThrow(
      "'targetName' must be unique on the gateway, got \"data\", which Branch/Gateway/One/Resource has",
    );
  });

  test('fail with a target name that a volume has through another import of the gateway', () => {
    const stack = aStack();
    const [one, two] = ['One', 'Two'].map((id) => CachedVolumeGateway.fromGatewayArn(stack, id, GATEWAY_ARN));
    new CachedVolume(stack, 'Data', { gateway: one, volumeSize: Size.gibibytes(1), targetName: 'data' });
    expect(() => new CachedVolume(stack, 'Other', { gateway: two, volumeSize: Size.gibibytes(1), targetName: 'data' })).toThrow("'targetName' must be unique on the gateway");
  });

  test('fail when they are to stay but the gateway is to go', () => {
    const stack = aStack();
    aGateway(stack, { removalPolicy: RemovalPolicy.DESTROY }).addVolume('Data', { volumeSize: Size.gibibytes(1) });
    expect(() => Template.fromStack(stack)).toThrow(
      '[Branch/Gateway] the gateway has removal policy DESTROY but its volume Branch/Gateway/Data/Resource is retained, and a gateway with volumes cannot be deleted: '
      + "give the volume 'removalPolicy' DESTROY or SNAPSHOT, or retain the gateway",
    );
  });

  test.each([RemovalPolicy.DESTROY, RemovalPolicy.SNAPSHOT])('can go with the gateway by the removal policy %s', (removalPolicy) => {
    const stack = aStack();
    aGateway(stack, { removalPolicy: RemovalPolicy.DESTROY }).addVolume('Data', { volumeSize: Size.gibibytes(1), removalPolicy });
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('can be in another stack than the gateway', () => {
    const app = new App();
    const env = { account: ACCOUNT, region: REGION };
    const gateway = aGateway(new Stack(app, 'Gateways', { env }));
    const volumes = new Stack(app, 'Volumes', { env });
    new CachedVolume(volumes, 'Data', { gateway, volumeSize: Size.gibibytes(1) });
    Template.fromStack(volumes).hasResourceProperties(VOLUME, { GatewayARN: { 'Fn::ImportValue': Match.anyValue() } });
  });

  test('fail in another Region than the gateway', () => {
    const app = new App();
    const gateway = aGateway(new Stack(app, 'Gateways', { env: { account: ACCOUNT, region: REGION } }));
    const elsewhere = new Stack(app, 'Elsewhere', { env: { account: ACCOUNT, region: 'us-east-1' } });
    expect(() => new CachedVolume(elsewhere, 'Data', { gateway, volumeSize: Size.gibibytes(1) })).toThrow(
      "'gateway' must be in the stack's Region us-east-1, got \"eu-central-1\"",
    );
  });
});

test('what depends on the gateway does not wait for its volumes', () => {
  const stack = aStack();
  const gateway = aGateway(stack);
  gateway.addVolume('Data', { volumeSize: Size.gibibytes(1) });
  const dependent = new logs.LogGroup(stack, 'Dependent');
  dependent.node.addDependency(gateway);
  const template = Template.fromStack(stack);
  template.hasResource('AWS::Logs::LogGroup', { DependsOn: [CACHE, GATEWAY, UPLOAD_BUFFER].map((type) => onlyId(template, type)) });
});

describe('a gateway from elsewhere', () => {
  test('is known by its ARN', () => {
    const gateway = CachedVolumeGateway.fromGatewayArn(aStack(), 'Imported', GATEWAY_ARN);
    expect([gateway.gatewayArn, gateway.gatewayId]).toEqual([GATEWAY_ARN, 'sgw-12A3456B']);
  });

  test('can be known to the deployment only', () => {
    const stack = aStack();
    const gateway = CachedVolumeGateway.fromGatewayArn(stack, 'Imported', stack.formatArn({ service: 'storagegateway', resource: 'gateway', resourceName: 'sgw-12A3456B' }));
    new CachedVolume(stack, 'Data', { gateway, volumeSize: Size.gibibytes(1) });
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test.each([
    ['sgw-12A3456B', "'gatewayArn' must be like arn:aws:storagegateway:<region>:<account>:gateway/<gateway id>, got \"sgw-12A3456B\""],
    [`arn:aws:storagegateway:us-east-1:${ACCOUNT}:gateway/sgw-1`, "'gatewayArn' must be in the stack's Region eu-central-1, got \"us-east-1\""],
    [`arn:aws:storagegateway:${REGION}:999999999999:gateway/sgw-1`, "'gatewayArn' must be in the stack's account 111122223333, got \"999999999999\""],
  ])('fails for %s', (arn, message) => {
    expect(() => CachedVolumeGateway.fromGatewayArn(aStack(), 'Imported', arn)).toThrow(message);
  });

  test('may be anywhere if the stack does not say where it will be', () => {
    expect(() => CachedVolumeGateway.fromGatewayArn(aStack({}), 'Imported', GATEWAY_ARN)).not.toThrow();
  });
});

describe('metrics', () => {
  const gateway = (scope: Construct) => CachedVolumeGateway.fromGatewayAttributes(scope, 'Imported', { gatewayArn: GATEWAY_ARN, gatewayName: 'branch' });

  test.each([
    ['metricCacheHitPercent', 'CacheHitPercent', 'Average'],
    ['metricCachePercentDirty', 'CachePercentDirty', 'Average'],
    ['metricCachePercentUsed', 'CachePercentUsed', 'Average'],
    ['metricHealthNotifications', 'HealthNotifications', 'Sum'],
    ['metricIoWaitPercent', 'IoWaitPercent', 'Average'],
    ['metricQueuedWrites', 'QueuedWrites', 'Average'],
    ['metricReadBytes', 'ReadBytes', 'Sum'],
    ['metricTimeSinceLastRecoveryPoint', 'TimeSinceLastRecoveryPoint', 'Average'],
    ['metricUploadBufferPercentUsed', 'UploadBufferPercentUsed', 'Average'],
    ['metricWriteBytes', 'WriteBytes', 'Sum'],
  ] as const)('%s is %s', (method, metricName, statistic) => {
    expect(gateway(aStack())[method]()).toMatchObject({
      namespace: 'AWS/StorageGateway', metricName, statistic, dimensions: { GatewayId: 'sgw-12A3456B', GatewayName: 'branch' }, period: Duration.minutes(5),
    });
  });

  test('can be read in another way', () => {
    expect(gateway(aStack()).metricReadBytes({ statistic: 'Average', period: Duration.hours(1) })).toMatchObject({ statistic: 'Average', period: Duration.hours(1) });
  });

  test('fail without the name of the gateway', () => {
    const nameless = CachedVolumeGateway.fromGatewayArn(aStack(), 'Imported', GATEWAY_ARN);
    expect(() => nameless.metricCacheHitPercent()).toThrow(
      "metrics of Branch/Imported need the gateway's name: import it by 'fromGatewayAttributes' and give 'gatewayName'",
    );
  });

  test('of a declared gateway follow its name', () => {
    const stack = aStack();
    const { dimensions } = aGateway(stack).metricCacheHitPercent();
    expect(stack.resolve(dimensions)).toEqual({ GatewayId: { 'Fn::GetAtt': [expect.any(String), 'GatewayId'] }, GatewayName: { 'Fn::GetAtt': [expect.any(String), 'GatewayName'] } });
  });
});
