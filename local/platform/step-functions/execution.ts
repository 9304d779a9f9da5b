import { StateMachine } from 'aws-local-stepfunctions';
import type { LambdaService } from '../lambda';
import { allStates, type Machine } from './definition';
import { FatalError, runTask } from './task';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface ExecutionOptions {
  readonly lambda: LambdaService;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly executionArn: string;
  readonly name: string;
  readonly input: string;
  /** Already made fit for the interpreter. */
  readonly program: Machine;
}

// The interpreter wants Promise.withResolvers, which Node has from version 22.
const promises = Promise as { withResolvers?: () => object };
promises.withResolvers ??= () => {
  const resolvers = {};
  return Object.assign(resolvers, { promise: new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject })) });
};

export class Execution {
  public readonly startDate = new Date();
  public status: ExecutionStatus = 'RUNNING';
  public stopDate?: Date;
  public output?: string;
  public error?: string;
  public cause?: string;
  private readonly abort: () => void;

  constructor(public readonly options: ExecutionOptions) {
    const { lambda, program, executionArn, name, stateMachineArn, stateMachineName } = options;
    const tasks = allStates(program).filter(([, state]) => state.Type === 'Task');
    // Definitions were validated when they came in; the interpreter's own, older validator would only refuse newer ones.
    const run = new StateMachine(program, { validationOptions: { noValidate: true } }).run(JSON.parse(options.input), {
      context: {
        Execution: { Id: executionArn, Name: name },
        StateMachine: { Id: stateMachineArn, Name: stateMachineName },
      },
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(tasks.map(([taskName, state]) => [taskName, (input: unknown) => {
          if (this.status !== 'RUNNING') {
            throw new FatalError('States.Runtime', 'the execution has ended'); // A retrying interpreter does not notice an abort by itself.
          }
          return runTask(lambda, taskName, state, input);
        }])),
      },
    });
    this.abort = run.abort;
    void run.result.then(
      (output) => this.end('SUCCEEDED', { output: JSON.stringify(output) }),
      (error: Error) => this.fail(error),
    );
  }

  /** Invocations that are under way go on, as on AWS; nothing follows them. */
  public stop(error?: string, cause?: string): void {
    this.end('ABORTED', { error, cause });
    this.abort();
  }

  private fail(failure: Error): void {
    if (failure.name === 'ExecutionTimeoutError') {
      this.end('TIMED_OUT', { error: 'States.Timeout' });
      return;
    }
    const { name, message } = failure.cause instanceof Error ? failure.cause : failure;
    // The interpreter's own words where a Fail state gives none.
    const silent = name === 'FailStateError';
    this.end('FAILED', { error: silent ? undefined : name, cause: silent ? undefined : message });
  }

  private end(status: ExecutionStatus, result: { output?: string; error?: string; cause?: string }): void {
    if (this.status === 'RUNNING') {
      Object.assign(this, result, { status, stopDate: new Date() });
    }
  }
}
