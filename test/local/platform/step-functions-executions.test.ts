import { ListExecutionsCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { called, calls, client, create, ended, file, FUNCTION, lambda, machineArn, run, service, start } from './state-machines';

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
