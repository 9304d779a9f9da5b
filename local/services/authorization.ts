import { missingAuthenticationToken, ServiceError } from './errors';
import type { WireRequest } from './wire/protocol';

/** What a signature says about itself. Whether it matches a secret is not looked at: there are no secrets here. */
export interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const CREDENTIAL = /^([^/]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/;
/** How far a signature's time may be from the wall clock. */
const SKEW_IN_MINUTES = 15;

export function signatureOf(request: WireRequest): Signature {
  const header = request.headers.authorization;
  const { credential, date, expiresInSeconds } = header !== undefined ? fromHeader(header, request) : fromQuery(request);
  const [, accessKeyId, , region, service] = CREDENTIAL.exec(credential) ?? [];
  if (service === undefined) {
    throw incomplete(`Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`);
  }
  checkTime(date, expiresInSeconds);
  return { accessKeyId, region, service };
}

function fromHeader(header: string, request: WireRequest) {
  const [algorithm, ...rest] = header.trim().split(/\s+/);
  if (algorithm !== ALGORITHM) {
    throw incomplete(`Unsupported AWS 'algorithm': '${algorithm}'.`);
  }
  const parameters = new Map(rest.join('').split(',').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  for (const name of ['Credential', 'Signature', 'SignedHeaders']) {
    if (!parameters.get(name)) {
      throw incomplete(`Authorization header requires '${name}' parameter.`);
    }
  }
  const date = request.headers['x-amz-date'] ?? isoBasic(request.headers.date);
  if (date === undefined) {
    throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  return { credential: parameters.get('Credential') ?? '', date, expiresInSeconds: 0 };
}

function fromQuery(request: WireRequest) {
  const credential = request.query.get('X-Amz-Credential');
  if (credential === null || request.query.get('X-Amz-Signature') === null) {
    throw missingAuthenticationToken();
  }
  return { credential, date: request.query.get('X-Amz-Date') ?? '', expiresInSeconds: Number(request.query.get('X-Amz-Expires') ?? 0) };
}

/** A date that is none stays as it is, to be refused like every other that has not the form. */
const isoBasic = (date: string | undefined) =>
  (date === undefined || Number.isNaN(Date.parse(date)) ? date : new Date(date).toISOString().replace(/[-:]|\.\d+/g, ''));

function checkTime(date: string, expiresInSeconds: number): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  if (second === undefined) {
    throw incomplete(`Date in ISO8601 'basic format' expected, got '${date}'.`);
  }
  const signed = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const skew = SKEW_IN_MINUTES * 60_000;
  const now = Date.now();
  if (now > signed + Math.max(skew, expiresInSeconds * 1000)) {
    throw expired(`Signature expired: ${date} is now earlier than the ${SKEW_IN_MINUTES} min. that are allowed.`);
  }
  if (now < signed - skew) {
    throw expired(`Signature not yet current: ${date} is still later than the ${SKEW_IN_MINUTES} min. that are allowed.`);
  }
}

const incomplete = (message: string) => new ServiceError(400, 'IncompleteSignatureException', message);
const expired = (message: string) => new ServiceError(400, 'InvalidSignatureException', message);
