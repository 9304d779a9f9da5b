import {
  DescribeExecutionCommand, paginateListExecutions, SFNClient, StartExecutionCommand, StopExecutionCommand, type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { CLIENT_CONFIG, patient } from './client';
import { clock } from './clock';
import { isGone, isInDoubt } from './errors';
import type { ExecutionInput, SeedInput, SeedOutput } from './seed/execution';

const states = patient(new SFNClient(CLIENT_CONFIG));

export const executionOf = (stateMachineArn: string, name: string) => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

/** The name makes it the same execution each time. */
export async function startExecution(stateMachineArn: string, name: string, seed: SeedInput): Promise<string> {
  const executionArn = executionOf(stateMachineArn, name);
  const input: ExecutionInput = { seed };
  try {
    await states.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
  } catch (error) {
    const isStarted = error instanceof Error && error.name === 'ExecutionAlreadyExists';
    if (!isStarted && !(isInDoubt(error) && await describeExecution(executionArn))) {
      throw error;
    }
  }
  return executionArn;
}

/** Undefined if it was never started, or longer ago than Step Functions remembers. */
export async function describeExecution(executionArn: string): Promise<DescribeExecutionCommandOutput | undefined> {
  try {
    return await states.send(new DescribeExecutionCommand({ executionArn }));
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw error;
  }
}

/** Those that began at that time or later. */
export async function executionsSince(stateMachineArn: string, since: Date): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateListExecutions({ client: states }, { stateMachineArn })) {
    for (const { executionArn = '', startDate } of page.executions ?? []) {
      // The latest come first.
      if (startDate && startDate < since) {
        return found;
      }
      found.push(executionArn);
    }
  }
  return found;
}

export const isRunning = ({ status }: DescribeExecutionCommandOutput) => status === 'RUNNING' || status === 'PENDING_REDRIVE';

export async function hasFailed(executionArn: string): Promise<boolean> {
  const execution = await describeExecution(executionArn);
  return execution !== undefined && !isRunning(execution) && execution.status !== 'SUCCEEDED';
}

/** @returns when it was stopped, if its workers may be at work yet */
export async function stopExecution(execution: DescribeExecutionCommandOutput): Promise<number | undefined> {
  const { executionArn, status, stopDate } = execution;
  if (isRunning(execution)) {
    await states.send(new StopExecutionCommand({ executionArn, cause: 'the stack no longer wants the snapshot' }));
    return clock.now();
  }
  return status === 'ABORTED' || status === 'TIMED_OUT' ? stopDate?.getTime() : undefined;
}

export async function inputOf(executionArn: string): Promise<SeedInput | undefined> {
  const text = (await describeExecution(executionArn))?.input;
  if (text === undefined) {
    return undefined;
  }
  const input = JSON.parse(text) as ExecutionInput | SeedInput;
  // Without the envelope: started by an older version of this library.
  return 'seed' in input ? input.seed : input;
}

/** Of one that succeeded. */
export const outputOf = ({ output }: DescribeExecutionCommandOutput) => (output === undefined ? undefined : JSON.parse(output) as SeedOutput);

/** Of one that failed: the cause of a failed function is a JSON text with the error in it. */
export function causeOf({ status, error, cause }: DescribeExecutionCommandOutput): string {
  try {
    const { errorMessage } = JSON.parse(cause ?? '') as { errorMessage?: string };
    return errorMessage ?? cause ?? `the execution is ${status}`;
  } catch {
    return cause ?? error ?? `the execution is ${status}`;
  }
}
