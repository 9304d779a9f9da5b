import { Duration, RemovalPolicy, Size, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { aGateway, aStack } from './declarations';
import { ServiceResource } from '../src/private/service-resource';

const VOLUME = 'Custom::StorageGatewayCachedVolume';

test('numbers and booleans are sent as the strings that the handler will see', () => {
  const stack = aStack();
  aGateway(stack).addVolume('Data', { volumeSize: Size.tebibytes(32), removalPolicy: RemovalPolicy.SNAPSHOT });
  Template.fromStack(stack).hasResourceProperties(VOLUME, { VolumeSizeInBytes: '35184372088832', FinalSnapshot: 'true' });
});

test('overrides work as on a generated class', () => {
  const stack = aStack();
  const volume = aGateway(stack).addVolume('Data', { volumeSize: Size.gibibytes(1) });
  const resource = volume.node.defaultChild as ServiceResource<typeof VOLUME>;
  resource.addPropertyOverride('TargetName', 'other');
  Template.fromStack(stack).hasResourceProperties(VOLUME, { TargetName: 'other' });
});

describe('tags', () => {
  const tagged = (...tags: [string, string][]) => {
    const stack = aStack();
    const gateway = aGateway(stack);
    tags.forEach(([key, value]) => Tags.of(gateway).add(key, value));
    return () => Template.fromStack(stack);
  };
  const numbered = (count: number) => Array.from({ length: count }, (_, n): [string, string] => [`key${n}`, '']);

  test('may be 48, with keys of 128 and values of 256 characters', () => {
    expect(tagged(...numbered(47), ['k'.repeat(128), 'v'.repeat(256)])).not.toThrow();
  });

  test.each<[string, [string, string][], string]>([
    ['for 49', numbered(49), "at most 48 tags are allowed (two more are this library's own), got 49"],
    ['for a long key', [['k'.repeat(129), '']], `tag key "${'k'.repeat(129)}" must have 1 to 128 characters`],
    ['for a long value', [['key', 'v'.repeat(257)]], 'tag "key" must have a value of at most 256 characters, got 257'],
    ["for AWS's own", [['aws:name', '']], 'tag key "aws:name" must not start with "cdk-storage-gateway:" or "aws:"'],
    ['for our own', [['cdk-storage-gateway:owner', 'me']], 'tag key "cdk-storage-gateway:owner" must not start with "cdk-storage-gateway:" or "aws:"'],
  ])('fail %s', (_what, tags, message) => {
    expect(tagged(...tags)).toThrow(message);
  });

  test('for the stack do not reach what has none', () => {
    const stack = aStack();
    aGateway(stack).addVolume('Data', { volumeSize: Size.gibibytes(1) }).addSnapshotSchedule('Nightly', { startAt: 2, recurrence: Duration.days(1) });
    Tags.of(stack).add('CostCenter', '4711');
    const resources: { [id: string]: { Type: string; Properties: { Tags?: unknown } } } = Template.fromStack(stack).toJSON().Resources;
    const taggedTypes = Object.values(resources).filter(({ Properties }) => Properties.Tags).map(({ Type }) => Type).filter((type) => type.startsWith('Custom::'));
    expect(taggedTypes.sort()).toEqual([VOLUME, 'Custom::StorageGatewayGateway', 'Custom::StorageGatewaySnapshotSchedule']);
  });
});
