import { type LambdaService, type InvokeResult } from '../lambda';
import { ResourceNotFound } from '../lambda';
import { LAMBDA_INVOKE, type State } from './definition';

const MAXIMUM_RESULT_BYTES = 262_144;

/** An error by the name that Retry and Catch match. */
class TaskError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** An error that ends the execution, whatever Retry and Catch say. */
export class FatalError extends TaskError {
  public readonly isRetryable = false;
  public readonly isCatchable = false;
}

/** Runs a Task state with its input, which Parameters have shaped already. */
export async function runTask(lambda: LambdaService, name: string, state: State, input: unknown): Promise<unknown> {
  const result = LAMBDA_INVOKE.test(state.Resource ?? '')
    ? await invokeByIntegration(lambda, input as { FunctionName: string; Payload?: unknown; InvocationType?: 'Event' | 'RequestResponse' })
    : read(await invoke(lambda, state.Resource ?? '', input, 'RequestResponse'));
  if (Buffer.byteLength(JSON.stringify(result) ?? '') > MAXIMUM_RESULT_BYTES) {
    const reason = 'returned a result with a size exceeding the maximum number of bytes service limit.';
    throw new FatalError('States.DataLimitExceeded', `The state/task '${name}' ${reason}`);
  }
  return result;
}

async function invokeByIntegration(
  lambda: LambdaService,
  { FunctionName, Payload, InvocationType = 'RequestResponse' }: { FunctionName: string; Payload?: unknown; InvocationType?: 'Event' | 'RequestResponse' },
): Promise<object> {
  const result = await invoke(lambda, FunctionName, Payload ?? {}, InvocationType);
  return {
    ...InvocationType === 'RequestResponse' && { ExecutedVersion: '$LATEST' },
    Payload: read(result),
    SdkHttpMetadata: { HttpStatusCode: result.statusCode },
    SdkResponseMetadata: { RequestId: result.requestId },
    StatusCode: result.statusCode,
  };
}

async function invoke(lambda: LambdaService, target: string, payload: unknown, type: 'Event' | 'RequestResponse'): Promise<InvokeResult> {
  let result: InvokeResult;
  try {
    result = await lambda.invoke(target, Buffer.from(JSON.stringify(payload)), type);
  } catch (error) {
    throw error instanceof ResourceNotFound ? new TaskError('Lambda.ResourceNotFoundException', error.message) : error;
  }
  if (result.functionError !== undefined) {
    const cause = result.payload.toString();
    throw new TaskError((JSON.parse(cause) as { errorType?: string }).errorType ?? 'Lambda.Unknown', cause);
  }
  return result;
}

/** An asynchronous invocation answers nothing. */
function read({ payload }: InvokeResult): unknown {
  return payload.length > 0 ? JSON.parse(payload.toString()) as unknown : '';
}
