import { calls, create, file, FUNCTION, INVOKE, run, service } from './state-machines';

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

  test('Map takes its concurrency and its items from the input, retries each item by itself, and leaves its input as it was', async () => {
    const [first, second] = ['map-first', 'map-second'].map(file);
    const { result } = await run({
      Each: {
        Type: 'Map',
        ItemsPath: '$.plan.items',
        MaxConcurrencyPath: '$.workers',
        ItemSelector: { 'do': 'throwUntil', 'name': 'OutOfTime', 'times': 3, 'file.$': '$$.Map.Item.Value', 'execution.$': '$$.Execution.Id' },
        ItemProcessor: {
          StartAt: 'One',
          States: { One: { Type: 'Task', Resource: FUNCTION, Retry: [{ ErrorEquals: ['OutOfTime'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 }], End: true } },
        },
        ResultPath: null,
        End: true,
      },
    }, { workers: 2, plan: { items: [first, second] } });
    expect(result).toEqual({ workers: 2, plan: { items: [first, second] } });
    expect([calls('map-first'), calls('map-second')]).toEqual([3, 3]);
  });

  test('what an item fails with is caught by its Map, cleaned up after, and given as error and cause of the execution', async () => {
    const caught = { Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Clean up' }] };
    const { status, error, cause } = await run({
      'Each': {
        Type: 'Map',
        ItemsPath: '$.items',
        ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Task', Resource: FUNCTION, End: true } } },
        ResultPath: null,
        ...caught,
        End: true,
      },
      'Clean up': { Type: 'Task', Resource: FUNCTION, Parameters: { do: 'count', file: file('cleaned') }, ResultPath: null, Next: 'Failed' },
      'Failed': { Type: 'Fail', ErrorPath: '$.failure.Error', CausePath: '$.failure.Cause' },
    }, { items: [{}, { do: 'throw', name: 'ItemError', message: 'this one' }] });
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'ItemError' });
    expect(JSON.parse(cause ?? '')).toMatchObject({ errorType: 'ItemError', errorMessage: 'this one' });
    expect(calls('cleaned')).toBe(1);
  });
});
