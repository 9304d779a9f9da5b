import {
  DeleteGatewayCommand, DescribeGatewayInformationCommand, ListVolumesCommand, StorageGatewayClient, UpdateGatewayInformationCommand,
  paginateListGateways, type DescribeGatewayInformationOutput, type VolumeInfo,
} from '@aws-sdk/client-storage-gateway';
import { activateByAddress, activateByKey, givesOutKey, type Activated } from './activation';
import { CLIENT_CONFIG, once, patient } from './client';
import { clock } from './clock';
import { isGone, isTransient } from './errors';
import type { Handler, Request, UpdateRequest } from './handler';
import { log } from './log';
import { refuse } from './refusal';
import { OWNER, reconcileTags, storageGatewayTags, valueOf } from './tags';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

type Type = 'Custom::StorageGatewayGateway';

/** An appliance that was just activated restarts: one good answer can come before that. */
const GOOD_ANSWERS = 6;
const SETTLE_SECONDS = 60;

export const gateway: Handler<Type> = {
  ids: /^arn:[^:]+:storagegateway:[^:]*:\d*:gateway\/[^/]+$/,
  deadline: { seconds: 30 * 60, reason: 'an appliance connects within minutes of its activation; is it running, and does it reach the service?' },
  keptInRollback: 'a deleted gateway\'s appliance can never be activated again; the next deployment adopts it',
  tags: storageGatewayTags,

  async create(request) {
    const { arn, adopted } = await activate(request);
    if (adopted) {
      // With its own request tag, so that this Create finds it again.
      await reconcileTags(storageGatewayTags, arn, request.tags, []);
      await settings(arn, await current(arn), request);
    } else if (request.properties.CloudWatchLogGroupARN) {
      // The one setting that the activation does not take.
      await client.send(new UpdateGatewayInformationCommand({ GatewayARN: arn, CloudWatchLogGroupARN: request.properties.CloudWatchLogGroupARN }));
    }
    return arn;
  },

  async attributes(id, request) {
    const settle = request.event === 'Create' ? Number(request.properties.SettleTime ?? SETTLE_SECONDS) : 0;
    for (let good = 1; ; good++) {
      const information = await running(id);
      if (!information) {
        return undefined;
      }
      if (settle === 0 || good === GOOD_ANSWERS) {
        if (request.event === 'Create') {
          check(information, request.properties);
        }
        return attributesOf(id, information);
      }
      await clock.sleep((settle * 1000) / (GOOD_ANSWERS - 1));
    }
  },

  async update(id, request) {
    const live = await current(id);
    await refuseOtherAppliance(id, live, request);
    await settings(id, live, request);
    return id;
  },

  async delete(id) {
    const volumes = await volumesOf(id);
    if (volumes.length > 0) {
      const names = volumes.map(({ VolumeARN }) => VolumeARN).join(', ');
      throw new Error(`gateway ${id} still has ${volumes.length} volume(s), whose data would be lost: ${names}: delete them first, or retain the gateway`);
    }
    try {
      await client.send(new DeleteGatewayCommand({ GatewayARN: id }));
    } catch (error) {
      if (!isGone(error)) {
        throw error;
      }
    }
  },
};

async function activate(request: Request<Type>): Promise<Activated> {
  const { ActivationKey, ApplianceAddress, GatewayARN } = request.properties;
  if (ApplianceAddress !== undefined) {
    return activateByAddress(request, ApplianceAddress);
  }
  if (ActivationKey !== undefined) {
    return activateByKey(request, ActivationKey);
  }
  if (GatewayARN !== undefined) {
    await mayManage(GatewayARN, request);
    return { arn: GatewayARN, adopted: true };
  }
  throw new Error('one of ApplianceAddress, ActivationKey and GatewayARN must be given');
}

async function mayManage(arn: string, request: Request<Type>): Promise<void> {
  const { GatewayType: wanted } = request.properties;
  const type = await listedType(arn);
  if (type === undefined) {
    throw new Error(`gateway ${arn} was not found in this account and Region`);
  }
  if (type !== wanted) {
    throw new Error(`gateway ${arn} must be of type ${JSON.stringify(wanted)}, got ${JSON.stringify(type)}`);
  }
  const owner = valueOf(await storageGatewayTags.list(arn), OWNER);
  // Another logical id of this stack is the same construct under its old name.
  if (owner !== undefined && owner.split('/')[0] !== request.stack.name) {
    throw new Error(`gateway ${arn} is managed by ${JSON.stringify(owner)} already: refer to it from here without managing it, or remove its tag ${OWNER}`);
  }
}

/** From the list, which knows disconnected gateways as well. */
async function listedType(arn: string): Promise<string | undefined> {
  for await (const { Gateways } of paginateListGateways({ client }, {})) {
    const found = Gateways?.find(({ GatewayARN }) => GatewayARN === arn);
    if (found) {
      return found.GatewayType;
    }
  }
  return undefined;
}

/** Undefined while it starts or is shut down. Asked once only: what is wanted are good answers in a row. */
async function running(arn: string): Promise<DescribeGatewayInformationOutput | undefined> {
  const information = await once(() => client.send(new DescribeGatewayInformationCommand({ GatewayARN: arn })));
  // The service has been seen to write STATE_RUNNING as well.
  return information.GatewayState?.replace(/^STATE_/, '') === 'RUNNING' ? information : undefined;
}

