import {
  DeleteGateway$, DescribeGatewayInformation$, DisableGateway$, ListGateways$, ShutdownGateway$, StartGateway$, UpdateGatewayInformation$,
  UpdateGatewaySoftwareNow$, type DeleteGatewayInput, type DescribeGatewayInformationInput, type DescribeGatewayInformationOutput,
  type DisableGatewayInput, type GatewayInfo, type ListGatewaysInput, type ListGatewaysOutput, type ShutdownGatewayInput,
  type StartGatewayInput, type UpdateGatewayInformationInput, type UpdateGatewayInformationOutput, type UpdateGatewaySoftwareNowInput,
} from '@aws-sdk/client-storage-gateway';
import { checkTimezone } from './activation';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { connectedGateway, gatewayOf, gatewaysOf, isShutDown, reachableGateway, requireType, type Gateway } from './gateway';
import { page } from './paging';
import { strandSnapshots } from './snapshots';
import { existingVolumes, volumesOf } from './volume';
import type { Appliance } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import { operation, type Context, type Operation } from '../service';

const START_SECONDS = 2;
/** DescribeGatewayInformation shows no more; the rest is for ListTagsForResource. */
const SHOWN_TAGS = 10;
const SOFTWARE_VERSION = '3.0.0';

interface ArnOutput {
  readonly GatewayARN: string;
}

export const gatewayOperations = (appliances: Appliances): Operation[] => [
  operation<DescribeGatewayInformationInput, DescribeGatewayInformationOutput>(
    DescribeGatewayInformation$, CONSTRAINTS.DescribeGatewayInformation, ({ GatewayARN }, context) => {
      const { gateway, appliance } = reachableGateway(context, appliances, GatewayARN);
      return { ...identity(gateway, appliance, context), ...details(gateway, appliance, context) };
    }),

  operation<ListGatewaysInput, ListGatewaysOutput>(ListGateways$, CONSTRAINTS.ListGateways, (paging, context) => {
    const { items, Marker } = page(gatewaysOf(context.state).values(), ({ arn }) => arn, paging, context);
    const Gateways = items.map((gateway): GatewayInfo => ({
      ...identity(gateway, appliances.get(gateway.applianceId), context),
      GatewayOperationalState: gateway.disabled ? 'DISABLED' : 'ACTIVE',
    }));
    return { Gateways, Marker };
  }),

  operation<UpdateGatewayInformationInput, UpdateGatewayInformationOutput>(
    UpdateGatewayInformation$, CONSTRAINTS.UpdateGatewayInformation, ({ GatewayARN, ...changes }, context) => {
      const { logGroupArn, ...gateway } = gatewayOf(context, GatewayARN);
      checkTimezone(changes.GatewayTimezone);
      const logGroup = changes.CloudWatchLogGroupARN ?? logGroupArn ?? '';
      const name = changes.GatewayName ?? gateway.name;
      gatewaysOf(context.state).put(GatewayARN, {
        ...gateway,
        name,
        timezone: changes.GatewayTimezone ?? gateway.timezone,
        ...(changes.GatewayCapacity !== undefined && { capacity: changes.GatewayCapacity }),
        // The empty ARN takes the log group away.
        ...(logGroup !== '' && { logGroupArn: logGroup }),
      });
      return { GatewayARN, GatewayName: name };
    }),

  operation<DeleteGatewayInput, ArnOutput>(DeleteGateway$, CONSTRAINTS.DeleteGateway, ({ GatewayARN }, context) => {
    const gateway = gatewayOf(context, GatewayARN);
    // A tape gateway that is out of reach is to be disabled first; the others are deleted without their appliance.
    if (gateway.type === 'VTL' && !gateway.disabled && !appliances.isReachable(appliances.get(gateway.applianceId))) {
      throw invalidRequest('GatewayNotConnected');
    }
    const volumes = existingVolumes(context, GatewayARN);
    strandSnapshots(context, volumes);
    volumes.forEach(({ arn }) => volumesOf(context.state).delete(arn));
    gatewaysOf(context.state).delete(GatewayARN);
    return { GatewayARN };
  }),

  operation<ShutdownGatewayInput, ArnOutput>(ShutdownGateway$, CONSTRAINTS.ShutdownGateway, ({ GatewayARN }, context) => {
    const { startsAt: _, ...gateway } = connectedGateway(context, appliances, GatewayARN).gateway;
    requireType(gateway, 'CACHED', 'STORED', 'VTL');
    gatewaysOf(context.state).put(GatewayARN, { ...gateway, isShutDown: true });
    return { GatewayARN };
  }),

  operation<StartGatewayInput, ArnOutput>(StartGateway$, CONSTRAINTS.StartGateway, ({ GatewayARN }, context) => {
    const { gateway } = reachableGateway(context, appliances, GatewayARN);
    requireType(gateway, 'CACHED', 'STORED', 'VTL');
    if (gateway.isShutDown && gateway.startsAt === undefined) {
      gatewaysOf(context.state).put(GatewayARN, { ...gateway, startsAt: context.clock.time() + START_SECONDS * 1000 });
    }
    return { GatewayARN };
  }),

  operation<UpdateGatewaySoftwareNowInput, ArnOutput>(UpdateGatewaySoftwareNow$, CONSTRAINTS.UpdateGatewaySoftwareNow, ({ GatewayARN }, context) => {
    appliances.restart(connectedGateway(context, appliances, GatewayARN).appliance.id);
    return { GatewayARN };
  }),

  operation<DisableGatewayInput, ArnOutput>(DisableGateway$, CONSTRAINTS.DisableGateway, ({ GatewayARN }, context) => {
    const gateway = gatewayOf(context, GatewayARN);
    requireType(gateway, 'VTL');
    gatewaysOf(context.state).put(GatewayARN, { ...gateway, disabled: true });
    return { GatewayARN };
  }),
];

function identity(gateway: Gateway, appliance: Appliance, { region }: Context) {
  const { ec2InstanceId } = appliance;
  return {
    GatewayARN: gateway.arn,
    GatewayId: gateway.id,
    GatewayName: gateway.name,
    GatewayType: gateway.type,
    HostEnvironment: ec2InstanceId === undefined ? 'OTHER' as const : 'EC2' as const,
    SoftwareVersion: SOFTWARE_VERSION,
    ...(ec2InstanceId !== undefined && { Ec2InstanceId: ec2InstanceId, Ec2InstanceRegion: region, HostEnvironmentId: ec2InstanceId }),
  };
}

function details(gateway: Gateway, { host }: Appliance, context: Context): Partial<DescribeGatewayInformationOutput> {
  return {
    GatewayTimezone: gateway.timezone,
    GatewayState: isShutDown(gateway, context) ? 'SHUTDOWN' : 'RUNNING',
    GatewayNetworkInterfaces: [{ Ipv4Address: host }],
    EndpointType: gateway.endpointType,
    VPCEndpoint: gateway.vpcEndpoint,
    CloudWatchLogGroupARN: gateway.logGroupArn,
    GatewayCapacity: gateway.capacity,
    Tags: gateway.tags.slice(0, SHOWN_TAGS),
  };
}
