import { Resource } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IGateway } from '../gateway';
import { GatewayGrants } from '../gateway-grants';

/**
 * What gateways of all types have in common, declared here or elsewhere.
 *
 * @internal
 */
export abstract class GatewayBase extends Resource implements IGateway {
  public abstract readonly gatewayArn: string;
  public abstract readonly gatewayId: string;
  public readonly grants = GatewayGrants.fromGateway(this);

  /** The dimension GatewayName; an imported gateway need not have told it. */
  protected abstract readonly nameInMetrics?: string;

  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    if (this.nameInMetrics === undefined) {
      throw new Error(`metrics of ${this.node.path} need the gateway's name: import it by 'fromGatewayAttributes' and give 'gatewayName'`);
    }
    return new cloudwatch.Metric({
      namespace: 'AWS/StorageGateway',
      metricName,
      dimensionsMap: { GatewayId: this.gatewayId, GatewayName: this.nameInMetrics },
      ...options,
    }).attachTo(this);
  }

  public metricHealthNotifications(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('HealthNotifications', { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricIoWaitPercent(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('IoWaitPercent', options);
  }
}
