import { randomBytes } from 'node:crypto';
import type { Tag } from '@aws-sdk/client-storage-gateway';
import { invalidRequest } from './errors';
import { partitionOf } from '../../identity';
import type { Appliance } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import type { Context } from '../service';
import type { Collection, RegionState } from '../state/state';

export const GATEWAY_TYPES = ['STORED', 'CACHED', 'VTL', 'FILE_S3', 'FILE_FSX_SMB'] as const;
export type GatewayType = (typeof GATEWAY_TYPES)[number];

export interface MaintenanceWindow {
  readonly DayOfWeek?: number;
  readonly DayOfMonth?: number;
  readonly HourOfDay: number;
  readonly MinuteOfHour: number;
  readonly automaticUpdatePolicy?: 'ALL_VERSIONS' | 'EMERGENCY_VERSIONS_ONLY';
}

/** An activated gateway. Its disks are the appliance's. */
export interface Gateway {
  readonly arn: string;
  readonly id: string;
  readonly applianceId: string;
  readonly name: string;
  readonly timezone: string;
  readonly type: GatewayType;
  readonly activatedAt: number;
  readonly tags: readonly GatewayTag[];
  readonly endpointType: string;
  readonly vpcEndpoint?: string;
  readonly logGroupArn?: string;
  readonly capacity?: 'Small' | 'Medium' | 'Large';
  readonly maintenance: MaintenanceWindow;
  readonly uploadLimit?: number;
  readonly downloadLimit?: number;
  readonly disabled?: true;
  readonly isShutDown?: true;
  /** While it is starting it is still shut down. */
  readonly startsAt?: number;
}

export interface GatewayTag extends Tag {
  readonly Key: string;
  readonly Value: string;
}

export const gatewaysOf = (state: RegionState): Collection<Gateway> => state.collection('gateways');

export const newGatewayId = () => `sgw-${randomBytes(4).toString('hex').toUpperCase()}`;

export const gatewayArn = ({ region, account }: Context, id: string) => `arn:${partitionOf(region)}:storagegateway:${region}:${account}:gateway/${id}`;

/** The gateway, connected or not: for what the control plane answers by itself. */
export function gatewayOf(context: Context, arn: string): Gateway {
  const gateway = gatewaysOf(context.state).get(arn);
  if (!gateway) {
    throw invalidRequest('GatewayNotFound');
  }
  return gateway;
}

/** The gateway and its appliance, for what the appliance has to do. */
export function connectedGateway(context: Context, appliances: Appliances, arn: string): { gateway: Gateway; appliance: Appliance } {
  const { gateway, appliance } = reachableGateway(context, appliances, arn);
  if (isShutDown(gateway, context)) {
    throw invalidRequest('GatewayNotConnected');
  }
  return { gateway, appliance };
}

/** The same, also while the gateway is shut down: for the few operations that are accepted then. */
export function reachableGateway(context: Context, appliances: Appliances, arn: string): { gateway: Gateway; appliance: Appliance } {
  const gateway = gatewayOf(context, arn);
  const appliance = appliances.get(gateway.applianceId);
  if (gateway.disabled || !appliances.isReachable(appliance)) {
    throw invalidRequest('GatewayNotConnected');
  }
  return { gateway, appliance };
}

export const isShutDown = ({ isShutDown: shutDown, startsAt }: Gateway, { clock }: Context) =>
  shutDown === true && clock.time() < (startsAt ?? Infinity);

export function requireType(gateway: Gateway, ...types: GatewayType[]): void {
  if (!types.includes(gateway.type)) {
    throw invalidRequest('UnsupportedOperationForGatewayType');
  }
}
