import { Names, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { type Construct, Dependable } from 'constructs';
import type { Activation } from './activation';
import { CachedVolume, type CachedVolumeOptions } from './cached-volume';
import type { GatewayAttributes, IGateway } from './gateway';
import { GatewayTimezone } from './gateway-timezone';
import type { LocalDisk } from './local-disk';
import { gatewayIdFrom } from './private/arn';
import { GatewayBase } from './private/gateway-base';
import { allocateDisks } from './private/gateway-disks';
import { GatewayVolumes } from './private/gateway-volumes';
import { LogDelivery } from './private/log-delivery';
import { ServiceResource } from './private/service-resource';
import { checkText } from './private/validate';

/** A gateway with cached volumes: the data lives in AWS, what is used often is also on the appliance. */
export interface ICachedVolumeGateway extends IGateway {
  /**
   * The share of reads that the cache answered.
   *
   * @default - the average over five minutes
   */
  metricCacheHitPercent(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * The share of the cache that is not in AWS yet. AWS recommends an alarm from 80 percent.
   *
   * @default - the average over five minutes
   */
  metricCachePercentDirty(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * The share of the cache that is in use.
   *
   * @default - the average over five minutes
   */
  metricCachePercentUsed(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Bytes that wait to be written to AWS.
   *
   * @default - the average over five minutes
   */
  metricQueuedWrites(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Bytes that initiators read.
   *
   * @default - the sum over five minutes
   */
  metricReadBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Seconds since the last recovery point, which is what an unreachable gateway's volumes can be restored to.
   *
   * @default - the average over five minutes
   */
  metricTimeSinceLastRecoveryPoint(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * The share of the upload buffer that is in use. When it is full, volumes take no snapshots.
   *
   * @default - the average over five minutes
   */
  metricUploadBufferPercentUsed(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Bytes that initiators wrote.
   *
   * @default - the sum over five minutes
   */
  metricWriteBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/** Properties of a CachedVolumeGateway. */
export interface CachedVolumeGatewayProps {
  /** How the gateway comes to be. */
  readonly activation: Activation;

  /**
   * The name of the gateway, 2 to 255 printable ASCII characters but no slash and no backslash. It can be changed.
   *
   * @default - made from the construct's path
   */
  readonly gatewayName?: string;

  /**
   * The time zone in which the hours of snapshot schedules and of the maintenance window count. Changing it moves them.
   *
   * @default GatewayTimezone.GMT
   */
  readonly timezone?: GatewayTimezone;

  /**
   * The disks that hold what initiators use often; AWS advises 150 GiB and more. Disks can be added later, but never taken away.
   */
  readonly cache: LocalDisk[];

  /**
   * The disks that hold what waits for its upload; AWS advises 150 GiB to 2 TiB. Disks can be added later, but never taken away.
   */
  readonly uploadBuffer: LocalDisk[];

  /**
   * Takes the gateway's notes on its health.
   *
   * @default - the gateway keeps them for itself
   */
  readonly logGroup?: logs.ILogGroupRef;

  /**
   * What happens to the gateway when it is no longer in the app. Its appliance can never be activated again once the gateway is
   * deleted; so it is also kept when its first deployment is rolled back, and the next deployment takes it up again.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

abstract class CachedVolumeGatewayBase extends GatewayBase implements ICachedVolumeGateway {
  public metricCacheHitPercent(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CacheHitPercent', options);
  }

  public metricCachePercentDirty(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CachePercentDirty', options);
  }

  public metricCachePercentUsed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CachePercentUsed', options);
  }

  public metricQueuedWrites(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('QueuedWrites', options);
  }

  public metricReadBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ReadBytes', { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricTimeSinceLastRecoveryPoint(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('TimeSinceLastRecoveryPoint', options);
  }

  public metricUploadBufferPercentUsed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('UploadBufferPercentUsed', options);
  }

  public metricWriteBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('WriteBytes', { statistic: cloudwatch.Stats.SUM, ...options });
  }
}

/**
 * A cached volume gateway: an appliance, activated, with its disks allocated.
 *
 * Whatever depends on this construct waits for the gateway and its disks, not for the volumes in its scope.
 *
 * @see https://docs.aws.amazon.com/storagegateway/latest/vgw/StorageGatewayConcepts.html#storage-gateway-cached-concepts
 */
export class CachedVolumeGateway extends CachedVolumeGatewayBase {
  /** A gateway that this app does not create, in the stack's own account and Region; without its name it has no metrics. */
  public static fromGatewayArn(scope: Construct, id: string, gatewayArn: string): ICachedVolumeGateway {
    return CachedVolumeGateway.fromGatewayAttributes(scope, id, { gatewayArn });
  }

  /** A gateway that this app does not create, in the stack's own account and Region. */
  public static fromGatewayAttributes(scope: Construct, id: string, attributes: GatewayAttributes): ICachedVolumeGateway {
    const { gatewayArn, gatewayName } = attributes;
    const gatewayId = gatewayIdFrom(scope, gatewayArn);
    class Import extends CachedVolumeGatewayBase {
      public readonly gatewayArn = gatewayArn;
      public readonly gatewayId = gatewayId;
      protected readonly nameInMetrics = gatewayName;
    }
    return new Import(scope, id, { environmentFromArn: gatewayArn });
  }

  public readonly gatewayArn: string;
  public readonly gatewayId: string;

  /**
   * The name of the gateway.
   *
   * @attribute
   */
  public readonly gatewayName: string;

  /**
   * The first address of the appliance, where initiators reach the volumes unless these name another one.
   *
   * @attribute
   */
  public readonly networkInterfaceAddress: string;

  protected readonly nameInMetrics?: string;

  constructor(scope: Construct, id: string, props: CachedVolumeGatewayProps) {
    super(scope, id);
    const gatewayName = props.gatewayName ?? Names.uniqueResourceName(this, { maxLength: 255, separator: '-', allowedSpecialCharacters: '_-' });
    checkText('gatewayName', gatewayName, 2, 255, /^(?=.*[!-~])[ -.0-[\]-~]+$/, 'printable ASCII characters without slash and backslash');

    const activation = props.activation._bind(this);
    const resource = new ServiceResource(this, 'Resource', {
      type: 'Custom::StorageGatewayGateway',
      properties: {
        ...activation.properties,
        GatewayName: gatewayName,
        GatewayTimezone: (props.timezone ?? GatewayTimezone.GMT).offset,
        GatewayType: 'CACHED',
        CloudWatchLogGroupARN: props.logGroup && LogDelivery.of(this).open(props.logGroup),
      },
    });
    if (activation.dependency) {
      resource.node.addDependency(activation.dependency);
    }
    if (props.logGroup) {
      resource.node.addDependency(LogDelivery.of(this));
    }
    resource.applyRemovalPolicy(props.removalPolicy, { default: RemovalPolicy.RETAIN });
    const gatewayArn = resource.attribute('GatewayARN');
    const disks = allocateDisks(this, gatewayArn, props.cache, props.uploadBuffer);
    Dependable.implement(this, { dependencyRoots: [resource, ...disks] });

    this.gatewayArn = gatewayArn;
    this.gatewayId = resource.attribute('GatewayId');
    this.gatewayName = resource.attribute('GatewayName');
    this.networkInterfaceAddress = resource.attribute('NetworkInterfaceAddress');
    this.nameInMetrics = this.gatewayName;
    this.node.addValidation({ validate: () => GatewayVolumes.of(this).obstacles(resource) });
  }

  /** Makes a volume on this gateway. */
  public addVolume(id: string, options: CachedVolumeOptions): CachedVolume {
    return new CachedVolume(this, id, { gateway: this, ...options });
  }
}
