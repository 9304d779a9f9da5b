import { randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../http';
import type { Execution, ExecutionStatus } from './execution';
import { StepFunctionsError, type StepFunctionsService } from './index';

const TARGET = 'AWSStepFunctions.';
const MAXIMUM_INPUT_BYTES = 262_144;
const STATUSES: ExecutionStatus[] = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'];
const NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/;

type Input = Record<string, string | number | undefined>;
type Operation = (service: StepFunctionsService, input: Input, region: string) => object;

const OPERATIONS: Record<string, Operation> = {
  StartExecution: (service, { input = '{}', name, ...rest }, region) => {
    const stateMachineArn = arn(rest, 'stateMachineArn', 'stateMachine', region);
    const text = checkInput(String(input));
    if (name !== undefined && !NAME.test(String(name))) {
      throw new StepFunctionsError('InvalidName', `Invalid Name: '${name}'`);
    }
    const execution = service.start(stateMachineArn, text, name === undefined ? undefined : String(name));
    return { executionArn: execution.options.executionArn, startDate: seconds(execution.startDate) };
  },
  DescribeExecution: (service, input, region) => {
    const execution = service.execution(arn(input, 'executionArn', 'execution', region));
    const { output, error, cause, options } = execution;
    return {
      ...summary(execution),
      input: options.input,
      inputDetails: { included: true },
      ...output !== undefined && { output, outputDetails: { included: true } },
      error,
      cause,
    };
  },
  StopExecution: (service, { error, cause, ...rest }, region) => {
    const execution = service.execution(arn(rest, 'executionArn', 'execution', region));
    execution.stop(error as string | undefined, cause as string | undefined);
    return { stopDate: seconds(execution.stopDate) };
  },
  ListExecutions: (service, { statusFilter, maxResults = 0, nextToken = '0', ...rest }, region) => {
    const stateMachineArn = service.stateMachine(arn(rest, 'stateMachineArn', 'stateMachine', region)).arn;
    const status = STATUSES.find((each) => each === statusFilter);
    if (statusFilter !== undefined && !status) {
      throw new StepFunctionsError('ValidationException', `'statusFilter' must be one of ${STATUSES.join(', ')}, got '${statusFilter}'`);
    }
    const start = Number(nextToken);
    if (!Number.isSafeInteger(start)) {
      throw new StepFunctionsError('InvalidToken', `Invalid Token: '${nextToken}'`);
    }
    const executions = service.list(stateMachineArn, status);
    const end = start + (Number(maxResults) || 100);
    return { executions: executions.slice(start, end).map(summary), nextToken: end < executions.length ? String(end) : undefined };
  },
  DescribeStateMachine: (service, input, region) => {
    const machine = service.stateMachine(arn(input, 'stateMachineArn', 'stateMachine', region));
    return {
      stateMachineArn: machine.arn,
      name: machine.name,
      status: 'ACTIVE',
      type: 'STANDARD',
      definition: machine.definition,
      roleArn: machine.role,
      creationDate: seconds(machine.creationDate),
    };
  },
};

/** The HTTP API of Step Functions, as far as deployments and handlers use it. */
export async function answer(service: StepFunctionsService, request: HttpRequest): Promise<HttpResponse> {
  try {
    const target = String(request.headers['x-amz-target'] ?? '');
    const operation = target.startsWith(TARGET) ? OPERATIONS[target.slice(TARGET.length)] : undefined;
    if (!operation) {
      throw new StepFunctionsError('UnknownOperationException', `${target} is not served here`);
    }
    return respond(200, operation(service, parse(request.body), request.region));
  } catch (error) {
    if (error instanceof StepFunctionsError) {
      return respond(400, { __type: error.type, message: error.message });
    }
    throw error;
  }
}

function parse(body: Buffer): Input {
  try {
    return JSON.parse(body.toString()) as Input;
  } catch (error) {
    throw new StepFunctionsError('SerializationException', (error as Error).message);
  }
}

/** An ARN of another Region is never valid here. */
function arn(input: Input, field: string, kind: 'stateMachine' | 'execution', region: string): string {
  const value = input[field];
  if (typeof value !== 'string') {
    throw new StepFunctionsError('ValidationException', `1 validation error detected: Value at '${field}' failed to satisfy constraint: Member must not be null`);
  }
  if (!value.startsWith('arn:') || value.split(':')[2] !== 'states' || value.split(':')[3] !== region || value.split(':')[5] !== kind) {
    throw new StepFunctionsError('InvalidArn', `Invalid Arn: '${value}'`);
  }
  return value;
}

function checkInput(input: string): string {
  if (Buffer.byteLength(input) > MAXIMUM_INPUT_BYTES) {
    const constraint = `Member must have length less than or equal to ${MAXIMUM_INPUT_BYTES}`;
    throw new StepFunctionsError('ValidationException', `1 validation error detected: Value at 'input' failed to satisfy constraint: ${constraint}`);
  }
  try {
    JSON.parse(input);
  } catch (error) {
    throw new StepFunctionsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${(error as Error).message}'`);
  }
  return input;
}

function summary({ options, status, startDate, stopDate }: Execution): object {
  return {
    executionArn: options.executionArn,
    stateMachineArn: options.stateMachineArn,
    name: options.name,
    status,
    startDate: seconds(startDate),
    stopDate: seconds(stopDate),
  };
}

function seconds(date?: Date): number | undefined {
  return date && date.getTime() / 1000;
}

function respond(statusCode: number, body: object): HttpResponse {
  return { statusCode, headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() }, body: JSON.stringify(body) };
}
