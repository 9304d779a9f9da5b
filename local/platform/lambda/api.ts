import { randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../http';
import type { FunctionSpecification } from './function';
import { type LambdaService, ResourceNotFound } from './index';

const MAXIMUM_PAYLOAD_BYTES = { RequestResponse: 6_291_456, Event: 1_048_576 };

class ApiError extends Error {
  constructor(public readonly statusCode: number, public readonly type: string, message: string) {
    super(message);
  }
}

/** The HTTP API of Lambda, as far as deployments and handlers use it. */
export async function answer(service: LambdaService, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await route(service, request);
  } catch (error) {
    if (error instanceof ResourceNotFound) {
      return failure(new ApiError(404, 'ResourceNotFoundException', error.message));
    }
    if (error instanceof ApiError) {
      return failure(error);
    }
    throw error;
  }
}

async function route(service: LambdaService, request: HttpRequest): Promise<HttpResponse> {
  const [, encodedName = '', rest = ''] = /^\/2015-03-31\/functions\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
  const name = decodeURIComponent(encodedName);
  switch (name && `${request.method} ${rest}`) {
    case 'POST /invocations':
      return invoke(service, name, request);
    case 'GET ':
      return json(200, { Configuration: configuration(find(service, name, request)), Code: { RepositoryType: 'S3' }, Tags: {} });
    case 'GET /configuration':
      return json(200, configuration(find(service, name, request)));
    default:
      throw new ApiError(404, 'UnknownOperationException', `${request.method} ${request.path} is not served here`);
  }
}

async function invoke(service: LambdaService, name: string, request: HttpRequest): Promise<HttpResponse> {
  find(service, name, request);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type === 'DryRun') {
    return { statusCode: 204, headers: headers(), body: '' };
  }
  if (type !== 'RequestResponse' && type !== 'Event') {
    const allowed = 'Member must satisfy enum value set: [Event, RequestResponse, DryRun]';
    throw new ApiError(400, 'ValidationException', `Value '${type}' at 'invocationType' failed to satisfy constraint: ${allowed}`);
  }
  if (request.body.length > MAXIMUM_PAYLOAD_BYTES[type]) {
    throw new ApiError(413, 'RequestTooLargeException', `Request must be smaller than ${MAXIMUM_PAYLOAD_BYTES[type]} bytes for the InvokeFunction operation`);
  }
  if (request.body.length > 0) {
    try {
      JSON.parse(request.body.toString());
    } catch (error) {
      throw new ApiError(400, 'InvalidRequestContentException', `Could not parse request body into json: ${(error as Error).message}`);
    }
  }
  const result = await service.invoke(name, request.body, type, request.region);
  return {
    statusCode: result.statusCode,
    headers: {
      ...headers(result.requestId),
      'x-amz-executed-version': '$LATEST',
      ...result.functionError !== undefined && { 'x-amz-function-error': result.functionError },
    },
    body: result.payload,
  };
}

/** A function of another Region is not found, whatever names it. */
function find(service: LambdaService, name: string, request: HttpRequest): FunctionSpecification {
  const specification = service.describe(name, request.region);
  if (specification.region !== request.region) {
    throw new ResourceNotFound(`Functions from '${specification.region}' are not reachable in this region ('${request.region}')`);
  }
  return specification;
}

function configuration(specification: FunctionSpecification): object {
  return {
    FunctionName: specification.functionName,
    FunctionArn: specification.arn,
    Runtime: specification.runtime,
    Role: specification.role,
    Handler: specification.handler,
    Timeout: specification.timeoutSeconds,
    MemorySize: specification.memorySize,
    Version: '$LATEST',
    Environment: { Variables: specification.environment },
    PackageType: 'Zip',
    Architectures: ['x86_64'],
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
}

function failure({ statusCode, type, message }: ApiError): HttpResponse {
  const answered = json(statusCode, { Type: 'User', Message: message, message });
  return { ...answered, headers: { ...answered.headers, 'x-amzn-errortype': type } };
}

function json(statusCode: number, body: object): HttpResponse {
  return { statusCode, headers: headers(), body: JSON.stringify(body) };
}

function headers(requestId: string = randomUUID()): Record<string, string> {
  return { 'content-type': 'application/json', 'x-amzn-requestid': requestId };
}
