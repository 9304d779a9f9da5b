import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { GetFunctionCommand, InvokeCommand, LambdaClient, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import AdmZip from 'adm-zip';
import { type ApiServer, clientConfiguration, serve, serveApi } from './api-server';
import { LambdaService } from '../../../local/platform/lambda';

const CODE = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
let invocations = 0;
const handlers = {
  echo: async ({ value }, context) => ({ value, context: { ...context }, remaining: context.getRemainingTimeInMillis() }),
  count: async () => ++invocations,
  nothing: async () => undefined,
  environment: async () => process.env,
  throw: async () => { throw Object.assign(new Error('no such thing'), { name: 'NotThere' }); },
  throwAtOnce: () => { throw new TypeError('at once'); },
  throwText: async () => { throw 'just text'; },
  callback: (event, context, callback) => setImmediate(callback, null, 'called back'),
  callbackError: (event, context, callback) => setImmediate(callback, new RangeError('called back')),
  exit: async () => process.exit(3),
  uncaught: () => new Promise(() => setImmediate(() => { throw new Error('nobody caught me'); })),
  hang: () => new Promise(() => {}),
  large: async () => 'x'.repeat(6 * 1024 * 1024 + 200),
  circular: async () => { const it = {}; it.it = it; return it; },
  print: async () => { console.log('to stdout'); console.error('to stderr'); },
  sdk: async () => Object.keys(require('@aws-sdk/client-sfn')).includes('SFNClient'),
  // Everybody waits until all are there.
  meet: async ({ file, people }) => {
    appendFileSync(file, '.');
    while (readFileSync(file, 'utf8').length < people) await new Promise((ok) => setTimeout(ok, 10));
    return process.pid;
  },
  failTwice: async ({ file, how }, context) => {
    appendFileSync(file, context.awsRequestId + '\\n');
    if (readFileSync(file, 'utf8').split('\\n').length <= 3) {
      if (how === 'hang') await new Promise(() => {});
      if (how === 'exit') process.exit(1);
      throw new Error('not yet');
    }
    appendFileSync(file, 'done');
  },
  respond: async ({ url }) => new Promise((resolve, reject) => {
    const { hostname, pathname, search } = new URL(url);
    const request = require('https').request({ hostname, path: pathname + search, method: 'PUT', headers: { 'content-length': 2 } },
      (response) => resolve(response.statusCode));
    request.on('error', reject).end('ok');
  }),
};
exports.handler = (event, context, callback) => handlers[event.do](event, context, callback);
`;

const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:tested';
let directory: string;
let zip: string;
let service: LambdaService;
let api: ApiServer;
let responses: ApiServer;
let client: LambdaClient;
const received: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'lambda-test-'));
  zip = path.join(directory, 'code.zip');
  const archive = new AdmZip();
  archive.addFile('index.js', Buffer.from(CODE));
  archive.writeZip(zip);
  responses = await serve((request: IncomingMessage, response) => {
    received.push(`${request.method} ${request.url}`);
    response.end();
  });
  service = new LambdaService({
    directory,
    environment: () => ({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', LOCAL_RESPONSE_ENDPOINT: responses.endpoint }),
  });
  await service.createFunction(specification());
  api = await serveApi((request) => service.handle(request));
  client = new LambdaClient(clientConfiguration(api.endpoint));
});

afterAll(async () => {
  await service.close();
  await api.close();
  await responses.close();
  client.destroy();
  rmSync(directory, { recursive: true });
});

function specification(changes: { functionName?: string; timeoutSeconds?: number; handler?: string; environment?: Record<string, string> } = {}) {
  const functionName = changes.functionName ?? 'tested';
  return {
    functionName,
    arn: ARN.replace('tested', functionName),
    region: 'eu-west-1',
    zip,
    handler: 'index.handler',
    runtime: 'nodejs22.x',
    timeoutSeconds: 30,
    memorySize: 128,
    environment: { OWN: 'variable' },
    role: 'arn:aws:iam::000000000000:role/tested',
    ...changes,
  };
}

async function create(changes: Parameters<typeof specification>[0] & { functionName: string }): Promise<string> {
  await service.createFunction(specification(changes));
  return changes.functionName;
}

async function invoke(event: object, FunctionName = 'tested', InvocationType?: 'Event'): Promise<InvokeCommandOutput & { value: any }> {
  const output = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), InvocationType }));
  const text = output.Payload?.transformToString();
  return { ...output, value: text ? JSON.parse(text) : undefined };
}

async function until<T>(probe: () => T | undefined): Promise<T> {
  for (;;) {
    const found = probe();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const lines = (file: string) => {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
};

describe('a synchronous invocation', () => {
  test('answers with what the handler returns, and tells it who it is', async () => {
    const { StatusCode, FunctionError, value } = await invoke({ do: 'echo', value: { deep: [1, null] } }, ARN);
    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: undefined });
    expect(value.value).toEqual({ deep: [1, null] });
    expect(value.context).toMatchObject({ functionName: 'tested', invokedFunctionArn: ARN, logGroupName: '/aws/lambda/tested', memoryLimitInMB: '128' });
    expect(value.context.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(value.remaining).toBeGreaterThan(0);
    expect(value.remaining).toBeLessThanOrEqual(30_000);
  });

  test('finds a function by ARN with a qualifier', async () => {
    expect((await invoke({ do: 'echo', value: 1 }, `${ARN}:$LATEST`)).value.value).toBe(1);
  });

  test('answers null for a handler that returns nothing', async () => {
    expect((await invoke({ do: 'nothing' })).value).toBeNull();
  });

  test('keeps its environment between invocations, also after a thrown error', async () => {
    const name = await create({ functionName: 'warm' });
    expect((await invoke({ do: 'count' }, name)).value).toBe(1);
    await invoke({ do: 'throw' }, name);
    expect((await invoke({ do: 'count' }, name)).value).toBe(2);
  });

  test('runs up to four at a time', async () => {
    const name = await create({ functionName: 'parallel' });
    const file = path.join(directory, 'four');
    const met = await Promise.all([1, 2, 3, 4].map(() => invoke({ do: 'meet', file, people: 4 }, name)));
    expect(new Set(met.map(({ value }) => value)).size).toBe(4);
  });

  test('queues the fifth', async () => {
    const name = await create({ functionName: 'queued' });
    const file = path.join(directory, 'five');
    const met = await Promise.all(Array.from({ length: 12 }, () => invoke({ do: 'meet', file, people: 4 }, name)));
    expect(new Set(met.map(({ value }) => value)).size).toBe(4);
  });

  test('is refused over 6 MB', async () => {
    await expect(invoke({ do: 'echo', value: 'x'.repeat(6_291_456) }))
      .rejects.toMatchObject({ name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } });
    expect((await invoke({ do: 'echo', value: 'x'.repeat(3_000_000) })).value.value).toHaveLength(3_000_000);
  });
});

describe('a function error', () => {
  test.each([
    ['throw', 'NotThere', 'no such thing'],
    ['throwAtOnce', 'TypeError', 'at once'],
    ['throwText', 'string', 'just text'],
    ['callbackError', 'RangeError', 'called back'],
    ['uncaught', 'Error', 'nobody caught me'],
    ['circular', 'Runtime.MarshalError', 'Unable to stringify response body'],
    ['large', 'Function.ResponseSizeTooLarge', 'Response payload size exceeded maximum allowed payload size (6291556 bytes).'],
  ])('of %s carries name and message', async (name, errorType, errorMessage) => {
    const { StatusCode, FunctionError, value } = await invoke({ do: name });
    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(value).toMatchObject({ errorType, errorMessage });
  });

  test('carries the stack', async () => {
    const { value } = await invoke({ do: 'throw' });
    expect(value.trace[0]).toMatch(/no such thing/);
    expect(value.trace[1]).toMatch(/index\.js/);
  });

  test('is a timeout where the handler does not answer in time', async () => {
    const name = await create({ functionName: 'slow', timeoutSeconds: 1 });
    const { FunctionError, value } = await invoke({ do: 'hang' }, name);
    expect(FunctionError).toBe('Unhandled');
    expect(value).toEqual({ errorType: 'Sandbox.Timedout', errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/) });
    expect((await invoke({ do: 'count' }, name)).value).toBe(1);
  });

  test('is an exit of the process', async () => {
    const { value } = await invoke({ do: 'exit' });
    expect(value).toEqual({ errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/Error: Runtime exited with error: exit status 3$/) });
  });

  test('is a kill of the process', async () => {
    const name = await create({ functionName: 'killed' });
    const file = path.join(directory, 'killed');
    const pending = invoke({ do: 'meet', file, people: 2 }, name);
    await until(() => lines(file)[0]);
    expect(service.killWorkers(name)).toBe(true);
    expect((await pending).value).toEqual({ errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/Error: Runtime exited with error: signal: killed$/) });
    expect((await invoke({ do: 'count' }, name)).value).toBe(1);
  });

  test('needs a function to be killed', () => {
    expect(service.killWorkers('nobody')).toBe(false);
  });

  test.each([
    ['elsewhere.handler', 'Runtime.ImportModuleError', 'Error: Cannot find module'],
    ['index.other', 'Runtime.HandlerNotFound', 'index.other is undefined or not exported'],
  ])('is a handler %s that is not there', async (handler, errorType, message) => {
    const name = await create({ functionName: handler.replace('.', '-'), handler });
    expect((await invoke({ do: 'echo' }, name)).value).toMatchObject({ errorType, errorMessage: expect.stringContaining(message) });
  });
});

describe('an asynchronous invocation', () => {
  test('is accepted at once', async () => {
    const { StatusCode, value } = await invoke({ do: 'nothing' }, 'tested', 'Event');
    expect({ StatusCode, value }).toEqual({ StatusCode: 202, value: undefined });
  });

  test.each(['throw', 'hang', 'exit'])('that ends by %s is delivered twice more under the same request id', async (how) => {
    const name = await create({ functionName: `again-${how}`, timeoutSeconds: how === 'hang' ? 1 : 30 });
    const file = path.join(directory, name);
    await invoke({ do: 'failTwice', file, how }, name, 'Event');
    const [first, ...others] = await until(() => lines(file).length === 4 && lines(file)[3] === 'done' ? lines(file) : undefined);
    expect(others).toEqual([first, first, 'done']);
  });

  test('is refused over 1 MB', async () => {
    await expect(invoke({ do: 'echo', value: 'x'.repeat(1_048_576) }, 'tested', 'Event'))
      .rejects.toMatchObject({ name: 'RequestTooLargeException' });
  });
});

describe('the environment', () => {
  test('holds what Lambda gives and the endpoints, nothing of the parent', async () => {
    process.env.AWS_PROFILE = 'production';
    const { value } = await invoke({ do: 'environment' }, await create({ functionName: 'fresh' }));
    delete process.env.AWS_PROFILE;
    expect(Object.keys(value).sort()).toEqual([
      'AWS_ACCESS_KEY_ID', 'AWS_DEFAULT_REGION', 'AWS_EC2_METADATA_DISABLED', 'AWS_ENDPOINT_URL', 'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_FUNCTION_VERSION', 'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME', 'AWS_REGION', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'HOME', 'LAMBDA_TASK_ROOT', 'LANG',
      'NODE_PATH', 'OWN', 'PATH', 'TMPDIR', 'TZ', '_HANDLER',
    ].sort());
    expect(value).toMatchObject({ AWS_REGION: 'eu-west-1', OWN: 'variable', HOME: path.join(directory, 'home') });
  });

  test('provides the SDK', async () => {
    expect((await invoke({ do: 'sdk' })).value).toBe(true);
  });

  test('keeps what the function prints', async () => {
    await invoke({ do: 'print' });
    const log = path.join(directory, 'logs', 'tested.log');
    await until(() => lines(log).includes('to stdout') && lines(log).includes('to stderr') || undefined);
  });

  test('sends what is meant for a response URL to the platform', async () => {
    const url = 'https://cloudformation-custom-resource-response.local.invalid/stack%3A1?X-Amz-Signature=abc';
    expect((await invoke({ do: 'respond', url })).value).toBe(200);
    expect(received).toEqual(['PUT /stack%3A1?X-Amz-Signature=abc']);
  });
});

describe('a function', () => {
  test('is described as active', async () => {
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: 'tested' }));
    expect(Configuration).toMatchObject({ FunctionArn: ARN, State: 'Active', LastUpdateStatus: 'Successful', Timeout: 30 });
  });

  test('takes new configuration', async () => {
    const name = await create({ functionName: 'updated' });
    expect((await invoke({ do: 'environment' }, name)).value.OWN).toBe('variable');
    await service.updateFunction(specification({ functionName: name, environment: { OWN: 'other' } }));
    expect((await invoke({ do: 'environment' }, name)).value.OWN).toBe('other');
  });

  test('that is deleted in the middle finishes, and is gone', async () => {
    const name = await create({ functionName: 'deleted' });
    const file = path.join(directory, 'deleted');
    const pending = [invoke({ do: 'meet', file, people: 2 }, name)];
    await until(() => lines(file)[0]);
    pending.push(invoke({ do: 'meet', file, people: 2 }, name));
    await until(() => lines(file)[0] === '..' || undefined);
    await service.deleteFunction(name);
    expect((await Promise.all(pending)).map(({ FunctionError }) => FunctionError)).toEqual([undefined, undefined]);
    await expect(invoke({ do: 'echo' }, name)).rejects.toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } });
    await expect(client.send(new GetFunctionCommand({ FunctionName: name }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('is not found from another Region', async () => {
    const elsewhere = new LambdaClient(clientConfiguration(api.endpoint, 'us-east-1'));
    await expect(elsewhere.send(new GetFunctionCommand({ FunctionName: 'tested' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(elsewhere.send(new GetFunctionCommand({ FunctionName: ARN }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    elsewhere.destroy();
  });
});