/** What the activation key decided, and nothing after it can. */
function check({ GatewayType, VPCEndpoint, EndpointType }: DescribeGatewayInformationOutput, wanted: Request<Type>['properties']): void {
  if (GatewayType !== wanted.GatewayType) {
    throw new Error(`the gateway must be of type ${JSON.stringify(wanted.GatewayType)}, got ${JSON.stringify(GatewayType)}`);
  }
  const [wantedId, id] = [endpointId(wanted.VpcEndpoint), endpointId(VPCEndpoint)];
  if (wantedId !== undefined && id !== undefined && wantedId !== id) {
    throw new Error(`the gateway must use the endpoint ${JSON.stringify(wanted.VpcEndpoint)}, got ${JSON.stringify(VPCEndpoint)}: ${FIXED}`);
  }
  // The service knows four kinds and has been seen to report two.
  if (wanted.EndpointType !== undefined && EndpointType !== undefined && wanted.EndpointType.includes('FIPS') !== EndpointType.includes('FIPS')) {
    throw new Error(`the gateway must have the endpoint type ${JSON.stringify(wanted.EndpointType)}, got ${JSON.stringify(EndpointType)}: ${FIXED}`);
  }
}

const FIXED = 'it was fixed by the activation, so declare another gateway with another appliance';

/** The service names an interface endpoint by its id or by one of its DNS names, each of which begins with the id. */
function endpointId(endpoint: string | undefined): string | undefined {
  return endpoint === undefined ? undefined : /vpce-[0-9a-f]+/.exec(endpoint)?.[0];
}

function attributesOf(id: string, information: DescribeGatewayInformationOutput) {
  const { GatewayId, GatewayName = '', EndpointType, Ec2InstanceId, HostEnvironment, GatewayNetworkInterfaces } = information;
  const address = GatewayNetworkInterfaces?.map(({ Ipv4Address, Ipv6Address }) => Ipv4Address ?? Ipv6Address).find((found) => found !== undefined);
  if (address === undefined) {
    throw new Error(`gateway ${id} has no network interface`);
  }
  return { GatewayARN: id, GatewayId: GatewayId ?? id.split('/')[1], GatewayName, EndpointType, Ec2InstanceId, HostEnvironment, NetworkInterfaceAddress: address };
}

/** What decides which appliance it is, or was fixed by its activation. */
async function refuseOtherAppliance(id: string, live: Live, request: UpdateRequest<Type>): Promise<void> {
  const { properties: wanted, oldProperties: old } = request;
  if (wanted.GatewayARN !== undefined && wanted.GatewayARN !== id) {
    await refuse(request, `gateway ${id} cannot become ${wanted.GatewayARN}`, 'declare another gateway');
  }
  const fixed = {
    GatewayType: live?.GatewayType,
    VpcEndpoint: live?.VPCEndpoint,
    EndpointType: live?.EndpointType,
    IpVersion: undefined, // known to the activation alone
  };
  for (const [name, value] of Object.entries(fixed) as [keyof typeof fixed, string | undefined][]) {
    const isLive = wanted[name] !== undefined && (wanted[name] === value || (endpointId(wanted[name]) ?? '') === endpointId(value));
    if (wanted[name] !== old[name] && !isLive) {
      const change = `from ${JSON.stringify(value ?? old[name])} to ${JSON.stringify(wanted[name])}`;
      await refuse(request, `${name} of gateway ${id} cannot change ${change}`, FIXED);
    }
  }
  const address = wanted.ApplianceAddress;
  // A rollback goes back to an address that was accepted.
  if (address !== undefined && address !== old.ApplianceAddress && !(await request.stack.isRollingBack()) && await givesOutKey(request, address)) {
    const another = `the appliance at ${JSON.stringify(address)} gives out an activation key, so it is another one than that of gateway ${id}`;
    await refuse(request, another, 'declare another gateway');
  }
}

/** Name, time zone and log group, as far as they differ from what is live. */
async function settings(id: string, live: Live, request: Request<Type> | UpdateRequest<Type>): Promise<void> {
  const { GatewayName, GatewayTimezone } = request.properties;
  const hadLogGroup = 'oldProperties' in request && request.oldProperties.CloudWatchLogGroupARN !== undefined;
  // An empty one takes it away, which is for us to do only where we had set it.
  const CloudWatchLogGroupARN = request.properties.CloudWatchLogGroupARN ?? (hadLogGroup ? '' : undefined);
  const wanted = { GatewayName, GatewayTimezone, CloudWatchLogGroupARN };
  const changed = Object.entries(wanted).filter(([name, value]) => value !== undefined && value !== (live?.[name as keyof typeof wanted] ?? ''));
  if (!live || changed.length > 0) {
    await client.send(new UpdateGatewayInformationCommand({ GatewayARN: id, ...(live ? Object.fromEntries(changed) : wanted) }));
  }
}

/** Undefined where it cannot be read now. */
type Live = DescribeGatewayInformationOutput | undefined;

/** The service refuses to describe a gateway that is not connected, though it takes its settings. */
async function current(id: string): Promise<Live> {
  try {
    return await once(() => client.send(new DescribeGatewayInformationCommand({ GatewayARN: id })));
  } catch (error) {
    if (isTransient(error)) {
      log({ gateway: id, unread: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
    throw error;
  }
}

/** From the account's list: it does not ask the appliance, which may be gone. */
async function volumesOf(id: string): Promise<VolumeInfo[]> {
  const volumes: VolumeInfo[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(new ListVolumesCommand({ Marker }));
    volumes.push(...(page.VolumeInfos ?? []).filter(({ VolumeARN }) => VolumeARN?.startsWith(`${id}/`)));
    Marker = page.Marker;
  } while (Marker);
  return volumes;
}
