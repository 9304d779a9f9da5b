import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  DescribeStateMachineCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import AdmZip from 'adm-zip';
import { type ApiServer, clientConfiguration, serveApi } from './api-server';
import { LambdaService } from '../../../local/platform/lambda';
import { StepFunctionsService } from '../../../local/platform/step-functions';

const CODE = `
const { appendFileSync, readFileSync } = require('node:fs');
const count = (file) => { appendFileSync(file, '.'); return readFileSync(file, 'utf8').length; };
exports.handler = async (event) => {
  switch (event.do) {
    case 'throw': throw Object.assign(new Error(event.message ?? 'thrown'), { name: event.name ?? 'Error' });
    case 'throwUntil': if (count(event.file) < event.times) throw Object.assign(new Error('not yet'), { name: event.name ?? 'Error' }); return 'ready';
    case 'hang': count(event.file); return new Promise(() => {});
    case 'count': return count(event.file);
    case 'large': return 'x'.repeat(262144);
    default: return { got: event };
  }
};
`;

const FUNCTION = 'arn:aws:lambda:eu-west-1:000000000000:function:worker';
const INVOKE = 'arn:aws:states:::lambda:invoke';
const machineArn = (name: string) => `arn:aws:states:eu-west-1:000000000000:stateMachine:${name}`;

let directory: string;
let lambda: LambdaService;
let service: StepFunctionsService;
let api: ApiServer;
let client: SFNClient;
let machines = 0;
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  directory = mkdtempSync(path.join(tmpdir(), 'step-functions-test-'));
  const zip = path.join(directory, 'code.zip');
  const archive = new AdmZip();
  archive.addFile('index.js', Buffer.from(CODE));
  archive.writeZip(zip);
  lambda = new LambdaService({ directory, environment: () => ({}) });
  for (const functionName of ['worker', 'impatient']) {
    await lambda.createFunction({
      functionName,
      arn: FUNCTION.replace('worker', functionName),
      region: 'eu-west-1',
      zip,
      handler: 'index.handler',
      runtime: 'nodejs22.x',
      timeoutSeconds: functionName === 'worker' ? 60 : 1,
      memorySize: 128,
      environment: {},
      role: 'arn:aws:iam::000000000000:role/worker',
    });
  }
  service = new StepFunctionsService({ lambda });
  api = await serveApi((request) => service.handle(request));
  client = new SFNClient(clientConfiguration(api.endpoint));
});

afterAll(async () => {
  process.off('unhandledRejection', note);
  service.close();
  await lambda.close();
  await api.close();
  client.destroy();
  rmSync(directory, { recursive: true });
});

afterEach(() => expect(unhandled).toEqual([]));

function create(states: object, machine: object = {}): string {
  const name = `machine-${machines += 1}`;
  const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states, ...machine });
  service.createStateMachine({ name, arn: machineArn(name), region: 'eu-west-1', definition, role: 'arn:aws:iam::000000000000:role/machine' });
  return machineArn(name);
}

async function start(stateMachineArn: string, input: unknown = {}, name?: string): Promise<string> {
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name }));
  return executionArn ?? '';
}

