/* What the service sends to an execution environment, and what comes back. */

export interface InvocationMessage {
  readonly requestId: string;
  readonly arn: string;
  readonly payload: string;
  /** Epoch milliseconds at which the environment is killed. */
  readonly deadline: number;
}

export type EnvironmentMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init-error'; readonly payload: string }
  | { readonly kind: 'result'; readonly requestId: string; readonly payload: string; readonly error: boolean; readonly last?: boolean };

/** Host of the response URLs that the platform's CloudFormation hands out (with anything after it). */
export const RESPONSE_HOST = 'cloudformation-custom-resource-response';

/**
 * Lambda's Node runtime, as it runs inside an execution environment.
 *
 * It is written to a file as its own source text, so that the platform works alike from TypeScript and from its bundle:
 * therefore it stands alone, with nothing from this module but types.
 */
export function runtime(load: NodeJS.Require, responseHost: string): void {
  const http = load('node:http') as typeof import('node:http');
  const https = load('node:https') as typeof import('node:https');
  const path = load('node:path') as typeof import('node:path');
  type Handler = (event: unknown, context: object, callback: (error: unknown, result?: unknown) => void) => unknown;

  // The handlers that CDK ships give https.request a host and a path only, so neither plain http nor a port reaches it:
  // what is meant for the host of the response URLs is sent to the platform instead.
  const responseEndpoint = process.env.LOCAL_RESPONSE_ENDPOINT;
  delete process.env.LOCAL_RESPONSE_ENDPOINT;
  if (responseEndpoint) {
    const original = https.request;
    https.request = ((...args: unknown[]) => {
      const url = typeof args[0] === 'string' || args[0] instanceof URL ? new URL(args[0]) : undefined;
      const options = ((url ? args[1] : args[0]) ?? {}) as import('node:https').RequestOptions;
      const host = url?.hostname ?? options.hostname ?? options.host ?? '';
      if (!host.startsWith(responseHost)) {
        return (original as (...rest: unknown[]) => unknown)(...args);
      }
      const { hostname, port } = new URL(responseEndpoint);
      const requested = url ? url.pathname + url.search : options.path;
      const callback = args.find((argument) => typeof argument === 'function') as ((response: import('node:http').IncomingMessage) => void) | undefined;
      return http.request({ method: options.method, headers: options.headers, protocol: 'http:', hostname, port, path: requested }, callback);
    }) as typeof https.request;
  }

  // With a level configured, the runtime drops what is below it, its own lines included.
  const lowest = process.env.AWS_LAMBDA_LOG_LEVEL;
  if (lowest) {
    const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
    const methods = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;
    for (const [method, level] of Object.entries(methods) as Array<[keyof typeof methods, string]>) {
      if (levels.indexOf(level) < levels.indexOf(lowest)) {
        console[method] = () => undefined;
      }
    }
  }

  const send = (message: EnvironmentMessage, sent?: () => void) => process.send?.(message, undefined, undefined, sent);

  const describe = (error: unknown, errorType?: string): string => {
    if (!(error instanceof Error) && !(typeof error === 'object' && error !== null && 'message' in error && 'stack' in error)) {
      return JSON.stringify({ errorType: errorType ?? typeof error, errorMessage: String(error), trace: [] });
    }
    const { name, message, stack } = error as Error;
    return JSON.stringify({ errorType: errorType ?? name, errorMessage: message, trace: (stack ?? '').split('\n') });
  };

  let current: string | undefined;
  const answer = (payload: string, error: boolean) => {
    if (current !== undefined) {
      send({ kind: 'result', requestId: current, payload, error });
      current = undefined;
    }
  };

  const die = (payload: string, exitStatus: number) => {
    console.error(payload);
    if (current === undefined) {
      process.exit(exitStatus);
    }
    send({ kind: 'result', requestId: current, payload, error: true, last: true }, () => process.exit(exitStatus));
  };
  process.on('uncaughtException', (error) => die(describe(error), 129));
  process.on('unhandledRejection', (reason) => die(describe(reason instanceof Error ? reason : new Error(String(reason)), 'Runtime.UnhandledPromiseRejection'), 128));
  process.on('disconnect', () => process.exit(0));

  const [file = '', name = ''] = (process.env._HANDLER ?? '').split(/\.(?=[^.]*$)/);
  let handler: Handler;
  try {
    const module = load(path.resolve(process.env.LAMBDA_TASK_ROOT ?? '', file)) as Record<string, Handler | undefined>;
    const found = module[name];
    if (typeof found !== 'function') {
      throw Object.assign(new Error(`${process.env._HANDLER} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
    }
    handler = found;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const payload = missing ? describe(new Error(`Error: ${(error as Error).message}`), 'Runtime.ImportModuleError') : describe(error);
    console.error(payload);
    send({ kind: 'init-error', payload }, () => process.exit(1));
    return;
  }

  process.on('message', ({ requestId, arn, payload, deadline }: InvocationMessage) => {
    current = requestId;
    const succeed = (result: unknown) => {
      if (current !== requestId) {
        return;
      }
      try {
        answer(JSON.stringify(result === undefined ? null : result), false);
      } catch {
        answer(JSON.stringify({ errorType: 'Runtime.MarshalError', errorMessage: 'Unable to stringify response body', trace: [] }), true);
      }
    };
    const fail = (error: unknown) => {
      if (current === requestId) {
        const described = describe(error);
        console.error('Invoke Error', described);
        answer(described, true);
      }
    };
    const context = {
      awsRequestId: requestId,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
      invokedFunctionArn: arn,
      logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
      memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    };
    try {
      const result = handler(JSON.parse(payload), context, (error, value) => (error ? fail(error) : succeed(value)));
      if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
        (result as PromiseLike<unknown>).then(succeed, fail);
      }
    } catch (error) {
      fail(error);
    }
  });
  send({ kind: 'ready' });
}
