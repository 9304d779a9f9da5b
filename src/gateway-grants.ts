import * as iam from 'aws-cdk-lib/aws-iam';
import type { IGateway } from './gateway';

/** Permissions on one gateway. */
export class GatewayGrants {
  /** The permissions that can be granted on the given gateway. */
  public static fromGateway(gateway: IGateway): GatewayGrants {
    return new GatewayGrants(gateway);
  }

  private constructor(private readonly gateway: IGateway) {}

  /**
   * Any actions that Storage Gateway allows on a gateway.
   *
   * @param actions like `storagegateway:DescribeGatewayInformation`
   * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstoragegateway.html
   */
  public actions(grantee: iam.IGrantable, ...actions: string[]): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [this.gateway.gatewayArn] });
  }

  /** To see how the gateway is set up and how it is doing: its settings, disks, buffers and tags. */
  public read(grantee: iam.IGrantable): iam.Grant {
    return this.actions(
      grantee,
      'storagegateway:DescribeBandwidthRateLimit',
      'storagegateway:DescribeCache',
      'storagegateway:DescribeGatewayInformation',
      'storagegateway:DescribeMaintenanceStartTime',
      'storagegateway:DescribeUploadBuffer',
      'storagegateway:ListLocalDisks',
      'storagegateway:ListTagsForResource',
      'storagegateway:ListVolumeRecoveryPoints',
    );
  }

  /** To stop and start the gateway and to update its software. Nothing can be configured or deleted with it. */
  public operate(grantee: iam.IGrantable): iam.Grant {
    return this.actions(
      grantee,
      'storagegateway:DescribeGatewayInformation',
      'storagegateway:ShutdownGateway',
      'storagegateway:StartGateway',
      'storagegateway:UpdateGatewaySoftwareNow',
    );
  }
}