async function ended(executionArn: string): Promise<DescribeExecutionCommandOutput & { result: any }> {
  for (;;) {
    const described = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (described.status !== 'RUNNING') {
      return { ...described, result: described.output === undefined ? undefined : JSON.parse(described.output) };
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const run = async (states: object, input?: unknown, machine?: object) => ended(await start(create(states, machine), input));
const file = (name: string) => path.join(directory, name);
const calls = (name: string) => readFileSync(file(name), 'utf8').length;
async function called(name: string): Promise<void> {
  writeFileSync(file(name), '', { flag: 'a' });
  while (calls(name) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a task', () => {
  test('by the ARN of a function answers with what the function returns', async () => {
    const { status, result } = await run({ Task: { Type: 'Task', Resource: FUNCTION, End: true } }, { a: 1 });
    expect({ status, result }).toEqual({ status: 'SUCCEEDED', result: { got: { a: 1 } } });
  });

  test('by lambda:invoke answers with payload and status', async () => {
    const { result } = await run({
      Task: { Type: 'Task', Resource: INVOKE, Parameters: { 'FunctionName': FUNCTION, 'Payload.$': '$.inner' }, End: true },
    }, { inner: { b: 2 } });
    expect(result).toMatchObject({ ExecutedVersion: '$LATEST', Payload: { got: { b: 2 } }, StatusCode: 200 });
  });

  test('shapes its input and output by paths', async () => {
    const { result } = await run({
      Task: {
        Type: 'Task',
        Resource: FUNCTION,
        InputPath: '$.in',
        Parameters: { 'fixed': true, 'id.$': '$$.Execution.Name', 'item.$': '$.item', 'text.$': "States.Format('{}!', $.item)" },
        ResultSelector: { 'kept.$': '$.got' },
        ResultPath: '$.out.here',
        Next: 'Whole',
      },
      Whole: { Type: 'Pass', ResultPath: '$', End: true },
    }, { in: { item: 'x' } });
    expect(result).toEqual({ in: { item: 'x' }, out: { here: { kept: { fixed: true, id: expect.any(String), item: 'x', text: 'x!' } } } });
  });

  test('that fails gives the execution the error name and the cause of the function', async () => {
    const { status, error, cause } = await run({ Task: { Type: 'Task', Resource: FUNCTION, End: true } }, { do: 'throw', name: 'NotThere' });
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'NotThere' });
    expect(JSON.parse(cause ?? '')).toMatchObject({ errorType: 'NotThere', errorMessage: 'thrown', trace: expect.any(Array) });
  });

  test.each([
    ['of a function that is not there', FUNCTION.replace('worker', 'nobody'), {}, 'Lambda.ResourceNotFoundException'],
    ['whose function times out', FUNCTION.replace('worker', 'impatient'), { do: 'hang', file: '/dev/null' }, 'Sandbox.Timedout'],
    ['whose result is too large', FUNCTION, { do: 'large' }, 'States.DataLimitExceeded'],
  ])('%s fails by name', async (_, Resource, input, error) => {
    expect(await run({ Task: { Type: 'Task', Resource, End: true } }, input)).toMatchObject({ status: 'FAILED', error });
  });

  test('that exceeds its TimeoutSeconds fails with States.Timeout', async () => {
    const { error } = await run({ Task: { Type: 'Task', Resource: FUNCTION, TimeoutSeconds: 1, End: true } }, { do: 'hang', file: file('late') });
    expect(error).toBe('States.Timeout');
  });
});

describe('Retry', () => {
  test.each([
    ['States.ALL', 'Anything', 4],
    ['States.TaskFailed', 'Anything', 4],
    ['Custom', 'Custom', 4],
    ['Custom', 'Other', 1],
    ['States.Timeout', 'Custom', 1],
  ])('of %s meets %s with %i calls', async (matched, thrown, expected) => {
    const name = `retry-${matched}-${thrown}`;
    const { status } = await run({
      Task: { Type: 'Task', Resource: FUNCTION, Retry: [{ ErrorEquals: [matched], IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 1 }], End: true },
    }, { do: 'throwUntil', file: file(name), times: 100, name: thrown });
    expect({ status, calls: calls(name) }).toEqual({ status: 'FAILED', calls: expected });
  });

  test('ends with the first success', async () => {
    const { result } = await run({
      Task: { Type: 'Task', Resource: FUNCTION, Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, MaxAttempts: 300, BackoffRate: 1 }], End: true },
    }, { do: 'throwUntil', file: file('success'), times: 3 });
    expect({ result, calls: calls('success') }).toEqual({ result: 'ready', calls: 3 });
  });

  test('keeps most of the waiting time of a long poll, in all', () => {
    const arn = create({
      Task: { Type: 'Task', Resource: FUNCTION, Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, MaxAttempts: 330, BackoffRate: 1 }], End: true },
    });
    const [retrier] = service.stateMachine(arn).program.States.Task?.Retry as Array<Record<string, number>>;
    const { IntervalSeconds = 0, BackoffRate = 0, MaxDelaySeconds = 0 } = retrier ?? {};
    const waits = Array.from({ length: 330 }, (_, attempt) => Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** attempt));
    const total = waits.reduce((sum, wait) => sum + wait);
    expect(waits[0]).toBe(0.2);
    expect(total).toBeGreaterThan(44 * 60);
    expect(total).toBeLessThan(55 * 60);
  });
});

