import { randomUUID } from 'node:crypto';
import type { LambdaService } from '../lambda';
import type { Stack } from './stack';
import type { Properties } from './template';
import { RESPONSE_HOST } from '../lambda/runtime';

/** Where answers arrive: the functions' environment leads the host of the response URLs to the platform. */
export const RESPONSE_PATH = '/_local/responses/';

const LONGEST_SERVICE_TIMEOUT = 3600;
const LARGEST_RESPONSE = 4096;

export type RequestType = 'Create' | 'Update' | 'Delete';

/** One request that a custom resource got: what the journal keeps, free of properties because they may hold secrets. */
export interface JournalEntry {
  readonly time: string;
  readonly stackName: string;
  readonly requestType: RequestType;
  readonly requestId: string;
  readonly resourceType: string;
  readonly logicalResourceId: string;
  readonly physicalResourceId?: string;
}

export interface CustomResourceRequest {
  readonly stack: Stack;
  readonly requestType: RequestType;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly properties: Properties;
  readonly oldProperties?: Properties;
  /** Gives up waiting: the answer, when it comes, is ignored. */
  readonly cancelled: AbortSignal;
}

export interface CustomResourceResponse {
  readonly physicalId: string;
  readonly attributes: Record<string, unknown>;
  readonly noEcho: boolean;
}

/** What is wrong with a request before anything was sent or made: nothing has to be taken back. */
export class Refusal extends Error {}

/** A resource that could not be made, changed or removed, with the id that it has all the same. */
export class ResourceFailure extends Error {
  constructor(message: string, readonly physicalId?: string) {
    super(message);
  }
}

interface Answer {
  readonly Status?: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly StackId?: string;
  readonly LogicalResourceId?: string;
  readonly NoEcho?: boolean;
  readonly Data?: Record<string, unknown>;
}

/** The protocol of custom resources: a request through a function, an answer by PUT. */
export class CustomResources {
  readonly journal: JournalEntry[] = [];
  private readonly waiting = new Map<string, (answer: Answer) => void>();

  constructor(private readonly lambda: LambdaService) {}

  async send(request: CustomResourceRequest): Promise<CustomResourceResponse> {
    const { stack, properties, logicalId } = request;
    const serviceToken = String(properties.ServiceToken);
    const requestId = randomUUID();
    const answer = this.answerTo(requestId, serviceTimeout(properties), request.cancelled);
    this.journal.push({
      time: new Date().toISOString(),
      stackName: stack.name,
      requestType: request.requestType,
      requestId,
      resourceType: request.type,
      logicalResourceId: logicalId,
      physicalResourceId: request.physicalId,
    });
    const event = {
      RequestType: request.requestType,
      ServiceToken: serviceToken,
      ResponseURL: `https://${RESPONSE_HOST}-${stack.region}.local.invalid${RESPONSE_PATH}${requestId}`,
      StackId: stack.id,
      RequestId: requestId,
      LogicalResourceId: logicalId,
      PhysicalResourceId: request.physicalId,
      ResourceType: request.type,
      ResourceProperties: onTheWire(properties),
      OldResourceProperties: request.oldProperties && onTheWire(request.oldProperties),
    };
    await this.lambda.invoke(serviceToken, Buffer.from(JSON.stringify(event)), 'Event');
    return read(await answer, request, requestId);
  }

  /** Takes an answer in; nobody waits for one that is late. */
  receive(requestId: string, body: Buffer): void {
    const deliver = this.waiting.get(requestId);
    if (!deliver) return;
    deliver(parse(body));
  }

  private async answerTo(requestId: string, seconds: number, cancelled: AbortSignal): Promise<Answer> {
    let stop = (): void => undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.waiting.set(requestId, resolve);
        const cancel = (): void => reject(new ResourceFailure('Resource creation cancelled'));
        const timer = setTimeout(() => reject(new ResourceFailure(
          `CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${requestId}].`,
        )), seconds * 1000).unref();
        stop = () => {
          clearTimeout(timer);
          cancelled.removeEventListener('abort', cancel);
        };
        cancelled.addEventListener('abort', cancel);
        if (cancelled.aborted) cancel();
      });
    } finally {
      stop();
      this.waiting.delete(requestId);
    }
  }
}

function parse(body: Buffer): Answer {
  if (body.length > LARGEST_RESPONSE) return { Status: 'FAILED', Reason: 'Response object is too long.' };
  try {
    return JSON.parse(body.toString()) as Answer;
  } catch {
    return { Status: 'FAILED', Reason: 'Invalid Response object: Unable to parse.' };
  }
}

function read(answer: Answer, request: CustomResourceRequest, requestId: string): CustomResourceResponse {
  const refuse = (message: string): never => {
    throw new ResourceFailure(message, answer.PhysicalResourceId || undefined);
  };
  if (answer.Status === 'FAILED') {
    refuse(`Received response status [FAILED] from custom resource. Message returned: ${answer.Reason ?? ''} (RequestId: ${requestId})`);
  }
  if (answer.Status !== 'SUCCESS') refuse(`Invalid response: Status must be SUCCESS or FAILED, got ${JSON.stringify(answer.Status)}`);
  if (answer.StackId !== request.stack.id || answer.LogicalResourceId !== request.logicalId) {
    refuse('Invalid response: StackId or LogicalResourceId differ from the request');
  }
  const physicalId = answer.PhysicalResourceId;
  if (!physicalId || physicalId.length > 1024) return refuse('Invalid PhysicalResourceId');
  if (request.requestType === 'Delete' && physicalId !== request.physicalId) refuse('Invalid PhysicalResourceId: a Delete cannot change it');

  const data = Object.entries(answer.Data ?? {});
  const attributes = Object.fromEntries(data.map(([name, value]) => [name, Array.isArray(value) ? value : scalar(value)]));
  return { physicalId, attributes, noEcho: answer.NoEcho === true };
}

/** What CloudFormation refuses before it sends anything. */
export function checkCustomResource(properties: Properties): void {
  const serviceToken = String(properties.ServiceToken);
  if (!/^arn:[^:]+:lambda:/.test(serviceToken)) throw new Refusal(`Invalid ServiceToken ${serviceToken}: the local platform knows functions only`);
  const dynamicReference = /\{\{resolve:[^}]*\}\}/.exec(JSON.stringify(properties));
  if (dynamicReference) throw new Refusal(`Dynamic references are not supported in custom resources: ${dynamicReference[0]}`);
  serviceTimeout(properties);
}

function serviceTimeout(properties: Properties): number {
  const seconds = Number(properties.ServiceTimeout ?? LONGEST_SERVICE_TIMEOUT);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_SERVICE_TIMEOUT) {
    throw new Refusal(`Invalid ServiceTimeout ${JSON.stringify(properties.ServiceTimeout)}: 1 to ${LONGEST_SERVICE_TIMEOUT} seconds`);
  }
  return seconds;
}

/** Every scalar arrives as a string. */
function onTheWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(onTheWire);
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, onTheWire(member)]));
  return scalar(value);
}

function scalar(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
