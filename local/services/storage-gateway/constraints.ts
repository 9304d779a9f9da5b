import type { Constraint, Constraints } from '../constraints';

const gatewayArn: Constraint = { length: [50, 500] };
const volumeArn: Constraint = {
  length: [50, 500],
  pattern: /^arn:(aws(|-cn|-us-gov|-iso[A-Za-z0-9_-]*|-eusc)):storagegateway:[a-z\-0-9]+:[0-9]+:gateway\/(.+)\/volume\/vol-(\S+)$/,
};
const resourceArn: Constraint = { length: [50, 500] };
const gatewayName: Constraint = { length: [2, 255], pattern: /^[ -.0-[\]-~]*[!-.0-[\]-~][ -.0-[\]-~]*$/ };
const timezone: Constraint = { length: [3, 10] };
const diskIds: Constraint = { each: { length: [1, 300] } };
const targetName: Constraint = { length: [1, 200], pattern: /^[-.;a-z0-9]+$/ };
const clientToken: Constraint = { length: [5, 100] };
const snapshotId: Constraint = { pattern: /^snap-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$/ };
const kmsKey: Constraint = { length: [7, 2048], pattern: /(^arn:(aws(|-cn|-us-gov|-iso[A-Za-z0-9_-]*|-eusc)):kms:([a-zA-Z0-9-]+):([0-9]+):(key|alias)\/(\S+)$)|(^alias\/(\S+)$)/ };
const description: Constraint = { length: [1, 255] };
const marker: Constraint = { length: [1, 2000] };
const limit: Constraint = { range: [1] };
const tagKey: Constraint = { length: [1, 128], pattern: /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u };
const tags: Constraint = { each: { members: { Key: tagKey, Value: { length: [0, 256] } } } };
const ofGateway: Constraints = { GatewayARN: gatewayArn };
const ofVolume: Constraints = { VolumeARN: volumeArn };

/**
 * What the service asks of the inputs of its operations, beyond their types and what is required (both are in the SDK's schemas, which check
 * nothing of this). An input that breaks one of these gets a ValidationException; rules that take more than a look at one member are the
 * operations' own.
 */
export const CONSTRAINTS = {
  ActivateGateway: {
    ActivationKey: { length: [1, 50] },
    GatewayName: gatewayName,
    GatewayTimezone: timezone,
    GatewayRegion: { length: [1, 25] },
    GatewayType: { length: [2, 20] },
    TapeDriveType: { length: [2, 50] },
    MediumChangerType: { length: [2, 50] },
    Tags: tags,
  },
  AddCache: { GatewayARN: gatewayArn, DiskIds: diskIds },
  AddTagsToResource: { ResourceARN: resourceArn, Tags: tags },
  AddUploadBuffer: { GatewayARN: gatewayArn, DiskIds: diskIds },
  AddWorkingStorage: { GatewayARN: gatewayArn, DiskIds: diskIds },
  CreateCachediSCSIVolume: {
    GatewayARN: gatewayArn,
    SnapshotId: snapshotId,
    TargetName: targetName,
    SourceVolumeARN: volumeArn,
    ClientToken: clientToken,
    KMSKey: kmsKey,
    Tags: tags,
  },
  CreateSnapshot: { VolumeARN: volumeArn, SnapshotDescription: description, Tags: tags },
  CreateSnapshotFromVolumeRecoveryPoint: { VolumeARN: volumeArn, SnapshotDescription: description, Tags: tags },
  CreateStorediSCSIVolume: {
    GatewayARN: gatewayArn,
    DiskId: { length: [1, 300] },
    SnapshotId: snapshotId,
    TargetName: targetName,
    KMSKey: kmsKey,
    Tags: tags,
  },
  DeleteBandwidthRateLimit: { GatewayARN: gatewayArn, BandwidthType: { length: [3, 25] } },
  DeleteGateway: ofGateway,
  DisableGateway: ofGateway,
  DeleteSnapshotSchedule: ofVolume,
  DeleteVolume: ofVolume,
  DescribeBandwidthRateLimit: ofGateway,
  DescribeCache: ofGateway,
  DescribeCachediSCSIVolumes: { VolumeARNs: { each: volumeArn } },
  DescribeGatewayInformation: ofGateway,
  DescribeMaintenanceStartTime: ofGateway,
  DescribeSMBSettings: ofGateway,
  DescribeSnapshotSchedule: ofVolume,
  DescribeStorediSCSIVolumes: { VolumeARNs: { each: volumeArn } },
  DescribeUploadBuffer: ofGateway,
  DescribeWorkingStorage: ofGateway,
  ListGateways: { Limit: limit, Marker: marker },
  ListLocalDisks: ofGateway,
  ListTagsForResource: { ResourceARN: resourceArn, Limit: limit, Marker: marker },
  ListVolumeInitiators: ofVolume,
  ListVolumeRecoveryPoints: ofGateway,
  ListVolumes: { GatewayARN: gatewayArn, Limit: limit, Marker: marker },
  RemoveTagsFromResource: { ResourceARN: resourceArn, TagKeys: { each: tagKey } },
  SetLocalConsolePassword: { GatewayARN: gatewayArn, LocalConsolePassword: { length: [6, 512], pattern: /^[ -~]+$/ } },
  ShutdownGateway: ofGateway,
  StartGateway: ofGateway,
  UpdateBandwidthRateLimit: {
    GatewayARN: gatewayArn,
    AverageUploadRateLimitInBitsPerSec: { range: [51200] },
    AverageDownloadRateLimitInBitsPerSec: { range: [102400] },
  },
  UpdateGatewayInformation: {
    GatewayARN: gatewayArn,
    GatewayName: gatewayName,
    GatewayTimezone: timezone,
    CloudWatchLogGroupARN: { length: [0, 562] },
    GatewayCapacity: { values: ['Small', 'Medium', 'Large'] },
  },
  UpdateGatewaySoftwareNow: ofGateway,
  UpdateMaintenanceStartTime: {
    GatewayARN: gatewayArn,
    HourOfDay: { range: [0, 23] },
    MinuteOfHour: { range: [0, 59] },
    DayOfWeek: { range: [0, 6] },
    DayOfMonth: { range: [1, 28] },
    SoftwareUpdatePreferences: { members: { AutomaticUpdatePolicy: { values: ['ALL_VERSIONS', 'EMERGENCY_VERSIONS_ONLY'] } } },
  },
  UpdateSnapshotSchedule: {
    VolumeARN: volumeArn,
    StartAt: { range: [0, 23] },
    RecurrenceInHours: { range: [1, 24] },
    Description: description,
    Tags: tags,
  },
} as const satisfies Record<string, Constraints>;
