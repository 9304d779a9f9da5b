import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { client, create, ended, FUNCTION, INVOKE, machineArn, service, start } from './state-machines';

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
