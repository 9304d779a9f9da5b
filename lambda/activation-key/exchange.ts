import { request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** What an appliance is asked for. What is wrong here cannot be corrected by the activation: the key carries it. */
export interface KeyRequest {
  /** Host, or host:port, of the appliance. */
  readonly address: string;
  readonly activationRegion: string;
  readonly gatewayType: string;
  readonly vpcEndpoint?: string;
  readonly endpointType?: string;
  readonly ipVersion?: string;
}

export type KeyAnswer = KeyGiven | NoKey;

export interface KeyGiven {
  readonly key: string;
}

export interface NoKey {
  readonly key?: undefined;
  /**
   * `unreachable`: nobody answered, which can be an appliance that still boots. `refused`: an appliance answered, without a key.
   * `strange`: something else answered.
   */
  readonly problem: 'unreachable' | 'refused' | 'strange';
  /** What was seen and what it points to. */
  readonly explanation: string;
  /** The IP address that was spoken to, or could not be reached; absent where the name did not resolve. */
  readonly remoteAddress?: string;
}

const TIMEOUT = 10_000;
const LONGEST_BODY = 16_384;
const KEY = /^[A-Z0-9-]{1,50}$/;
/** Five groups, as far as anyone has seen; a bare word in a body is somebody else's "OK". */
const KEY_AS_BODY = /^(?=.{1,50}$)[A-Z0-9]+(-[A-Z0-9]+)+$/;

/** Asks once. Never follows a redirect: it leads to a public page of AWS, which a closed network does not reach. */
export function askForKey(wanted: KeyRequest): Promise<KeyAnswer> {
  return new Promise((resolve) => {
    const url = new URL(`http://${wanted.address}/`);
    const query = {
      activationRegion: wanted.activationRegion,
      gatewayType: wanted.gatewayType,
      vpcEndpoint: wanted.vpcEndpoint,
      endpointType: wanted.endpointType,
      ipVersion: wanted.ipVersion,
    };
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        url.searchParams.set(name, value);
      }
    }
    // Without a value, as the appliance's own documentation writes it.
    const path = `/?${url.searchParams.toString()}&no_redirect`;

    const host = url.hostname.replace(/^\[|\]$/g, '');
    let remoteAddress = isIP(host) ? host : undefined;
    const request = httpRequest({ host, port: url.port || 80, path, method: 'GET', agent: false, timeout: TIMEOUT }, (response) => {
      readBody(response).then(
        (body) => resolve(understand(response, body, remoteAddress)),
        (error: Error) => resolve(unreachable(wanted.address, error, remoteAddress)),
      );
    });
    request.on('socket', (socket) => socket.on('lookup', (_error, address) => (remoteAddress = address)));
    request.on('socket', (socket) => socket.on('connect', () => (remoteAddress = socket.remoteAddress ?? remoteAddress)));
    request.on('timeout', () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    request.on('error', (error) => resolve(unreachable(wanted.address, error, remoteAddress)));
    request.end();
  });
}

function understand(response: IncomingMessage, body: string, remoteAddress?: string): KeyAnswer {
  const status = response.statusCode ?? 0;
  const key = status === 302 ? redirected(response, 'activationKey') : body.trim();
  if (key !== undefined && ((status === 302 && KEY.test(key)) || (status === 200 && KEY_AS_BODY.test(key)))) {
    return { key };
  }
  const errorType = status === 302 ? redirected(response, 'errorType') ?? redirected(response, 'errorCode') : undefined;
  if (errorType !== undefined) {
    return {
      problem: 'refused',
      explanation: `the appliance answered ${JSON.stringify(errorType)} in place of a key: it does not reach Storage Gateway (${ENDPOINT_ADVICE})`,
      remoteAddress,
    };
  }
  if (status === 302) {
    return { problem: 'refused', explanation: 'the appliance redirects without a key: it is active already, or it is no Storage Gateway appliance', remoteAddress };
  }
  if (status === 504 || status === 502 || status === 503) {
    return { problem: 'unreachable', explanation: `HTTP ${status}: the appliance, or a proxy before it, is not ready yet`, remoteAddress };
  }
  if (status >= 500) {
    return { problem: 'refused', explanation: `the appliance answered HTTP ${status}: it does not reach Storage Gateway (${ENDPOINT_ADVICE})`, remoteAddress };
  }
  if (/<html|<!doctype/i.test(body)) {
    return { problem: 'strange', explanation: `HTTP ${status} with a web page: another server than an appliance answers there (is the image a Storage Gateway image?)`, remoteAddress };
  }
  return { problem: 'refused', explanation: `HTTP ${status} without a key: the appliance is active already, or it is no Storage Gateway appliance`, remoteAddress };
}

const ENDPOINT_ADVICE = 'let it reach the service, or the interface endpoint that it is to use, at the ports 443 and 1026, 1027, 1028, 1031; check vpcEndpoint and endpointType';

function unreachable(address: string, error: Error & { code?: string }, remoteAddress?: string): NoKey {
  const at = remoteAddress && !address.startsWith(remoteAddress) ? `${address} (${remoteAddress})` : address;
  return { problem: 'unreachable', explanation: `${at}: ${advice(error)}`, remoteAddress };
}

function advice({ code, message }: Error & { code?: string }): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name does not resolve here (a private name resolves only inside its VPC: give the vpc to the activation)';
    case 'ETIMEDOUT':
      return 'no answer (a route is missing, or the security group of the appliance does not let this caller in at port 80)';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route (a private address is reached only from inside its VPC: give the vpc to the activation)';
    case 'ECONNREFUSED':
      return 'connection refused (nothing listens at port 80: the appliance still boots, is active already, or runs another image)';
    default:
      return `${code ?? 'failed'}: ${message}`;
  }
}

function redirected(response: IncomingMessage, name: string): string | undefined {
  const location = response.headers.location;
  return location === undefined ? undefined : new URL(location, 'http://appliance.invalid').searchParams.get(name) ?? undefined;
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length > LONGEST_BODY) {
      // No key is that long.
      response.destroy();
      break;
    }
  }
  return body;
}
