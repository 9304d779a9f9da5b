import { randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../http';
import type { LambdaService } from '../lambda';
import { answer } from './api';
import { type Machine, parseDefinition } from './definition';
import { Execution, type ExecutionStatus } from './execution';
import { toProgram } from './program';

export interface StateMachineSpecification {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  /** In the Amazon States Language. */
  readonly definition: string;
  /** ARN */
  readonly role?: string;
}

export interface StepFunctionsServiceOptions {
  readonly lambda: LambdaService;
  /**
   * What waits and retry intervals are multiplied by.
   *
   * @default 1/50
   */
  readonly scale?: number;
}

export class StepFunctionsError extends Error {
  constructor(public readonly type: string, message: string) {
    super(message);
  }
}

interface StateMachineRecord extends StateMachineSpecification {
  readonly creationDate: Date;
  readonly program: Machine;
}

/** Step Functions: standard workflows over Lambda, run by an interpreter that may hurry but never skips. */
export class StepFunctionsService {
  private readonly machines = new Map<string, StateMachineRecord>();
  private readonly executions = new Map<string, Execution>();

  constructor(private readonly options: StepFunctionsServiceOptions) {}

  /** @throws InvalidDefinition */
  public createStateMachine(specification: StateMachineSpecification): void {
    if (this.machines.has(specification.arn)) {
      throw new StepFunctionsError('StateMachineAlreadyExists', `State Machine Already Exists: '${specification.arn}'`);
    }
    this.machines.set(specification.arn, this.record(specification, new Date()));
  }

  /** Executions that run already go on with the old definition. */
  public updateStateMachine(specification: StateMachineSpecification): void {
    const { creationDate } = this.stateMachine(specification.arn);
    this.machines.set(specification.arn, this.record(specification, creationDate));
  }

  /** Ends the machine's executions too; content if there is no such machine. */
  public deleteStateMachine(arn: string): void {
    this.machines.delete(arn);
    this.list(arn).forEach((execution) => execution.stop());
  }

  public handle(request: HttpRequest): Promise<HttpResponse> {
    return answer(this, request);
  }

  public stateMachine(arn: string): StateMachineRecord {
    const machine = this.machines.get(arn);
    if (!machine) {
      throw new StepFunctionsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  }

  public execution(arn: string): Execution {
    const execution = this.executions.get(arn);
    if (!execution) {
      throw new StepFunctionsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    }
    return execution;
  }

  /** The same name with the same input is the same execution while it runs. */
  public start(stateMachineArn: string, input: string, name: string = randomUUID()): Execution {
    const machine = this.stateMachine(stateMachineArn);
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const existing = this.executions.get(executionArn);
    if (existing) {
      if (existing.status === 'RUNNING' && existing.options.input === input) {
        return existing;
      }
      throw new StepFunctionsError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
    }
    const { lambda } = this.options;
    const execution = new Execution({
      lambda, stateMachineArn, stateMachineName: machine.name, executionArn, name, input, program: machine.program,
    });
    this.executions.set(executionArn, execution);
    return execution;
  }

  /** Newest first. */
  public list(stateMachineArn: string, status?: ExecutionStatus): Execution[] {
    return Array.from(this.executions.values())
      .filter(({ options, status: own }) => options.stateMachineArn === stateMachineArn && (status === undefined || own === status))
      .reverse();
  }

  /** Stops what runs. */
  public close(): void {
    this.executions.forEach((execution) => execution.stop());
  }

  private record(specification: StateMachineSpecification, creationDate: Date): StateMachineRecord {
    return { ...specification, creationDate, program: toProgram(parseDefinition(specification.definition), this.options.scale ?? 1 / 50) };
  }
}
