import validate from 'asl-validator';

/** What the interpreter understands, by state type: it passes over anything else without a word. */
const FIELDS: Record<string, readonly string[]> = {
  Task: ['Resource', 'Parameters', 'InputPath', 'OutputPath', 'ResultPath', 'ResultSelector', 'Retry', 'Catch', 'TimeoutSeconds', 'TimeoutSecondsPath', 'Next', 'End'],
  Pass: ['Result', 'Parameters', 'InputPath', 'OutputPath', 'ResultPath', 'Next', 'End'],
  Succeed: ['InputPath', 'OutputPath'],
  Fail: ['Error', 'Cause', 'ErrorPath', 'CausePath'],
  Choice: ['Choices', 'Default', 'InputPath', 'OutputPath'],
  Wait: ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath', 'InputPath', 'OutputPath', 'Next', 'End'],
  Map: [
    'ItemProcessor', 'Iterator', 'ItemSelector', 'Parameters', 'ItemsPath', 'MaxConcurrency', 'MaxConcurrencyPath',
    'InputPath', 'OutputPath', 'ResultPath', 'ResultSelector', 'Retry', 'Catch', 'Next', 'End',
  ],
};
const STATE_FIELDS = ['Type', 'Comment', 'QueryLanguage'];
const MACHINE_FIELDS = ['StartAt', 'States', 'Comment', 'Version', 'TimeoutSeconds', 'QueryLanguage'];
const PROCESSOR_FIELDS = ['StartAt', 'States', 'Comment', 'ProcessorConfig', 'QueryLanguage'];
const RETRY_FIELDS = ['ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy', 'Comment'];
const CATCH_FIELDS = ['ErrorEquals', 'Next', 'ResultPath', 'Comment'];
const INVOKE_PARAMETERS = ['FunctionName', 'FunctionName.$', 'Payload', 'Payload.$', 'InvocationType', 'InvocationType.$'];

export const LAMBDA_INVOKE = /^arn:aws[a-z-]*:states:::lambda:invoke$/;
const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/;
const PLAIN_PATH = /^\$(\.[A-Za-z_][\w-]*)*$/;
const CONTEXT = /\$\$[\w.$]*/g;
const CONTEXT_VALUES = ['$$.Execution.Id', '$$.Execution.Name', '$$.StateMachine.Id', '$$.StateMachine.Name'];

export interface Machine {
  StartAt: string;
  States: Record<string, State>;
  TimeoutSeconds?: number;
  [field: string]: unknown;
}

export interface State {
  Type: string;
  Resource?: string;
  ItemProcessor?: Machine;
  Iterator?: Machine;
  [field: string]: unknown;
}

export class InvalidDefinition extends Error {}

/**
 * Reads a definition in the Amazon States Language.
 *
 * @throws InvalidDefinition where Step Functions would refuse it, or where the interpreter could not do all that it says
 */
export function parseDefinition(text: string): Machine {
  let machine: Machine;
  try {
    machine = JSON.parse(text) as Machine;
  } catch (error) {
    throw new InvalidDefinition(`INVALID_JSON_DESCRIPTION: ${(error as Error).message}`);
  }
  onlyKnown('the state machine', machine, MACHINE_FIELDS);
  checkStates(machine, false);
  // A copy, because the validator writes into what it reads.
  const { isValid, errorsText } = validate(structuredClone(machine));
  if (!isValid) {
    throw new InvalidDefinition(`SCHEMA_VALIDATION_FAILED: ${errorsText('; ')}`);
  }
  return machine;
}

/** All states, also those within Map states. Their names are unique in the whole machine. */
export function allStates(machine: Machine): Array<[name: string, state: State]> {
  return Object.entries(machine.States).flatMap(([name, state]) => {
    const processor = state.ItemProcessor ?? state.Iterator;
    return [[name, state] as [string, State], ...processor ? allStates(processor) : []];
  });
}

function checkStates(machine: Machine, inMap: boolean): void {
  checkQueryLanguage('the state machine', machine);
  for (const [name, state] of Object.entries(machine.States ?? {})) {
    const where = `state ${JSON.stringify(name)}`;
    const fields = FIELDS[state.Type];
    if (!fields) {
      refuse(where, `type ${JSON.stringify(state.Type)}`, `types interpreted here: ${Object.keys(FIELDS).join(', ')}`);
    }
    checkQueryLanguage(where, state);
    onlyKnown(where, state, [...STATE_FIELDS, ...fields]);
    checkState(where, state, inMap);
  }
}

