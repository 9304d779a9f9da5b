import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  ActivateGatewayCommand, DescribeGatewayInformationCommand, StorageGatewayClient, paginateListGateways, type GatewayInfo,
} from '@aws-sdk/client-storage-gateway';
import { askForKey, type KeyAnswer, type KeyRequest, type NoKey } from './activation-key/exchange';
import { CLIENT_CONFIG, once, patient } from './client';
import { clock } from './clock';
import { isGone, isInDoubt, isKeyExpired, isKeyUnusable, isTransient } from './errors';
import type { Request } from './handler';
import { log } from './log';
import { OWNER, REQUEST, storageGatewayTags, valueOf } from './tags';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));
const functions = patient(new LambdaClient(CLIENT_CONFIG));

type GatewayRequest = Request<'Custom::StorageGatewayGateway'>;

export interface Activated {
  readonly arn: string;
  /** It was active before, so that its settings are not yet the wanted ones. */
  readonly adopted: boolean;
}

/** An appliance answers two to three minutes after its start; a slow one is given more. Less than a function may run. */
const BOOT_SECONDS = 480;
/** An activated appliance may restart, and be gone for a while. */
const RECONNECT_SECONDS = 120;
const PAUSE_SECONDS = 10;
/** How often a lost answer of the activation is asked for again. */
const ACTIVATIONS = 5;

/** Activates the appliance that answers at the address; one that gives out no key may be active as the gateway that this resource made before. */
export async function activateByAddress(request: GatewayRequest, address: string): Promise<Activated> {
  const wanted = await keyRequest(request, address);
  const start = clock.now();
  let ours: OwnGateways | undefined;
  let outrun = false;
  for (let activations = 1; ;) {
    const answer = await ask(request, wanted);
    if (answer.key !== undefined) {
      const arn = await activate(request, answer.key, activations === ACTIVATIONS).catch((error: unknown) => {
        // Another delivery of this request may have been faster; then the appliance gives out no key any more.
        if (isKeyUnusable(error) && !outrun) {
          outrun = true;
          return undefined;
        }
        throw error;
      });
      if (arn !== undefined) {
        return { arn, adopted: false };
      }
      activations += 1;
      // The activation may have happened without our hearing of it.
      ours = undefined;
    } else {
      ours ??= await ownGateways(request);
      const { arn, unread } = await find(ours, answer, request.properties.GatewayType);
      if (arn !== undefined) {
        log({ resource: request.logicalId, adopted: arn });
        return { arn, adopted: true };
      }
      const worthwhile = answer.problem === 'unreachable' ? BOOT_SECONDS : ours.byOwner.length > 0 ? RECONNECT_SECONDS : 0;
      if (clock.now() >= start + worthwhile * 1000) {
        throw new Error(`no activation key from ${JSON.stringify(address)}: ${answer.explanation}${hint(ours, unread)}`);
      }
    }
    await clock.sleep(PAUSE_SECONDS * 1000);
  }
}

/** A key works once, so one that is used up may be the one that made this gateway. */
export async function activateByKey(request: GatewayRequest, key: string): Promise<Activated> {
  for (let activations = 1; ; activations++) {
    try {
      const arn = await activate(request, key, activations === ACTIVATIONS);
      if (arn !== undefined) {
        return { arn, adopted: false };
      }
    } catch (error) {
      const usedUp = isKeyUnusable(error);
      if (!usedUp && !isKeyExpired(error)) {
        throw error;
      }
      const { byRequest, byOwner } = await ownGateways(request);
      const former = byOwner.find(({ GatewayType }) => GatewayType === request.properties.GatewayType)?.GatewayARN;
      // An expired key activated nothing, so it says nothing about the gateway that this resource made before.
      const arn = byRequest ?? (usedUp ? former : undefined);
      if (arn === undefined) {
        const why = usedUp ? 'was used already, or belongs to another Region' : 'is older than 30 minutes';
        throw new Error(`the activation key ${why}: get a new one, or manage the gateway that it made${former ? `, ${former},` : ''} by its ARN (${textOf(error)})`, {
          cause: error,
        });
      }
      log({ resource: request.logicalId, adopted: arn });
      return { arn, adopted: true };
    }
    await clock.sleep(PAUSE_SECONDS * 1000);
  }
}

/** Whether an address that was not used before leads to an appliance that is not active: then it is another one. */
export async function givesOutKey(request: GatewayRequest, address: string): Promise<boolean> {
  return (await ask(request, await keyRequest(request, address))).key !== undefined;
}

