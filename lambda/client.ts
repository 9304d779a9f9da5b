import { AsyncLocalStorage } from 'node:async_hooks';
import type { InitializeMiddleware, MetadataBearer, MiddlewareStack } from '@smithy/types';
import { clock } from './clock';
import { isDenied, isInDoubt, isTransient } from './errors';

/** For every client: the retries are ours, and a connection that stays silent is given up; without the last word there would only be a warning. */
export const CLIENT_CONFIG = { maxAttempts: 1, requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000, throwOnRequestTimeout: true } };

/** How long, in seconds, a call is repeated. */
export interface Patience {
  /** What can succeed a little later: the gateway is busy or not connected, the service throttles, the network failed. */
  readonly transient: number;
  /** A permission that was granted a moment ago takes a while to be known everywhere. */
  readonly denied: number;
}

const NONE: Patience = { transient: 0, denied: 0 };
const patience = new AsyncLocalStorage<Patience>();

/** Calls made within `work` are repeated for so long. */
export const withPatience = <T>(wanted: Patience, work: () => Promise<T>): Promise<T> => patience.run(wanted, work);

/** Calls made within `work` are made once, but for a permission that is not known yet. */
export const once = <T>(work: () => Promise<T>): Promise<T> => patience.run({ ...(patience.getStore() ?? NONE), transient: 0 }, work);

/** They take no client token: who calls them looks up what may have happened before they are repeated. */
const WITHOUT_TOKEN = new Set(['ActivateGateway', 'AddCache', 'AddUploadBuffer', 'CreateSnapshot']);

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;

interface Client<Input extends object, Output extends MetadataBearer> {
  readonly middlewareStack: MiddlewareStack<Input, Output>;
}

/** The one retry layer; and an error says which operation it comes from. */
export function patient<Input extends object, Output extends MetadataBearer, C extends Client<Input, Output>>(client: C & Client<Input, Output>): C {
  const retrying: InitializeMiddleware<Input, Output> = (next, context) => (args) => (
    patiently(String(context.commandName).replace(/Command$/, ''), () => next(args))
  );
  client.middlewareStack.add(retrying, { step: 'initialize', name: 'patience', priority: 'high' });
  return client;
}

/** For a call that is over only when its answer has been read to the end, which is more than a client waits for. */
export async function patiently<T>(operation: string, call: () => Promise<T>): Promise<T> {
  const start = clock.now();
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      const pause = (0.5 + clock.random() / 2) * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
      if (clock.now() + pause > start + 1000 * repeatedFor(error, operation)) {
        throw named(error, operation);
      }
      await clock.sleep(pause);
    }
  }
}

function repeatedFor(error: unknown, operation: string): number {
  const { transient, denied } = patience.getStore() ?? NONE;
  if (isDenied(error)) {
    return denied;
  }
  const mayRepeat = isTransient(error) && !(isInDoubt(error) && WITHOUT_TOKEN.has(operation));
  return mayRepeat ? transient : 0;
}

function named(error: unknown, operation: string): unknown {
  if (error instanceof Error && !error.message.startsWith(`${operation}: `)) {
    error.message = `${operation}: ${error.message || error.name}`;
  }
  return error;
}
