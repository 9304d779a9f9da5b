import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/**
 * Whom to trust: the authorities in the file that AWS_CA_BUNDLE names, instead of all others, as the AWS CLI does; otherwise those that
 * Node trusts, to which NODE_EXTRA_CA_CERTS adds. One context for all connections, because reading the authorities takes longer than a
 * handshake.
 */
export function trustedContext(environment: NodeJS.ProcessEnv = process.env): SecureContext {
  return createSecureContext({ ...namedAuthorities(environment), minVersion: 'TLSv1.2' });
}

/** As options of a TLS connection; none where AWS_CA_BUNDLE names no file. */
export function namedAuthorities(environment: NodeJS.ProcessEnv = process.env): { readonly ca?: Buffer } {
  const bundle = environment.AWS_CA_BUNDLE;
  return bundle ? { ca: readBundle(bundle) } : {};
}

function readBundle(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`AWS_CA_BUNDLE ${JSON.stringify(path)} must name a readable file of certificates`, { cause });
  }
}
