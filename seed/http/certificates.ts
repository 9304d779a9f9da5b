import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

const contexts = new Map<string | undefined, SecureContext>();

/**
 * Whom to trust: the authorities in the file that AWS_CA_BUNDLE names, instead of all others, as the AWS CLI does; otherwise those that
 * Node trusts, to which NODE_EXTRA_CA_CERTS adds. One context for all connections, because reading the authorities takes longer than a
 * handshake.
 */
export function trustedContext({ AWS_CA_BUNDLE }: NodeJS.ProcessEnv = process.env): SecureContext {
  const known = contexts.get(AWS_CA_BUNDLE);
  if (known) {
    return known;
  }
  const context = createSecureContext({ ca: AWS_CA_BUNDLE ? readBundle(AWS_CA_BUNDLE) : undefined, minVersion: 'TLSv1.2' });
  contexts.set(AWS_CA_BUNDLE, context);
  return context;
}

function readBundle(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`AWS_CA_BUNDLE ${JSON.stringify(path)} must name a readable file of certificates`, { cause });
  }
}
