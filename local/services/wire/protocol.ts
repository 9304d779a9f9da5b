import type { GetCallerIdentity$ } from '@aws-sdk/client-sts';
import { NormalizedSchema } from '@smithy/core/schema';
import type { ServiceError } from '../errors';

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

/** An operation's schema, as every SDK client exports it (`ActivateGateway$`). */
export type OperationSchema = typeof GetCallerIdentity$;

/** What a request asks for: the operation by name, and how to get at its input (apart, so that a broken body still has a name). */
export interface Call {
  readonly operation: string;
  input(schema: OperationSchema): Record<string, unknown>;
}

/**
 * One way in which AWS puts calls on the wire. Requests are read, and answers written, by the schemas of the SDK's own clients: no member can be
 * accepted or answered that the SDK does not know.
 */
export interface Protocol {
  /** Throws what the service answers to a request that asks for none of these operations. */
  read(request: WireRequest, operations: Iterable<OperationSchema>): Call;
  write(schema: OperationSchema, output: Record<string, unknown>, requestId: string): WireResponse;
  writeError(error: ServiceError, requestId: string): WireResponse;
}

export const inputOf = (schema: OperationSchema) => NormalizedSchema.of(schema[4]);
export const outputOf = (schema: OperationSchema) => NormalizedSchema.of(schema[5]);

/** Names of the members that a structure cannot do without; the schema lists them first and says how many they are. */
export function requiredMembers(structure: NormalizedSchema): string[] {
  const schema = structure.getSchema();
  const [members, , required] = Array.isArray(schema) ? (schema.slice(4) as [string[]?, unknown?, number?]) : [];
  return members?.slice(0, required ?? 0) ?? [];
}
