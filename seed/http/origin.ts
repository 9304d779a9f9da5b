import type { SecureContext } from 'node:tls';
import type { HttpRequest } from '@smithy/core/protocols';
import { trustedContext } from './certificates';

/** Where connections lead to. */
export interface Origin {
  readonly host: string;
  readonly port: number;
  /** Absent over plain HTTP. */
  readonly secureContext?: SecureContext;
}

/** Where the SDK would send a request to. */
export function originOf({ protocol, hostname, port }: HttpRequest): Origin {
  const secure = protocol === 'https:';
  // A URL has an address of IPv6 in brackets, a socket has not.
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port ?? (secure ? 443 : 80), secureContext: secure ? trustedContext() : undefined };
}