function checkState(where: string, state: State, inMap: boolean): void {
  checkRules(where, state);
  checkContext(where, state, inMap);
  checkResultPath(where, state);
  if (state.Type === 'Task') {
    checkTask(where, state);
  }
  if (state.Type === 'Pass' && 'Result' in state && !state.Result) {
    refuse(where, `Result ${JSON.stringify(state.Result)}`, 'a result must be an object, an array, true, a text or a number other than zero');
  }
  const processor = state.ItemProcessor ?? state.Iterator;
  if (processor) {
    onlyKnown(where, processor, PROCESSOR_FIELDS);
    const mode = (processor.ProcessorConfig as { Mode?: string } | undefined)?.Mode ?? 'INLINE';
    if (mode !== 'INLINE') {
      refuse(where, `ProcessorConfig.Mode ${JSON.stringify(mode)}`, 'INLINE is interpreted here');
    }
    checkStates(processor, true);
  }
}

function checkTask(where: string, state: State): void {
  const resource = state.Resource ?? '';
  if (LAMBDA_INVOKE.test(resource)) {
    onlyKnown(`the Parameters of ${where}`, state.Parameters as object ?? {}, INVOKE_PARAMETERS);
  } else if (!FUNCTION_ARN.test(resource)) {
    refuse(where, `Resource ${JSON.stringify(resource)}`, 'arn:aws:states:::lambda:invoke and the ARN of a function are interpreted here');
  }
}

function checkRules(where: string, state: State): void {
  for (const retrier of state.Retry as object[] ?? []) {
    onlyKnown(`a Retry of ${where}`, retrier, RETRY_FIELDS);
  }
  for (const catcher of state.Catch as Array<Record<string, unknown>> ?? []) {
    onlyKnown(`a Catch of ${where}`, catcher, CATCH_FIELDS);
    checkResultPath(`a Catch of ${where}`, catcher);
  }
}

function checkResultPath(where: string, { ResultPath: path }: Record<string, unknown>): void {
  if (typeof path === 'string' && !PLAIN_PATH.test(path)) {
    refuse(where, `ResultPath ${JSON.stringify(path)}`, 'paths of the form $.name.name are interpreted here');
  }
}

/** Inside a Map the interpreter takes the item for the execution's input, and knows neither state nor task. */
function checkContext(where: string, state: State, inMap: boolean): void {
  const { ItemProcessor: _, Iterator: __, ...own } = state;
  const allowed = [
    ...CONTEXT_VALUES,
    ...inMap ? [] : ['$$.Execution.StartTime'],
    ...state.Type === 'Map' ? ['$$.Map.Item.Index', '$$.Map.Item.Value'] : [],
  ];
  for (const [reference] of JSON.stringify(own).matchAll(CONTEXT)) {
    const input = !inMap && /^\$\$\.Execution\.Input(\.|$)/.test(reference);
    const item = state.Type === 'Map' && reference.startsWith('$$.Map.Item.Value.');
    if (!input && !item && !allowed.includes(reference)) {
      refuse(where, `context value ${reference}`, `values known here: ${allowed.join(', ')}`);
    }
  }
}

function checkQueryLanguage(where: string, { QueryLanguage: language = 'JSONPath' }: Record<string, unknown>): void {
  if (language !== 'JSONPath') {
    refuse(where, `QueryLanguage ${JSON.stringify(language)}`, 'JSONPath is interpreted here');
  }
}

function onlyKnown(where: string, object: object, known: readonly string[]): void {
  for (const field of Object.keys(object)) {
    if (!known.includes(field)) {
      refuse(where, `field ${JSON.stringify(field)}`, `fields interpreted here: ${known.join(', ')}`);
    }
  }
}

function refuse(where: string, what: string, allowed: string): never {
  throw new InvalidDefinition(`SCHEMA_VALIDATION_FAILED: ${where} has ${what}, which cannot be interpreted (${allowed})`);
}
