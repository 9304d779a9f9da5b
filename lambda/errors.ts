/**
 * What an error means: the only place that knows how errors look.
 *
 * Storage Gateway says one thing in several shapes: a code nested in InvalidGatewayRequestException or in InternalServerError, an
 * exception named like the code, or a message text alone. The other services have their own spellings.
 */
type Condition =
  | 'gone' | 'not connected' | 'busy' | 'throttled' | 'denied' | 'failed inside' | 'not ready' | 'already allocated' | 'name taken' | 'in use'
  | 'key unusable' | 'key expired' | 'not for this gateway' | 'no bucket';

interface Signs {
  readonly codes: readonly string[];
  readonly texts: readonly RegExp[];
}

export const CONDITIONS: Record<Condition, Signs> = {
  'gone': {
    codes: [
      'GatewayNotFound', 'VolumeNotFound', 'TargetNotFound', 'InitiatorNotFound', 'ChapCredentialNotFound', 'TapeCartridgeNotFound',
      'SnapshotScheduleNotFound', 'BandwidthThrottleScheduleNotFound', 'SnapshotNotFound', 'SnapshotDeleted',
      'ResourceNotFoundException', 'ExecutionDoesNotExist', 'StateMachineDoesNotExist', 'InvalidSnapshot.NotFound', 'NotThere',
    ],
    texts: [/the specified (gateway|volume|target|initiator|CHAP credentials?|tape|snapshot|snapshot schedule|bandwidth [\w ]+) (was|were|could) not (be )?found/i],
  },
  'not connected': {
    codes: ['GatewayNotConnected'],
    texts: [/gateway is not connected/i],
  },
  'busy': {
    codes: ['GatewayProxyNetworkConnectionBusy'],
    texts: [/proxy network connection is busy/i],
  },
  'throttled': {
    codes: [
      'ThrottlingException', 'Throttling', 'ThrottledException', 'RequestLimitExceeded', 'RequestThrottled', 'RequestThrottledException', 'TooManyRequestsException',
      'SlowDown', 'BandwidthLimitExceeded', 'PriorRequestNotComplete', 'EC2ThrottledException',
    ],
    texts: [/^rate exceeded/i],
  },
  'denied': {
    codes: ['AccessDeniedException', 'AccessDenied', 'UnauthorizedOperation', 'UnauthorizedException', 'NotAuthorized'],
    texts: [/is not authorized to perform/i],
  },
  // Whoever answers so may have done what it was asked.
  'failed inside': {
    codes: [
      'InternalError', 'InternalFailure', 'InternalServerError', 'InternalServerException', 'GatewayInternalError', 'ServiceUnavailable', 'ServiceUnavailableError',
      'ServiceUnavailableException', 'ServiceException', 'RequestTimeout', 'RequestTimeoutException', 'OperationAborted', 'Unavailable',
    ],
    texts: [],
  },
  'not ready': {
    codes: ['VolumeNotReady', 'SnapshotInProgress', 'SnapshotInProgressException', 'NetworkConfigurationChanged'],
    texts: [],
  },
  'already allocated': {
    codes: ['DiskAlreadyAllocated'],
    texts: [/disk .*already allocated/i],
  },
  'name taken': {
    codes: ['TargetAlreadyExists', 'VolumeAlreadyExists'],
    texts: [/target .*already (exists|in use)/i],
  },
  'in use': {
    codes: ['VolumeInUse'],
    texts: [/volume is (already )?in use/i],
  },
  'key unusable': {
    codes: ['ActivationKeyInvalid', 'ActivationKeyNotFound'],
    texts: [/activation key (is invalid|is not valid|was not found|has already been used)/i],
  },
  'key expired': {
    codes: ['ActivationKeyExpired'],
    texts: [/activation key (has )?expired/i],
  },
  'not for this gateway': {
    codes: ['UnsupportedOperationForGatewayType', 'NotSupported'],
    texts: [/operation is not valid for the specified gateway/i, /specified operation is not supported/i],
  },
  // Not among what is gone: the bucket of an image can be missing, too.
  'no bucket': {
    codes: ['NoSuchBucket'],
    texts: [],
  },
};

/** What a service would say, where its answer is empty instead. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** It is not there (any more), or what it belongs to is not: content for whoever wants to delete it. */
export const isGone = (error: unknown) => is('gone', error);
/** Undefined for what is not there (any more). */
export async function unlessGone<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw error;
  }
}

/** The service has lost sight of the appliance. */
export const isNotConnected = (error: unknown) => is('not connected', error);
export const isAlreadyAllocated = (error: unknown) => is('already allocated', error);
export const isNameTaken = (error: unknown) => is('name taken', error);
export const isInUse = (error: unknown) => is('in use', error);
/** The key was used before, or never was one. */
export const isKeyUnusable = (error: unknown) => is('key unusable', error);
export const isKeyExpired = (error: unknown) => is('key expired', error);
/** The gateway is of a type that does not know the operation. */
export const isNotForThisGateway = (error: unknown) => is('not for this gateway', error);
export const isNoBucket = (error: unknown) => is('no bucket', error);
export const isDenied = (error: unknown) => is('denied', error);

/** It is unknown whether the call took effect: only what can be repeated without harm may be repeated. */
export function isInDoubt(error: unknown): boolean {
  const { codes, status = 0 } = marks(error);
  return codes.some((code) => NETWORK.has(code)) || (!isPrecise(error) && (status >= 500 || is('failed inside', error)));
}

/** The same call can succeed a little later. */
export function isTransient(error: unknown): boolean {
  return isInDoubt(error) || PASSING.some((condition) => is(condition, error)) || marks(error).codes.some((code) => NOT_SENT.has(code));
}

const PASSING: readonly Condition[] = ['not connected', 'busy', 'throttled', 'not ready'];

/** The request may have arrived. */
const NETWORK = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'TimeoutError', 'ERR_STREAM_PREMATURE_CLOSE', 'aborted']);
/** No connection, no request. */
const NOT_SENT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND']);

/** InternalServerError often carries a code that says more: "not connected" is no failure inside. */
function isPrecise(error: unknown): boolean {
  return (Object.keys(CONDITIONS) as Condition[]).some((condition) => condition !== 'failed inside' && is(condition, error));
}

function is(condition: Condition, error: unknown): boolean {
  const { codes, message } = marks(error);
  const signs = CONDITIONS[condition];
  return codes.some((code) => signs.codes.includes(code)) || signs.texts.some((text) => text.test(message));
}

interface Marks {
  readonly codes: string[];
  readonly message: string;
  readonly status?: number;
}

/** The places in which the SDKs put codes. */
interface Shape {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly error?: { readonly errorCode?: string };
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly cause?: unknown;
}

/** What the SDK makes of an error that is none of its own JavaScript realm; the code is left in the text only. */
const WRAPPED = /AWS SDK error wrapper for (\w+): .*\b(E[A-Z]{4,}|socket hang up|aborted)\b/;

function marks(error: unknown): Marks {
  const shape: Shape = typeof error === 'object' && error !== null ? error : {};
  const inner = shape.cause === undefined ? undefined : marks(shape.cause);
  // One of the service's own codes ends with a space.
  const codes = [shape.error?.errorCode, shape.name, shape.code, shape.Code].flatMap((code) => (code === undefined ? [] : [String(code).trim()]));
  const message = shape.message ?? '';
  return {
    codes: [...codes, ...(inner?.codes ?? []), ...(WRAPPED.exec(message)?.slice(1) ?? [])],
    message,
    status: shape.$metadata?.httpStatusCode ?? inner?.status,
  };
}