describe('Catch', () => {
  test('goes on with error and cause where the retries are used up, as the provider framework expects', async () => {
    const { status, result } = await run({
      IsComplete: {
        Type: 'Task',
        Resource: FUNCTION,
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 2, BackoffRate: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'OnTimeout' }],
        End: true,
      },
      OnTimeout: { Type: 'Task', Resource: FUNCTION, End: true },
    }, { do: 'throw', message: JSON.stringify({ RequestId: 'r-1' }) });
    expect(status).toBe('SUCCEEDED');
    expect(result.got.Error).toBe('Error');
    expect(JSON.parse(JSON.parse(result.got.Cause).errorMessage)).toEqual({ RequestId: 'r-1' });
  });

  test('chooses by name and keeps the input beside the error', async () => {
    const { result } = await run({
      Task: {
        Type: 'Task',
        Resource: FUNCTION,
        Catch: [{ ErrorEquals: ['Other'], Next: 'Wrong' }, { ErrorEquals: ['Custom'], ResultPath: '$.failure', Next: 'Right' }],
        End: true,
      },
      Wrong: { Type: 'Fail', Error: 'Wrong' },
      Right: { Type: 'Succeed' },
    }, { do: 'throw', name: 'Custom' });
    expect(result).toEqual({ do: 'throw', name: 'Custom', failure: { Error: 'Custom', Cause: expect.any(String) } });
  });
});

describe('other states', () => {
  test('Choice, Wait, Pass and Succeed', async () => {
    const { result } = await run({
      Count: { Type: 'Task', Resource: FUNCTION, ResultPath: '$.count', Next: 'Enough' },
      Enough: { Type: 'Choice', Choices: [{ Variable: '$.count', NumericGreaterThanEquals: 3, Next: 'Mark' }], Default: 'Pause' },
      Pause: { Type: 'Wait', Seconds: 10, Next: 'Sooner' },
      Sooner: { Type: 'Wait', Seconds: 1, Next: 'Count' },
      Mark: { Type: 'Pass', Result: { marked: true }, ResultPath: '$.mark', Next: 'Done' },
      Done: { Type: 'Succeed', OutputPath: '$.mark' },
    }, { do: 'count', file: file('choice') });
    expect(result).toEqual({ marked: true });
  });

  test.each([
    [{ IsPresent: true }, 'Chosen'],
    [{ IsPresent: false }, 'Default'],
    [{ IsNumeric: false }, 'Chosen'],
    [{ Not: { Variable: '$.a', IsNumeric: false } }, 'Default'],
  ])('Choice by %j', async (rule, expected) => {
    const { error } = await run({
      Choose: { Type: 'Choice', Choices: [{ ...'Not' in rule ? {} : { Variable: '$.a' }, ...rule, Next: 'Chosen' }], Default: 'Otherwise' },
      Chosen: { Type: 'Fail', Error: 'Chosen' },
      Otherwise: { Type: 'Fail', Error: 'Default' },
    }, { a: 'text' });
    expect(error).toBe(expected);
  });

  test('Fail gives error and cause, or none', async () => {
    expect(await run({ Stop: { Type: 'Fail', Error: 'Mine', Cause: 'because' } })).toMatchObject({ status: 'FAILED', error: 'Mine', cause: 'because' });
    const silent = await run({ Stop: { Type: 'Fail' } });
    expect([silent.status, silent.error, silent.cause]).toEqual(['FAILED', undefined, undefined]);
  });

  test('Map runs its items in their order', async () => {
    const { result } = await run({
      Each: {
        Type: 'Map',
        ItemsPath: '$.items',
        MaxConcurrency: 3,
        ItemSelector: { 'value.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index' },
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'One',
          States: { One: { Type: 'Task', Resource: INVOKE, Parameters: { 'FunctionName': 'worker', 'Payload.$': '$' }, OutputPath: '$.Payload.got', End: true } },
        },
        End: true,
      },
    }, { items: ['a', 'b', 'c', 'd', 'e'] });
    expect(result).toEqual(['a', 'b', 'c', 'd', 'e'].map((value, index) => ({ value, index })));
  });

  test('Map fails with the error of its item', async () => {
    const { status, error } = await run({
      Each: {
        Type: 'Map',
        ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Task', Resource: FUNCTION, End: true } } },
        End: true,
      },
    }, [{}, { do: 'throw', name: 'ItemError' }, { do: 'throw', name: 'ItemError' }]);
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'ItemError' });
  });
});

