import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions, type RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { MiddlewareStack } from '@smithy/types';
import { trustedContext } from './http/certificates';
import type { Timeouts } from './http/connection';

/** Milliseconds: without them a stalled connection stops one of the workers for good. */
export const TIMEOUTS: Timeouts = { connect: 5_000, idle: 12_000, attempt: 20_000 };

/** The SDK's settings for an engine that has its own retries and this many requests in flight. */
export function clientConfiguration(concurrency: number) {
  const agent = { keepAlive: true, maxSockets: concurrency };
  return {
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      httpAgent: new HttpAgent(agent),
      httpsAgent: new TrustingAgent(agent),
      connectionTimeout: TIMEOUTS.connect,
      socketTimeout: TIMEOUTS.idle,
      requestTimeout: TIMEOUTS.attempt,
      throwOnRequestTimeout: true,
    }),
  };
}

/** Trusts whom AWS_CA_BUNDLE names, which the SDK does not look at by itself. */
class TrustingAgent extends HttpsAgent {
  constructor(options: AgentOptions) {
    super(options);
    if (process.env.AWS_CA_BUNDLE) {
      // A file that cannot be read is found out at once. Node's own authorities take too long for a connection that may not come.
      trustedContext();
    }
  }

  override createConnection(options: RequestOptions, callback?: Parameters<HttpsAgent['createConnection']>[1]) {
    const trusting: RequestOptions & Pick<ConnectionOptions, 'secureContext'> = { ...options, secureContext: trustedContext() };
    return super.createConnection(trusting, callback);
  }
}

/** Takes the SDK's retries out altogether: with a single attempt they would still wrap what the network says. */
export function withoutRetries<Input extends object, Output extends object, Client extends Stacked<Input, Output>>(
  client: Client & Stacked<Input, Output>,
): Client {
  // Others stand before and behind it, so it stays in its place and does nothing.
  client.middlewareStack.add((next) => next, { step: 'finalizeRequest', name: 'retryMiddleware', priority: 'high', override: true });
  return client;
}

interface Stacked<Input extends object, Output extends object> {
  readonly middlewareStack: MiddlewareStack<Input, Output>;
}
