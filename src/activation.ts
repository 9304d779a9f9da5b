import { Annotations, type Duration, Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct, IDependable } from 'constructs';
import { activationKeyFunction } from './private/activation-key-function';
import { gatewayIdFrom } from './private/arn';
import type { Properties } from './private/contract';
import { check, checkText } from './private/validate';

/** The kind of endpoint through which a gateway talks to AWS. It is fixed by the activation. */
export enum EndpointType {
  /** IPv4 only. */
  STANDARD = 'STANDARD',
  /** With cryptographic modules validated by FIPS 140; IPv4 only unless it is the endpoint of a VPC. */
  FIPS = 'FIPS',
  /** IPv4 and IPv6. */
  DUALSTACK = 'DUALSTACK',
  /** IPv4 and IPv6, with cryptographic modules validated by FIPS 140. */
  FIPS_DUALSTACK = 'FIPS_DUALSTACK',
}

/** The protocol by which a gateway reaches its endpoint. */
export enum IpVersion {
  /** Version 4. */
  IPV4 = 'ipv4',
  /** Version 6, which the appliance's software knows from version 3. */
  IPV6 = 'ipv6',
}

/** What an activation waits for. */
export interface ActivationOptions {
  /**
   * For how long the gateway must have answered without a break before it counts as activated. It may restart after
   * its activation, so one good answer says little. At most ten minutes.
   *
   * @default Duration.minutes(1)
   */
  readonly settleTime?: Duration;
}

/** How an appliance is asked for its activation key. */
export interface ActivationFromAddressOptions extends ActivationOptions {
  /**
   * The network from which the appliance can be reached.
   *
   * @default - the appliance is asked from outside of any VPC, so it must have a public address
   */
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets of the VPC from which the appliance is asked. They need no way out of the VPC.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * What the appliance must admit on port 80, for the time of the activation.
   *
   * @default - a new security group, so the appliance has to admit the subnets' addresses
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * The DNS name of the interface endpoint that the gateway is to use: the first of its names, without a zone.
   *
   * For example `vpce-1a2b3c4d-5e6f.storagegateway.us-east-1.vpce.amazonaws.com`.
   *
   * @default - the gateway uses the public endpoint
   * @see https://docs.aws.amazon.com/storagegateway/latest/vgw/gateway-private-link.html
   */
  readonly vpcEndpointDnsName?: string;

  /**
   * The kind of endpoint that the gateway is to use.
   *
   * @default EndpointType.STANDARD
   */
  readonly endpointType?: EndpointType;

  /**
   * The protocol by which the gateway is to reach its endpoint.
   *
   * @default - IPv4
   */
  readonly ipVersion?: IpVersion;
}

/** What an activation says about its gateway. */
interface Binding {
  readonly properties: Pick<
    Properties<'Custom::StorageGatewayGateway'>,
  'ActivationKey' | 'ActivationKeyFunctionArn' | 'ApplianceAddress' | 'EndpointType' | 'GatewayARN' | 'IpVersion' | 'SettleTime' | 'VpcEndpoint'
  >;
  readonly dependency?: IDependable;
}

/**
 * How a gateway comes to be. It counts once, when the gateway is first deployed: a later change of key or address has no effect,
 * and one of endpoint or type is refused.
 *
 * @see https://docs.aws.amazon.com/storagegateway/latest/vgw/get-activation-key.html
 */
export class Activation {
  /**
   * Asks the appliance at the given address for its activation key.
   *
   * @param address host name or IP address, with a port if it is not 80; an IPv6 address in brackets
   */
  public static fromAddress(address: string, options: ActivationFromAddressOptions = {}): Activation {
    check('address', address, (text) => /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(text), 'a host or host:port, without scheme and path');
    check('vpcEndpointDnsName', options.vpcEndpointDnsName, (text) => /^[A-Za-z0-9*_-]+(\.[A-Za-z0-9_-]+)+$/.test(text), "the endpoint's DNS name, not its id");
    const settleTime = settleSeconds(options);
    const { vpc, vpcSubnets, securityGroups } = options;
    if (!vpc && (vpcSubnets || securityGroups)) {
      throw new Error(`${vpcSubnets ? "'vpcSubnets'" : "'securityGroups'"} can only be given with 'vpc'`);
    }

    return new Activation((scope) => {
      const keyFunction = vpc && activationKeyFunction(scope, { vpc, vpcSubnets, securityGroups });
      return {
        properties: {
          ApplianceAddress: address,
          ActivationKeyFunctionArn: keyFunction?.functionArn,
          VpcEndpoint: options.vpcEndpointDnsName,
          // What the appliance takes without being told; the service documents no parameter for it.
          EndpointType: options.endpointType === EndpointType.STANDARD ? undefined : options.endpointType,
          IpVersion: options.ipVersion,
          SettleTime: settleTime,
        },
        dependency: keyFunction,
      };
    });
  }

  /**
   * Uses a key that was obtained before, for example from the appliance's local console.
   *
   * A key works once and expires thirty minutes after it was made, so it does not belong in the app: hand it in as the value
   * of a CfnParameter with `noEcho`.
   *
   * @param activationKey the key, 1 to 50 characters
   */
  public static fromKey(activationKey: string, options: ActivationOptions = {}): Activation {
    checkText('activationKey', activationKey, 1, 50);
    const settleTime = settleSeconds(options);
    return new Activation((scope) => {
      if (!Token.isUnresolved(activationKey)) {
        Annotations.of(scope).addWarningV2(
          'cdk-storage-gateway:literalActivationKey',
          'the activation key stands in the template, works once and for thirty minutes only: pass the value of a CfnParameter with noEcho',
        );
      }
      return { properties: { ActivationKey: activationKey, SettleTime: settleTime } };
    });
  }

  /**
   * Manages a gateway that is activated already.
   *
   * Its name, time zone, log group and disks become what the app says.
   */
  public static fromGatewayArn(gatewayArn: string): Activation {
    return new Activation((scope) => {
      gatewayIdFrom(scope, gatewayArn);
      return { properties: { GatewayARN: gatewayArn } };
    });
  }

  private constructor(
    /** @internal */
    public readonly _bind: (scope: Construct) => Binding,
  ) {}
}

function settleSeconds({ settleTime }: ActivationOptions): number | undefined {
  const seconds = settleTime?.toSeconds();
  check('settleTime', seconds, (value) => value >= 0 && value <= 600, '0 to 600 seconds');
  return seconds;
}
