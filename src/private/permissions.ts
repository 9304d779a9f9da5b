/** What the handlers may do, in the notation of the Service Authorization Reference. Data only: the tests hold it against the calls that are made. */
export interface Permission {
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: { readonly [operator: string]: { readonly [key: string]: string | string[] } };
  /** Why the resource cannot be narrower. */
  readonly reason?: string;
}

const GATEWAY = 'arn:${Partition}:storagegateway:${Region}:${Account}:gateway/*';
const VOLUME = 'arn:${Partition}:storagegateway:${Region}:${Account}:gateway/*/volume/*';
/** Snapshot ARNs have no account: EC2's own form. */
const SNAPSHOT = 'arn:${Partition}:ec2:${Region}::snapshot/*';

/** What a stack created carries the stack's name, so no stack can delete what belongs to another. */
const OWNED = { StringLike: { 'aws:ResourceTag/cdk-storage-gateway:owner': '${StackName}/*' } };

export const PERMISSIONS: readonly Permission[] = [
  {
    actions: ['cloudformation:DescribeStacks', 'cloudformation:ListStackResources'],
    resources: ['${StackId}'],
  },
  {
    actions: ['ec2:CreateTags', 'ec2:DeleteSnapshot', 'ec2:DeleteTags'],
    resources: [SNAPSHOT],
    conditions: OWNED,
  },
  {
    actions: ['ec2:DescribeSnapshots'],
    resources: ['*'],
    reason: 'EC2 lists take no resource',
  },
  {
    actions: ['ec2:GetEbsEncryptionByDefault'],
    resources: ['*'],
    reason: 'the settings of an account are no resource',
  },
  {
    actions: ['kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext'],
    resources: ['arn:${Partition}:kms:${Region}:*:key/*'],
    conditions: { StringEquals: { 'kms:ViaService': 'storagegateway.${Region}.amazonaws.com' } },
    reason: 'whichever keys the volumes name, of other accounts too, and only through Storage Gateway',
  },
  {
    actions: ['storagegateway:ActivateGateway', 'storagegateway:ListGateways', 'storagegateway:ListVolumes'],
    resources: ['*'],
    reason: 'Storage Gateway knows no resource for these',
  },
  {
    actions: [
      'storagegateway:AddCache',
      'storagegateway:AddUploadBuffer',
      'storagegateway:DescribeCache',
      'storagegateway:DescribeGatewayInformation',
      'storagegateway:ListLocalDisks',
      'storagegateway:UpdateGatewayInformation',
    ],
    resources: [GATEWAY],
  },
  {
    actions: ['storagegateway:AddTagsToResource', 'storagegateway:ListTagsForResource', 'storagegateway:RemoveTagsFromResource'],
    resources: [GATEWAY, VOLUME],
  },
  {
    actions: ['storagegateway:CreateCachediSCSIVolume'],
    resources: [GATEWAY, VOLUME],
  },
  {
    actions: [
      'storagegateway:CreateSnapshot',
      'storagegateway:DeleteSnapshotSchedule',
      'storagegateway:DescribeCachediSCSIVolumes',
      'storagegateway:DescribeSnapshotSchedule',
      'storagegateway:ListVolumeInitiators',
      'storagegateway:UpdateSnapshotSchedule',
    ],
    resources: [VOLUME],
  },
  {
    actions: ['storagegateway:DeleteGateway'],
    resources: [GATEWAY],
    conditions: OWNED,
  },
  {
    actions: ['storagegateway:DeleteVolume'],
    resources: [VOLUME],
    conditions: OWNED,
  },
];