describe('an execution', () => {
  test('of the same name and input is the same one while it runs', async () => {
    const arn = create({ Task: { Type: 'Task', Resource: FUNCTION, End: true } });
    const input = { do: 'hang', file: file('idempotent') };
    const first = await client.send(new StartExecutionCommand({ stateMachineArn: arn, name: 'one', input: JSON.stringify(input) }));
    await called('idempotent');
    const second = await client.send(new StartExecutionCommand({ stateMachineArn: arn, name: 'one', input: JSON.stringify(input) }));
    expect(first.executionArn).toBe(arn.replace('stateMachine', 'execution') + ':one');
    expect([second.executionArn, second.startDate]).toEqual([first.executionArn, first.startDate]);
    expect(calls('idempotent')).toBe(1);
    await expect(start(arn, { other: 1 }, 'one')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await client.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    await expect(start(arn, input, 'one')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    lambda.killWorkers('worker');
  });

  test('that is stopped ends at once and calls nothing any more', async () => {
    const executionArn = await start(create({
      Task: { Type: 'Task', Resource: FUNCTION, Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 50, IntervalSeconds: 1 }], Next: 'Then' },
      Then: { Type: 'Task', Resource: FUNCTION, End: true },
    }), { do: 'hang', file: file('stopped') });
    await called('stopped');
    const { stopDate } = await client.send(new StopExecutionCommand({ executionArn, error: 'Enough', cause: 'the stack goes' }));
    lambda.killWorkers('worker');
    expect(await ended(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'the stack goes', stopDate });
    // Whatever the interpreter would still do, it does before another execution is through three states.
    await run({ A: { Type: 'Task', Resource: FUNCTION, Next: 'B' }, B: { Type: 'Task', Resource: FUNCTION, Next: 'C' }, C: { Type: 'Wait', Seconds: 1, End: true } });
    expect(calls('stopped')).toBe(1);
  });

  test('ends with the TimeoutSeconds of its machine', async () => {
    const { status } = await run({ Task: { Type: 'Task', Resource: FUNCTION, End: true } }, { do: 'hang', file: file('machine') }, { TimeoutSeconds: 1 });
    expect(status).toBe('TIMED_OUT');
    lambda.killWorkers('worker');
  });

  test('ends when its machine is deleted', async () => {
    const arn = create({ Task: { Type: 'Task', Resource: FUNCTION, End: true } });
    const executionArn = await start(arn, { do: 'hang', file: file('deleted') });
    await called('deleted');
    service.deleteStateMachine(arn);
    expect(await ended(executionArn)).toMatchObject({ status: 'ABORTED' });
    await expect(start(arn)).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
    lambda.killWorkers('worker');
  });

  test('is listed newest first, by status, page by page', async () => {
    const stateMachineArn = create({ Choose: { Type: 'Choice', Choices: [{ Variable: '$.fail', BooleanEquals: true, Next: 'No' }], Default: 'Yes' }, No: { Type: 'Fail' }, Yes: { Type: 'Succeed' } });
    for (const [name, fail] of [['first', false], ['second', true], ['third', false]] as const) {
      await ended(await start(stateMachineArn, { fail }, name));
    }
    const list = async (filter: object) => client.send(new ListExecutionsCommand({ stateMachineArn, ...filter }));
    const names = async (filter: object) => (await list(filter)).executions?.map(({ name }) => name);
    expect(await names({})).toEqual(['third', 'second', 'first']);
    expect(await names({ statusFilter: 'FAILED' })).toEqual(['second']);
    const { nextToken } = await list({ maxResults: 2 });
    expect(await names({ maxResults: 2, nextToken })).toEqual(['first']);
  });

  test.each([
    ['a machine that is not there', { stateMachineArn: machineArn('nobody') }, 'StateMachineDoesNotExist'],
    ['a machine of another Region', { stateMachineArn: machineArn('machine-1').replace('eu-west-1', 'us-east-1') }, 'InvalidArn'],
    ['input that is no JSON', { input: '{' }, 'InvalidExecutionInput'],
    ['input that is too long', { input: JSON.stringify('x'.repeat(262_144)) }, 'ValidationException'],
    ['a name with a slash', { name: 'a/b' }, 'InvalidName'],
    ['a long name', { name: 'x'.repeat(81) }, 'InvalidName'],
  ])('is refused for %s', async (_, changes, name) => {
    const stateMachineArn = create({ Done: { Type: 'Succeed' } });
    await expect(client.send(new StartExecutionCommand({ stateMachineArn, ...changes }))).rejects.toMatchObject({ name });
  });

  test('that is not there is refused', async () => {
    await expect(ended(machineArn('m').replace('stateMachine', 'execution') + ':nobody')).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('a definition', () => {
  const task = { Type: 'Task', Resource: FUNCTION, End: true };
  test.each([
    ['type "Parallel"', { A: { Type: 'Parallel', Branches: [], End: true } }],
    ['field "HeartbeatSeconds"', { A: { ...task, HeartbeatSeconds: 10 } }],
    ['field "Assign"', { A: { ...task, Assign: {} } }],
    ['QueryLanguage "JSONata"', { A: { ...task, QueryLanguage: 'JSONata' } }],
    ['Resource "arn:aws:states:::dynamodb:putItem"', { A: { ...task, Resource: 'arn:aws:states:::dynamodb:putItem' } }],
    ['Resource "arn:aws:states:::lambda:invoke.waitForTaskToken"', { A: { ...task, Resource: `${INVOKE}.waitForTaskToken` } }],
    ['field "Qualifier"', { A: { ...task, Resource: INVOKE, Parameters: { FunctionName: 'x', Qualifier: '1' } } }],
    ['field "Unknown"', { A: { ...task, Retry: [{ ErrorEquals: ['States.ALL'], Unknown: 1 }] } }],
    ['field "Output"', { A: { ...task, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'A', Output: {} }] } }],
    ['field "ItemReader"', { A: { Type: 'Map', ItemReader: {}, ItemProcessor: { StartAt: 'B', States: { B: task } }, End: true } }],
    ['ProcessorConfig.Mode "DISTRIBUTED"', { A: { Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, StartAt: 'B', States: { B: task } }, End: true } }],
    ['type "Parallel"', { A: { Type: 'Map', ItemProcessor: { StartAt: 'B', States: { B: { Type: 'Parallel' } } }, End: true } }],
    ['context value $$.Task.Token', { A: { ...task, Parameters: { 'token.$': '$$.Task.Token' } } }],
    ['context value $$.Execution.Input', { A: { Type: 'Map', ItemProcessor: { StartAt: 'B', States: { B: { ...task, Parameters: { 'i.$': '$$.Execution.Input' } } } }, End: true } }],
    ['ResultPath "$[\'a b\']"', { A: { ...task, ResultPath: "$['a b']" } }],
    ['Result false', { A: { Type: 'Pass', Result: false, End: true } }],
  ])('with %s is refused by name', (what, states) => {
    expect(() => create(states)).toThrow(`has ${what}, which cannot be interpreted`);
  });

  test.each([
    ['MISSING_TRANSITION_TARGET', { A: { ...task, End: undefined, Next: 'B' } }],
    ['SCHEMA_VALIDATION_FAILED', { A: { Type: 'Task', End: true, Resource: FUNCTION, Retry: 'often' } }],
  ])('that Step Functions refuses is refused: %s', (what, states) => {
    expect(() => create(states)).toThrow(what);
  });

  test('that is no JSON is refused', () => {
    expect(() => service.createStateMachine({ name: 'm', arn: machineArn('m'), region: 'eu-west-1', definition: '{' })).toThrow('INVALID_JSON_DESCRIPTION');
  });

  test('can be described, and replaced', async () => {
    const stateMachineArn = create({ A: { Type: 'Pass', Result: 'old', End: true } });
    const definition = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', Result: 'new', End: true } } });
    service.updateStateMachine({ name: stateMachineArn.split(':')[6] ?? '', arn: stateMachineArn, region: 'eu-west-1', definition });
    expect(await client.send(new DescribeStateMachineCommand({ stateMachineArn }))).toMatchObject({ status: 'ACTIVE', definition });
    expect((await ended(await start(stateMachineArn))).result).toBe('new');
  });
});
