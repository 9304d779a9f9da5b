import type { Clock } from './clock';
import { violationsOf, type Constraints, type Violation } from './constraints';
import type { ServiceError } from './errors';
import type { RegionState, State } from './state/state';
import type { OperationSchema, Protocol } from './wire/protocol';

/** What all services of one process share. */
export interface Environment {
  readonly account: string;
  readonly clock: Clock;
  readonly state: State;
  /** For what is too large for the state. It outlives the process where the user asked for that, otherwise it is removed at close. */
  readonly directory: string;
  /** Lists come in pages that are shorter than asked for, as the services are free to do. */
  readonly shortPages: boolean;
}

/** The circumstances of one call. */
export interface Context {
  readonly account: string;
  readonly region: string;
  readonly clock: Clock;
  readonly state: RegionState;
  readonly shortPages: boolean;
  readonly requestId: string;
  readonly caller: Caller;
}

/** What it takes to look at a Region's state: the state, and what time it is. */
export type View = Pick<Context, 'state' | 'clock'>;

export interface Caller {
  readonly accessKeyId: string;
}

/** An operation that is there. The input has the types of the schema and keeps the constraints when it arrives. */
export interface Operation {
  readonly schema: OperationSchema;
  readonly constraints: Constraints;
  readonly handle: (input: never, context: Context) => object | Promise<object>;
}

export interface Service {
  /** As the credential scope of a signature has it: `storagegateway`, `ebs`. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly operations: readonly Operation[];
  /** How this service words what is wrong with an input. */
  refuse(violations: readonly Violation[]): ServiceError;
  close?(): Promise<void>;
}

/** Members that the model requires are there when an operation begins. */
export type Given<Input> = { [Name in keyof Input]: object extends Pick<Input, Name> ? Input[Name] : Exclude<Input[Name], undefined> };

export function operation<Input extends object, Output extends object>(
  schema: OperationSchema,
  constraints: Constraints,
  handle: (input: Given<Input>, context: Context) => Output | Promise<Output>,
): Operation {
  return { schema, constraints, handle };
}

/** Checks the input and lets the operation take effect. */
export async function perform(service: Service, called: Operation, input: object, context: Context): Promise<Record<string, unknown>> {
  const { schema, constraints, handle } = called;
  const violations = violationsOf(schema, constraints, input);
  if (violations.length > 0) {
    throw service.refuse(violations);
  }
  return (await handle(input as never, context)) as Record<string, unknown>;
}
