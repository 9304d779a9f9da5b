/**
 * What an error means and what is done about it: the retry table of the EBS direct APIs, with the rows that EC2 and S3 add.
 * The service's own guide is stricter on a missing snapshot and the SDK is stricter on "Failed to read block data" than experience allows.
 */
export interface Verdict {
  readonly retry:
    | 'never'
    /** A second try is harmless and may help, a third has no reason. */
    | 'once'
    /** Until the operation's time is used up. */
    | 'in-budget'
    /** While a new snapshot may not be visible everywhere. */
    | 'while-new'
    /** While a new permission may not be known everywhere. */
    | 'while-granted';
  /** The service asks for fewer requests. */
  readonly throttled?: boolean;
  /** What the user can do. */
  readonly advice?: string;
}

/** The marks by which errors of the SDK, of HTTP and of the network are told apart. */
interface Marks {
  readonly name: string;
  readonly reason?: string;
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
}

interface Row {
  readonly condition: string;
  readonly applies: (marks: Marks) => boolean;
  readonly verdict: Verdict;
}

const named = (...names: string[]) => ({ name }: Marks) => names.includes(name);
const reasoned = (name: string, ...reasons: string[]) => (marks: Marks) => marks.name === name && reasons.includes(marks.reason ?? '');

const NETWORK_CODES = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND', 'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_SOCKET',
]);

const EXPIRED = ['ExpiredTokenException', 'ExpiredToken', 'RequestExpired', 'TokenRefreshRequired'];

/** The first row that applies decides. */
export const CONDITIONS: readonly Row[] = [
  {
    condition: 'the token was used with other parameters',
    applies: named('ConflictException'),
    verdict: { retry: 'never', advice: 'the same client token was used with other parameters' },
  },
  {
    condition: 'a quota is used up',
    applies: (marks) => marks.name === 'ServiceQuotaExceededException' || marks.status === 402,
    verdict: { retry: 'never', advice: 'an account may have 100 pending snapshots in a Region (quota L-94D7AB7D): complete or delete some' },
  },
  { condition: 'too many requests of the snapshot', applies: reasoned('RequestThrottledException', 'RESOURCE_LEVEL_THROTTLE'), verdict: { retry: 'in-budget', throttled: true } },
  {
    condition: 'too many requests of the account',
    applies: named('ThrottlingException', 'RequestThrottledException', 'Throttling', 'TooManyRequestsException', 'RequestLimitExceeded', 'SlowDown', 'RequestThrottled'),
    verdict: { retry: 'in-budget', throttled: true },
  },
  {
    condition: 'the block arrived incomplete',
    applies: (marks) => marks.name === 'ValidationException' && marks.message.includes('Failed to read block data'),
    verdict: { retry: 'in-budget' },
  },
  {
    condition: 'the block is being written, or was written too slowly',
    applies: reasoned('ValidationException', 'CONFLICTING_BLOCK_UPDATE', 'WRITE_REQUEST_TIMEOUT'),
    verdict: { retry: 'once' },
  },
  { condition: 'the snapshot is not visible yet', applies: reasoned('ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND'), verdict: { retry: 'while-new' } },
  { condition: 'too many snapshots are being started', applies: named('ConcurrentLimitExceededException'), verdict: { retry: 'in-budget' } },
  { condition: 'the credentials have expired', applies: named(...EXPIRED), verdict: { retry: 'never', advice: 'get new credentials and run it again' } },
  {
    condition: 'access denied',
    applies: (marks) => named('AccessDeniedException', 'AccessDenied', 'UnauthorizedOperation')(marks) || marks.status === 403,
    verdict: { retry: 'while-granted' },
  },
  { condition: 'the service failed', applies: (marks) => (marks.status ?? 0) >= 500 || named('InternalServerException', 'InternalServerError', 'InternalServerErrorException')(marks), verdict: { retry: 'in-budget' } },
  { condition: 'the network failed', applies: (marks) => NETWORK_CODES.has(marks.code ?? '') || named('TimeoutError', 'RequestTimeout')(marks), verdict: { retry: 'in-budget' } },
  {
    condition: 'the answer was cut off',
    applies: (marks) => marks.status !== undefined && marks.status < 300,
    verdict: { retry: 'in-budget' },
  },
];

const FATAL: Verdict = { retry: 'never' };

export function verdictOn(error: unknown): Verdict {
  const marks = marksOf(error);
  return CONDITIONS.find(({ applies }) => applies(marks))?.verdict ?? FATAL;
}

/** Whether the same request may succeed later on, when the service, the network or the credentials are well again. */
export function mayPass(error: unknown): boolean {
  return ['in-budget', 'while-new'].includes(verdictOn(error).retry) || EXPIRED.includes(marksOf(error).name);
}

/** The service found the request itself wrong, which for a snapshot of ours can also mean that it was sealed by somebody else. */
export function isValidationError(error: unknown): boolean {
  return marksOf(error).name === 'ValidationException';
}

export function isSnapshotMissing(error: unknown): boolean {
  return marksOf(error).name === 'ResourceNotFoundException';
}

/** `Name (REASON): message`, as far as there is any. */
export function describeError(error: unknown): string {
  const { name, reason, message, code } = marksOf(error);
  const detail = reason ?? code;
  return `${name}${detail === undefined ? '' : ` (${detail})`}: ${message}`;
}

interface Shape {
  readonly name?: string;
  readonly message?: string;
  readonly Reason?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** By shape, not by class: errors come from several copies of a library, and in a test from another realm. */
function marksOf(error: unknown): Marks {
  const shape: Shape = typeof error === 'object' && error !== null ? error : {};
  return {
    name: shape.name ?? 'Error',
    reason: shape.Reason,
    message: shape.message ?? String(error),
    status: shape.$metadata?.httpStatusCode ?? shape.$response?.statusCode,
    code: shape.code,
  };
}
