import { isIP } from 'net';
import { type IResource, Names, RemovalPolicy, Resource, type Size, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { ICachedVolumeGateway } from './cached-volume-gateway';
import { volumeIdFrom } from './private/arn';
import { checkEnvironment, checkRegion } from './private/environment';
import { GatewayVolumes } from './private/gateway-volumes';
import { ServiceResource } from './private/service-resource';
import { check, checkAtMostOne, checkText, checkWhole, isSnapshotId } from './private/validate';
import { SnapshotSchedule, type SnapshotScheduleOptions } from './snapshot-schedule';
import { VolumeGrants } from './volume-grants';

/** A cached volume: an iSCSI disk whose data lives in AWS. */
export interface ICachedVolume extends IResource {
  /**
   * The ARN of the volume.
   *
   * @attribute
   */
  readonly volumeArn: string;

  /**
   * The id of the volume, like `vol-1122AABB`. EC2 and EBS write the same id in lower case.
   *
   * @attribute
   */
  readonly volumeId: string;

  /**
   * How large the volume is, as far as this app knows.
   */
  readonly volumeSize?: Size;

  /** Permissions on the volume. */
  readonly grants: VolumeGrants;

  /**
   * A metric of the volume, by CloudWatch's name in the namespace AWS/StorageGateway.
   *
   * @default - the average over five minutes
   * @see https://docs.aws.amazon.com/storagegateway/latest/vgw/MonitoringVolumes-common.html
   */
  metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * The share of reads of this volume that the cache answered.
   *
   * @default - the average over five minutes
   */
  metricCacheHitPercent(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * This volume's part in the share of the cache that is not in AWS yet.
   *
   * @default - the average over five minutes
   */
  metricCachePercentDirty(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * This volume's part in the share of the cache that is in use.
   *
   * @default - the average over five minutes
   */
  metricCachePercentUsed(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Bytes that initiators read from this volume.
   *
   * @default - the sum over five minutes
   */
  metricReadBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Bytes that initiators wrote to this volume.
   *
   * @default - the sum over five minutes
   */
  metricWriteBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/** What identifies a volume that this app does not create. */
export interface CachedVolumeAttributes {
  /** The ARN of the volume. */
  readonly volumeArn: string;

  /**
   * How large the volume is, so that a copy of it that is too small fails early.
   *
   * @default - only the service knows
   */
  readonly volumeSize?: Size;
}

/** How to make a volume on a gateway. */
export interface CachedVolumeOptions {
  /**
   * How large the volume is, at most 32 TiB and not smaller than what it is made from. It can never be changed.
   *
   * Snapshots of a volume of more than 16 TiB can be restored to Storage Gateway, not to EBS.
   */
  readonly volumeSize: Size;

  /**
   * The end of the target's name, after `iqn.1997-05.com.amazon:`. 1 to 200 lower-case letters, digits, hyphens, periods and
   * semicolons; unique on the gateway. A volume with another target name is another volume: changing it replaces the volume.
   *
   * @default - made from the construct's path
   */
  readonly targetName?: string;

  /**
   * The EBS snapshot with whose contents the volume starts. A later change has no effect.
   *
   * @default - the volume starts empty
   */
  readonly snapshotId?: string;

  /**
   * The volume, of any gateway, with whose last recovery point this volume starts. A later change has no effect.
   *
   * @default - the volume starts empty
   */
  readonly sourceVolume?: ICachedVolume;

  /**
   * The key, a symmetric one, that encrypts the volume and its snapshots. It can never be changed.
   *
   * @default - a key that Amazon S3 manages
   */
  readonly encryptionKey?: kms.IKeyRef;

  /**
   * The IP address of the appliance at which initiators reach the volume. It can never be changed.
   *
   * @default - the appliance's first address
   */
  readonly networkInterface?: string;

  /**
   * What happens to the volume when it is no longer in the app. With `SNAPSHOT`, a last snapshot is taken before it is deleted.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Properties of a CachedVolume. */
export interface CachedVolumeProps extends CachedVolumeOptions {
  /** The gateway that serves the volume. With another gateway it is another volume. */
  readonly gateway: ICachedVolumeGateway;
}

const MAX_BYTES = 32 * 2 ** 40;

abstract class CachedVolumeBase extends Resource implements ICachedVolume {
  public abstract readonly volumeArn: string;
  public abstract readonly volumeId: string;
  public abstract readonly volumeSize?: Size;
  public readonly grants = VolumeGrants.fromVolume(this);

  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/StorageGateway',
      metricName,
      dimensionsMap: { VolumeId: this.volumeId },
      ...options,
    }).attachTo(this);
  }

  public metricCacheHitPercent(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CacheHitPercent', options);
  }

  public metricCachePercentDirty(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CachePercentDirty', options);
  }

  public metricCachePercentUsed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CachePercentUsed', options);
  }

  public metricReadBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ReadBytes', { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricWriteBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('WriteBytes', { statistic: cloudwatch.Stats.SUM, ...options });
  }
}

/**
 * A volume of a cached volume gateway. Initiators reach it as an iSCSI target; the data lives in AWS.
 *
 * @see https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_CreateCachediSCSIVolume.html
 */
export class CachedVolume extends CachedVolumeBase {
  /** A volume that this app does not create, in the stack's own account and Region. */
  public static fromVolumeArn(scope: Construct, id: string, volumeArn: string): ICachedVolume {
    return CachedVolume.fromVolumeAttributes(scope, id, { volumeArn });
  }

  /** A volume that this app does not create, in the stack's own account and Region. */
  public static fromVolumeAttributes(scope: Construct, id: string, attributes: CachedVolumeAttributes): ICachedVolume {
    const { volumeArn, volumeSize } = attributes;
    const volumeId = volumeIdFrom(scope, volumeArn);
    class Import extends CachedVolumeBase {
      public readonly volumeArn = volumeArn;
      public readonly volumeId = volumeId;
      public readonly volumeSize = volumeSize;
    }
    return new Import(scope, id, { environmentFromArn: volumeArn });
  }

  public readonly volumeArn: string;
  public readonly volumeId: string;
  public readonly volumeSize?: Size;

  /**
   * The ARN of the iSCSI target: the gateway's ARN, `/target/` and the target's whole name.
   *
   * @attribute
   */
  public readonly targetArn: string;

  /**
   * The end of the target's name, after `iqn.1997-05.com.amazon:`.
   */
  public readonly targetName: string;

  /**
   * The IP address at which initiators reach the volume.
   *
   * @attribute
   */
  public readonly networkInterfaceAddress: string;

  /**
   * The port at which initiators reach the volume.
   *
   * @attribute
   */
  public readonly networkInterfacePort: string;

  /**
   * The logical unit number of the volume in its target.
   *
   * @attribute
   */
  public readonly lunNumber: string;

  constructor(scope: Construct, id: string, props: CachedVolumeProps) {
    super(scope, id);
    const { encryptionKey, gateway, networkInterface, snapshotId, sourceVolume, volumeSize } = props;
    const targetName = props.targetName ?? Names.uniqueResourceName(this, { maxLength: 200, separator: '-' }).toLowerCase();
    checkEnvironment(this, 'gateway', gateway.env);
    checkText('targetName', targetName, 1, 200, /^[-.;a-z0-9]+$/, 'lower-case letters, digits, hyphens, periods and semicolons');
    checkWhole('volumeSize', volumeSize.toBytes(), 1, MAX_BYTES, ' bytes (32 TiB)');
    check('snapshotId', snapshotId, isSnapshotId, 'like snap-0123456789abcdef0');
    check('networkInterface', networkInterface, (address) => isIP(address) !== 0, 'an IP address of the gateway');
    checkAtMostOne({ snapshotId, sourceVolume });
    if (sourceVolume) {
      checkSource(this, sourceVolume, volumeSize);
    }
    if (encryptionKey) {
      checkRegion(this, 'encryptionKey', encryptionKey.env);
    }

    const resource = new ServiceResource(this, 'Resource', {
      type: 'Custom::StorageGatewayCachedVolume',
      properties: {
        GatewayARN: gateway.gatewayArn,
        TargetName: targetName,
        VolumeSizeInBytes: volumeSize.toBytes(),
        NetworkInterfaceId: networkInterface,
        SnapshotId: snapshotId,
        SourceVolumeARN: sourceVolume?.volumeArn,
        KMSKey: encryptionKey?.keyRef.keyArn,
      },
    });
    // Its own resource and its disks, whichever construct the volume lives in.
    resource.node.addDependency(gateway);
    resource.applyRemovalPolicy(props.removalPolicy, { default: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE });
    GatewayVolumes.of(gateway).add(resource, targetName);

    this.volumeArn = resource.attribute('VolumeARN');
    this.volumeId = resource.attribute('VolumeId');
    this.volumeSize = volumeSize;
    this.targetArn = resource.attribute('TargetARN');
    this.targetName = targetName;
    this.networkInterfaceAddress = resource.attribute('NetworkInterfaceId');
    this.networkInterfacePort = resource.attribute('NetworkInterfacePort');
    this.lunNumber = resource.attribute('LunNumber');
  }

  /** Takes snapshots of this volume at regular hours. A volume has one schedule at most. */
  public addSnapshotSchedule(id: string, options: SnapshotScheduleOptions): SnapshotSchedule {
    return new SnapshotSchedule(this, id, { volume: this, ...options });
  }
}

/** A copy is taken within a Region, and can be larger than what it is taken of but not smaller. */
function checkSource(volume: CachedVolume, source: ICachedVolume, volumeSize: Size): void {
  checkEnvironment(volume, 'sourceVolume', source.env);
  const sourceBytes = source.volumeSize?.toBytes();
  if (sourceBytes !== undefined && !Token.isUnresolved(sourceBytes)) {
    check('volumeSize', volumeSize.toBytes(), (bytes) => bytes >= sourceBytes, `at least the ${sourceBytes} bytes of 'sourceVolume'`);
  }
}