/** @returns undefined if the answer was lost and no gateway is to be seen that it made; then it can be tried again, unless it was the last time */
async function activate(request: GatewayRequest, key: string, last: boolean): Promise<string | undefined> {
  const { GatewayName, GatewayTimezone, GatewayType } = request.properties;
  const region = await client.config.region();
  try {
    const { GatewayARN } = await client.send(new ActivateGatewayCommand({
      ActivationKey: key, GatewayName, GatewayTimezone, GatewayType, GatewayRegion: region, Tags: request.tags,
    }));
    return GatewayARN;
  } catch (error) {
    // The service repeats in its text what it found wrong.
    if (error instanceof Error) {
      error.message = error.message.replaceAll(key, '***');
    }
    if (isInDoubt(error)) {
      log({ resource: request.logicalId, activationInDoubt: textOf(error) });
      const { byRequest } = await ownGateways(request);
      if (byRequest !== undefined || !last) {
        return byRequest;
      }
    }
    throw error;
  }
}

interface OwnGateways {
  /** Made by this very request, whose answer was lost. */
  readonly byRequest?: string;
  /** Made by an earlier one, for the same resource of the same stack. */
  readonly byOwner: GatewayInfo[];
}

async function ownGateways(request: GatewayRequest): Promise<OwnGateways> {
  const byOwner: GatewayInfo[] = [];
  for await (const { Gateways } of paginateListGateways({ client }, {})) {
    for (const gateway of Gateways ?? []) {
      const tags = await tagsOf(gateway);
      if (valueOf(tags, REQUEST) === request.requestId) {
        return { byRequest: gateway.GatewayARN, byOwner: [] };
      }
      if (valueOf(tags, OWNER) === request.owner.Value) {
        byOwner.push(gateway);
      }
    }
  }
  return { byOwner };
}

async function tagsOf({ GatewayARN }: GatewayInfo) {
  try {
    return GatewayARN === undefined ? [] : await storageGatewayTags.list(GatewayARN);
  } catch (error) {
    if (isGone(error)) {
      return []; // deleted since it was listed
    }
    throw error;
  }
}

interface Found {
  readonly arn?: string;
  /** Why one could not be looked at. */
  readonly unread?: string;
}

/** The one that this request made; or one that is of the wanted type, and alive at the address that gave out no key. */
async function find({ byRequest, byOwner }: OwnGateways, { remoteAddress }: NoKey, type: string): Promise<Found> {
  if (byRequest !== undefined) {
    return { arn: byRequest };
  }
  let unread: string | undefined;
  for (const { GatewayARN } of byOwner.filter(({ GatewayType }) => GatewayType === type)) {
    try {
      const { GatewayNetworkInterfaces = [] } = await once(() => client.send(new DescribeGatewayInformationCommand({ GatewayARN })));
      const addresses = GatewayNetworkInterfaces.flatMap(({ Ipv4Address, Ipv6Address }) => [Ipv4Address, Ipv6Address]);
      if (remoteAddress !== undefined && addresses.includes(remoteAddress)) {
        return { arn: GatewayARN };
      }
    } catch (error) {
      if (!isTransient(error)) {
        throw error;
      }
      // Not connected now: it may be booting, and so may a new appliance at its address.
      unread = textOf(error);
    }
  }
  return { unread };
}

function hint({ byOwner }: OwnGateways, unread?: string): string {
  if (byOwner.length === 0) {
    return '; an appliance that is active already is managed by the ARN of its gateway';
  }
  const arns = byOwner.map(({ GatewayARN }) => GatewayARN).join(', ');
  const why = unread === undefined ? 'is of another type or at another address' : `could not be looked at (${unread})`;
  return `; this resource made ${arns} before, which ${why}: if it is the one that is meant, give its ARN`;
}

async function keyRequest({ properties }: GatewayRequest, address: string): Promise<KeyRequest> {
  return {
    address,
    // Without it, or misspelt, the key would be for us-east-1.
    activationRegion: await client.config.region(),
    gatewayType: properties.GatewayType,
    vpcEndpoint: properties.VpcEndpoint,
    endpointType: properties.EndpointType,
    ipVersion: properties.IpVersion,
  };
}

async function ask({ properties }: GatewayRequest, wanted: KeyRequest): Promise<KeyAnswer> {
  if (properties.ActivationKeyFunctionArn === undefined) {
    return askForKey(wanted);
  }
  const { Payload, FunctionError } = await functions.send(new InvokeCommand({
    FunctionName: properties.ActivationKeyFunctionArn,
    Payload: JSON.stringify(wanted),
  }));
  const answer: unknown = Payload && JSON.parse(Buffer.from(Payload).toString('utf8'));
  if (FunctionError !== undefined || !answer) {
    throw new Error(`the function that asks for the activation key inside the VPC failed: ${(answer as { errorMessage?: string } | undefined)?.errorMessage ?? FunctionError}`);
  }
  return answer as KeyAnswer;
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
