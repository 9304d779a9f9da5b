import type { IResource } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { GatewayGrants } from './gateway-grants';

/** A gateway of any type. */
export interface IGateway extends IResource {
  /**
   * The ARN of the gateway.
   *
   * @attribute
   */
  readonly gatewayArn: string;

  /**
   * The id of the gateway, like `sgw-12A3456B`.
   *
   * @attribute
   */
  readonly gatewayId: string;

  /** Permissions on the gateway. */
  readonly grants: GatewayGrants;

  /**
   * A metric of the gateway, by CloudWatch's name in the namespace AWS/StorageGateway.
   *
   * CloudWatch files a gateway's metrics under its id and its name together: they begin anew when it gets another name.
   *
   * @default - the average over five minutes
   * @see https://docs.aws.amazon.com/storagegateway/latest/vgw/MonitoringGateways-common.html
   */
  metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Notes on the gateway's health that it wrote to its log group. AWS recommends an alarm on one or more, missing data not breaching.
   *
   * @default - the sum over five minutes
   */
  metricHealthNotifications(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * The share of time that the appliance waits for its disks. AWS recommends an alarm from 20 percent.
   *
   * @default - the average over five minutes
   */
  metricIoWaitPercent(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/** What identifies a gateway that this app does not create. */
export interface GatewayAttributes {
  /** The ARN of the gateway. */
  readonly gatewayArn: string;

  /**
   * The name of the gateway, for its metrics.
   *
   * @default - metrics cannot be had
   */
  readonly gatewayName?: string;
}
