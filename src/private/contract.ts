/**
 * What a construct sends and what its handler answers, by resource type.
 *
 * Types only: the one file that the constructs (src/) and the handlers (lambda/) share. Names are the API's own. A property
 * is never removed or given a new meaning, only added, because a stack that was deployed by an older version goes on
 * sending the old shape (as OldResourceProperties, and with its Delete).
 */
export interface Contract {
  'Custom::StorageGatewayGateway': { properties: GatewayProperties; attributes: GatewayAttributes };
  'Custom::StorageGatewayCache': { properties: DiskAllocationProperties; attributes: DiskAllocationAttributes };
  'Custom::StorageGatewayUploadBuffer': { properties: DiskAllocationProperties; attributes: DiskAllocationAttributes };
  'Custom::StorageGatewayCachedVolume': { properties: CachedVolumeProperties; attributes: CachedVolumeAttributes };
  'Custom::StorageGatewaySnapshotSchedule': { properties: SnapshotScheduleProperties; attributes: SnapshotScheduleAttributes };
  'Custom::EBSSnapshotSeed': { properties: SnapshotSeedProperties; attributes: SnapshotSeedAttributes };
}

export type ResourceType = keyof Contract;
export type Properties<T extends ResourceType> = Contract[T]['properties'];
export type Attributes<T extends ResourceType> = Contract[T]['attributes'];

/** How values arrive at a handler: CloudFormation turns every scalar into a string. */
export type Wire<T> = T extends boolean | number | string ? string : T extends undefined ? T : { readonly [K in keyof T]: Wire<T[K]> };

/** Tags as CloudFormation renders them. */
export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Exactly one of ActivationKey, ApplianceAddress and GatewayARN says how the gateway comes to be. */
interface GatewayProperties {
  readonly GatewayName: string;
  readonly GatewayTimezone: string;
  readonly GatewayType: 'CACHED';
  readonly ActivationKey?: string;
  /** Host, or host:port, that answers the key request. */
  readonly ApplianceAddress?: string;
  /** A gateway that is active already, to be managed from now on. */
  readonly GatewayARN?: string;
  /** DNS name of the interface endpoint that the gateway is to use. */
  readonly VpcEndpoint?: string;
  readonly EndpointType?: string;
  readonly IpVersion?: string;
  /** The function in the appliance's network that asks for the key; without it the handler asks itself. */
  readonly ActivationKeyFunctionArn?: string;
  /** Seconds over which six good answers in a row are wanted after activation. */
  readonly SettleTime?: number;
  readonly CloudWatchLogGroupARN?: string;
  readonly Tags?: Tag[];
}

interface GatewayAttributes {
  readonly GatewayARN: string;
  readonly GatewayId: string;
  readonly GatewayName: string;
  readonly EndpointType?: string;
  readonly Ec2InstanceId?: string;
  readonly HostEnvironment?: string;
  /** The first address of the appliance: where its targets are reached. */
  readonly NetworkInterfaceAddress: string;
}

/** One way to point at a disk; exactly one member is given. */
export interface DiskSelector {
  readonly DiskNode?: string;
  readonly DiskPath?: string;
  readonly DiskSizeInBytes?: number;
  readonly AllUnallocated?: boolean;
}

interface DiskAllocationProperties {
  readonly GatewayARN: string;
  readonly Disks: DiskSelector[];
}

interface DiskAllocationAttributes {
  /** Paths of the disks that the selectors stand for, joined by commas. */
  readonly DiskPaths: string;
  readonly AllocatedInBytes: string;
}

interface CachedVolumeProperties {
  readonly GatewayARN: string;
  readonly TargetName: string;
  readonly VolumeSizeInBytes: number;
  /** An address of the gateway; its first one where this is absent. */
  readonly NetworkInterfaceId?: string;
  readonly SnapshotId?: string;
  readonly SourceVolumeARN?: string;
  readonly KMSKey?: string;
  /** Take a last snapshot before the volume is deleted. */
  readonly FinalSnapshot?: boolean;
  readonly Tags?: Tag[];
}

interface CachedVolumeAttributes {
  readonly VolumeARN: string;
  readonly VolumeId: string;
  readonly TargetARN: string;
  readonly NetworkInterfaceId: string;
  readonly NetworkInterfacePort: string;
  readonly LunNumber: string;
}

interface SnapshotScheduleProperties {
  readonly VolumeARN: string;
  readonly StartAt: number;
  readonly RecurrenceInHours: number;
  readonly Description?: string;
  /** Go onto the snapshots. */
  readonly Tags?: Tag[];
}

interface SnapshotScheduleAttributes {
  /** The zone in which StartAt counts. */
  readonly Timezone: string;
}

interface SnapshotSeedProperties {
  /** Runs the seed; one for all seeds of the stack. */
  readonly StateMachineArn: string;
  readonly SourceBucket: string;
  readonly SourceKey: string;
  readonly SourceVersionId?: string;
  /** GiB; the image's own size, rounded up, where this is absent. */
  readonly VolumeSize?: number;
  readonly Description?: string;
  readonly KmsKeyArn?: string;
  /** Holds what workers leave for their successors, and the digests of the blocks that later seeds start from. */
  readonly JournalBucket?: string;
  /** What becomes of blocks that hold zeros alone; WRITE where this is absent. */
  readonly ZeroBlocks?: 'OMIT' | 'WRITE';
  /** Only what differs from this one is written. */
  readonly ParentSnapshotId?: string;
  /** How much is read back; FULL where this is absent. */
  readonly Verify?: 'FULL' | 'NONE' | 'SAMPLE';
  readonly MaxPutsPerSecond?: number;
  /** How many functions write at once. */
  readonly Workers?: number;
  /** Whether the resource is ready only with the snapshot, as it is where this is absent, or as soon as that has begun. */
  readonly WaitForCompletion?: boolean;
  readonly Tags?: Tag[];
}

/** Of a seed that nobody waits for, all but the first two are absent. */
interface SnapshotSeedAttributes {
  readonly SnapshotId: string;
  readonly VolumeSize: string;
  readonly BlocksWritten?: string;
  /** LINEAR aggregate of the blocks' SHA-256 digests, base64. */
  readonly Checksum?: string;
  /** How long it took, from the first request to the end of the verification. */
  readonly Seconds?: string;
}
