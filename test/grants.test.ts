import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { GATEWAY_ARN, VOLUME_ARN, aStack } from './declarations';
import { CachedVolume, CachedVolumeGateway, SnapshotSeed, type ICachedVolume, type ICachedVolumeGateway } from '../src';

function granted(grant: (gateway: ICachedVolumeGateway, volume: ICachedVolume, role: iam.Role) => void): Template {
  const stack = aStack();
  const role = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
  grant(CachedVolumeGateway.fromGatewayArn(stack, 'Gateway', GATEWAY_ARN), CachedVolume.fromVolumeArn(stack, 'Volume', VOLUME_ARN), role);
  return Template.fromStack(stack);
}

test.each([
  ['reading a gateway', 'storagegateway:DescribeGatewayInformation', GATEWAY_ARN, granted((gateway, _volume, role) => gateway.grants.read(role))],
  ['operating a gateway', 'storagegateway:ShutdownGateway', GATEWAY_ARN, granted((gateway, _volume, role) => gateway.grants.operate(role))],
  ['reading a volume', 'storagegateway:DescribeCachediSCSIVolumes', VOLUME_ARN, granted((_gateway, volume, role) => volume.grants.read(role))],
  ['taking snapshots', 'storagegateway:CreateSnapshot', VOLUME_ARN, granted((_gateway, volume, role) => volume.grants.createSnapshot(role))],
])('%s is allowed on the one resource', (_what, action, Resource, template) => {
  template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: [{ Effect: 'Allow', Action: Match.arrayWith([action]), Resource }] } });
});

test('any other action can be allowed', () => {
  granted((gateway, volume, role) => {
    gateway.grants.actions(role, 'storagegateway:ResetCache');
    volume.grants.actions(role, 'storagegateway:DetachVolume');
  }).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [
        { Effect: 'Allow', Action: 'storagegateway:ResetCache', Resource: GATEWAY_ARN },
        { Effect: 'Allow', Action: 'storagegateway:DetachVolume', Resource: VOLUME_ARN },
      ],
    },
  });
});

test('reading the blocks of a snapshot is allowed on the one snapshot, whose ARN names no account', () => {
  const stack = aStack();
  const role = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
  SnapshotSeed.fromSnapshotId(stack, 'Snapshot', 'snap-0123456789abcdef0').grants.read(role);

  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [{
        Effect: 'Allow',
        Action: ['ebs:GetSnapshotBlock', 'ebs:ListChangedBlocks', 'ebs:ListSnapshotBlocks'],
        Resource: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':snapshot/snap-0123456789abcdef0$')])] },
      }],
    },
  });
});
