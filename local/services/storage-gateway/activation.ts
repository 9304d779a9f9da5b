import { ActivateGateway$, type ActivateGatewayInput, type ActivateGatewayOutput } from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { GATEWAY_TYPES, gatewayArn, gatewaysOf, newGatewayId, type Gateway, type GatewayType } from './gateway';
import { mergedTags } from './tags';
import { activationKeysOf, isExpired, type ActivationKey } from '../appliances/activation-keys';
import type { Disk } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import { operation, type Context, type Environment, type Given, type Operation } from '../service';

const TIMEZONE = /^GMT([+-]\d{1,2}:\d\d)?$/;
const MEDIUM_CHANGERS = ['STK-L700', 'AWS-Gateway-VTL', 'IBM-03584L32-0402'];
const TAPE_DRIVES = ['IBM-ULT3580-TD5'];

/** What the service takes where no type is given. */
const DEFAULT_TYPE: GatewayType = 'CACHED';

export const activationOperations = (environment: Environment, appliances: Appliances): Operation[] => [
  operation<ActivateGatewayInput, ActivateGatewayOutput>(ActivateGateway$, CONSTRAINTS.ActivateGateway, (input, context) => {
    const type = typeOf(input);
    checkInput(input, context);
    const tags = mergedTags([], input.Tags);
    const key = takeKey(input.ActivationKey, environment, appliances, context);
    const id = newGatewayId();
    const arn = gatewayArn(context, id);
    gatewaysOf(context.state).put(arn, newGateway({ arn, id, type, tags, key }, input, context));
    appliances.change(key.applianceId, { gatewayArn: arn });
    appliances.changeDisks(key.applianceId, (disk) => ({ ...disk, diskId: firstDiskId(disk, type) }));
    appliances.restart(key.applianceId);
    return { GatewayARN: arn };
  }),
];

export function checkTimezone(timezone: string | undefined): void {
  if (timezone !== undefined && !TIMEZONE.test(timezone)) {
    throw invalidRequest('InvalidParameters', `The time zone ${JSON.stringify(timezone)} is not GMT, GMT-h:mm or GMT+h:mm.`);
  }
}

function typeOf({ GatewayType }: ActivateGatewayInput): GatewayType {
  const type = GATEWAY_TYPES.find((known) => known === (GatewayType ?? DEFAULT_TYPE));
  if (!type) {
    throw invalidRequest('InvalidParameters', `The gateway type ${JSON.stringify(GatewayType)} is not one of ${GATEWAY_TYPES.join(', ')}.`);
  }
  return type;
}

function checkInput(input: Given<ActivateGatewayInput>, { region }: Context): void {
  if (input.GatewayRegion !== region) {
    throw invalidRequest('RegionInvalid');
  }
  checkTimezone(input.GatewayTimezone);
  if (input.MediumChangerType !== undefined && !MEDIUM_CHANGERS.includes(input.MediumChangerType)) {
    throw invalidRequest('InvalidParameters');
  }
  if (input.TapeDriveType !== undefined && !TAPE_DRIVES.includes(input.TapeDriveType)) {
    throw invalidRequest('InvalidParameters');
  }
}

/** A key is good once, for a while, in the Region that it was asked for, and as long as its appliance is not a gateway. */
function takeKey(given: string, environment: Environment, appliances: Appliances, context: Context): ActivationKey {
  const keys = activationKeysOf(environment.state);
  const key = keys.get(given);
  if (!key || key.region !== context.region) {
    throw invalidRequest('ActivationKeyNotFound');
  }
  if (isExpired(key, context.clock)) {
    throw invalidRequest('ActivationKeyExpired');
  }
  if (appliances.get(key.applianceId).gatewayArn !== undefined) {
    throw invalidRequest('ActivationKeyInvalid');
  }
  return key;
}

interface NewGateway {
  readonly arn: string;
  readonly id: string;
  readonly type: GatewayType;
  readonly tags: Gateway['tags'];
  readonly key: ActivationKey;
}

function newGateway({ arn, id, type, tags, key }: NewGateway, input: Given<ActivateGatewayInput>, { clock }: Context): Gateway {
  const now = clock.now();
  return {
    arn,
    id,
    type,
    tags,
    applianceId: key.applianceId,
    name: input.GatewayName,
    timezone: input.GatewayTimezone,
    activatedAt: now.getTime(),
    endpointType: key.endpointType ?? 'STANDARD',
    ...(key.vpcEndpoint !== undefined && { vpcEndpoint: key.vpcEndpoint }),
    // Every gateway has a weekly window from the start, at the time of its activation.
    maintenance: { DayOfWeek: now.getUTCDay(), HourOfDay: now.getUTCHours(), MinuteOfHour: now.getUTCMinutes(), automaticUpdatePolicy: 'ALL_VERSIONS' },
  };
}

/** Cached and tape gateways call an unallocated disk by its path, and rename it when they take it; the others have a name that stays. */
const firstDiskId = (disk: Disk, type: GatewayType) => (isRelabelling(type) ? disk.path : `pci-0000:03:00.0-scsi-0:0:${slotOf(disk)}:0`);

export const isRelabelling = (type: GatewayType) => type === 'CACHED' || type === 'VTL';

const slotOf = ({ path }: Disk) => [...path].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9973, 7);
