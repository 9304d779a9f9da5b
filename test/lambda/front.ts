import * as http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { serve, type ApiServer } from '../local/platform/api-server';

/** What goes wrong with a call; the service words it. */
export type Trouble = 'throttled' | 'failed inside' | 'denied' | 'refused' | 'no answer' | 'half an answer' | 'silence';

export interface FrontCall {
  /** The access key id of the signature: whose role it is. */
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
  /** The permission that it takes. */
  readonly action: string;
  tookEffect: boolean;
}

export interface FrontFault {
  readonly service: string;
  readonly operation: string;
  /** Everybody unless it is said. */
  readonly caller?: string;
  /** Before the call takes effect, or after it. */
  readonly when: 'before' | 'after';
  readonly nth: number;
  readonly times: number;
  readonly trouble: Trouble;
}

export const INJECTED = 'injected by the matrix';

/** Status and code, in the words of each service. */
const WORDS: Record<string, Record<Exclude<Trouble, 'no answer' | 'half an answer' | 'silence'>, [status: number, code: string]>> = {
  cloudformation: {
    'throttled': [400, 'Throttling'], 'failed inside': [500, 'InternalFailure'], 'denied': [403, 'AccessDenied'], 'refused': [400, 'ValidationError'],
  },
  ebs: {
    'throttled': [400, 'ThrottlingException'],
    'failed inside': [500, 'InternalServerException'],
    'denied': [403, 'AccessDeniedException'],
    'refused': [400, 'ValidationException'],
  },
  ec2: {
    'throttled': [503, 'RequestLimitExceeded'],
    'failed inside': [500, 'InternalError'],
    'denied': [403, 'UnauthorizedOperation'],
    'refused': [400, 'InvalidParameterValue'],
  },
  s3: { 'throttled': [503, 'SlowDown'], 'failed inside': [500, 'InternalError'], 'denied': [403, 'AccessDenied'], 'refused': [400, 'InvalidArgument'] },
  states: {
    'throttled': [400, 'ThrottlingException'], 'failed inside': [500, 'InternalFailure'], 'denied': [400, 'AccessDeniedException'], 'refused': [400, 'ValidationException'],
  },
};

const BY_ROUTE: readonly [route: RegExp, operation: string][] = [
  [/^PUT \/snapshots\/[^/]+\/blocks\/\d+/, 'PutSnapshotBlock'],
  [/^GET \/snapshots\/[^/]+\/blocks\/\d+/, 'GetSnapshotBlock'],
  [/^GET \/snapshots\/[^/]+\/blocks/, 'ListSnapshotBlocks'],
  [/^POST \/snapshots\/completion\//, 'CompleteSnapshot'],
  [/^POST \/snapshots/, 'StartSnapshot'],
];

/** Permissions that have another name than the operation. */
const ACTIONS: Record<string, string> = { ListObjectsV2: 'ListBucket', DeleteObjects: 'DeleteObject' };

/** Stands before services that have no faults of their own: tells calls apart, writes them down, and lets go wrong what is wanted. */
export class Front {
  readonly calls: FrontCall[] = [];
  readonly faults: (FrontFault & { seen: number; fired: number })[] = [];
  /** Is waited for before such a call is passed on. */
  hold?: { readonly operation: string; readonly until: Promise<void>; readonly reached: () => void };
  /** Told when a call stays without an answer. */
  onSilence?: () => void;
  private readonly agent = new http.Agent({ keepAlive: true });
  private server?: ApiServer;

  /** @param services endpoints, by the service that a signature is for */
  constructor(private readonly services: Record<string, string>) {}

  async listen(): Promise<string> {
    this.server = await serve((request, response) => this.answer(request, response));
    return this.server.endpoint;
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.server?.close();
  }

  /** @returns how often it happened */
  inject(fault: FrontFault): () => number {
    const entry = { ...fault, seen: 0, fired: 0 };
    this.faults.push(entry);
    return () => entry.fired;
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = await buffer(request);
    const call = recognize(request, body);
    this.calls.push(call);
    const trouble = this.due(call, 'before');
    if (trouble) {
      this.spoil(call, trouble, response);
      return;
    }
    if (call.operation === this.hold?.operation) {
      this.hold.reached();
      await this.hold.until;
    }
    const { status, headers, content } = await this.pass(call, request, body);
    call.tookEffect = status < 300;
    const later = call.tookEffect ? this.due(call, 'after') : undefined;
    if (later === 'half an answer') {
      const { 'transfer-encoding': _, ...announced } = headers;
      response.writeHead(status, { ...announced, 'content-length': content.length }).write(content.subarray(0, content.length / 2), () => response.destroy());
    } else if (later) {
      this.spoil(call, later, response);
    } else {
      response.writeHead(status, headers).end(content);
    }
  }

  private due(call: FrontCall, when: FrontFault['when']): Trouble | undefined {
    let found: Trouble | undefined;
    for (const fault of this.faults) {
      const { service, operation, caller = call.caller } = fault;
      const isMeant = fault.when === when && service === call.service && operation === call.operation && caller === call.caller;
      fault.seen += isMeant ? 1 : 0;
      if (isMeant && !found && fault.seen >= fault.nth && fault.seen < fault.nth + fault.times) {
        fault.fired += 1;
        found = fault.trouble;
      }
    }
    return found;
  }

  private spoil({ service }: FrontCall, trouble: Trouble, response: http.ServerResponse): void {
    if (trouble === 'silence') {
      setImmediate(() => this.onSilence?.());
    } else if (trouble === 'no answer' || trouble === 'half an answer') {
      response.socket?.resetAndDestroy();
    } else {
      const [status, code] = WORDS[service][trouble];
      const { headers, content } = worded(service, code);
      response.writeHead(status, headers).end(content);
    }
  }

  private pass({ service }: FrontCall, { method, url = '/', headers }: http.IncomingMessage, body: Buffer) {
    return new Promise<{ status: number; headers: http.IncomingHttpHeaders; content: Buffer }>((resolve, reject) => {
      const onward = http.request(new URL(url, this.services[service]), { method, headers, agent: this.agent }, (answer) => {
        buffer(answer).then((content) => resolve({ status: answer.statusCode ?? 500, headers: answer.headers, content }), reject);
      });
      onward.on('error', reject).end(body);
    });
  }
}

function recognize({ method, url = '/', headers }: http.IncomingMessage, body: Buffer): FrontCall {
  const [, caller = '', service = ''] = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const target = String(headers['x-amz-target'] ?? '').split('.')[1];
  const routed = BY_ROUTE.find(([route]) => route.test(`${method} ${url}`))?.[1];
  const operation = target ?? (service === 's3' ? objectOperation(String(method), url) : service === 'ebs' ? routed : new URLSearchParams(body.toString()).get('Action'));
  if (!operation) {
    throw new Error(`${method} ${url} is no operation of ${service} that is known here`);
  }
  const action = `${service}:${ACTIONS[operation] ?? operation}${service === 's3' && url.includes('versionId=') ? 'Version' : ''}`;
  return { caller, service, operation, action, tookEffect: false };
}

function objectOperation(method: string, url: string): string {
  switch (method) {
    case 'PUT': return 'PutObject';
    case 'DELETE': return 'DeleteObject';
    case 'POST': return 'DeleteObjects';
    default: return url.includes('list-type=2') ? 'ListObjectsV2' : 'GetObject';
  }
}

function worded(service: string, code: string): { headers: Record<string, string>; content: string } {
  const error = `<Error><Code>${code}</Code><Message>${INJECTED}</Message></Error>`;
  switch (service) {
    case 'cloudformation': return { headers: { 'content-type': 'text/xml' }, content: `<ErrorResponse>${error}</ErrorResponse>` };
    case 'ec2': return { headers: { 'content-type': 'text/xml' }, content: `<Response><Errors>${error}</Errors><RequestID>1</RequestID></Response>` };
    case 's3': return { headers: { 'content-type': 'application/xml' }, content: error };
    case 'ebs': return { headers: { 'content-type': 'application/json', 'x-amzn-errortype': code }, content: JSON.stringify({ Message: INJECTED }) };
    default: return { headers: { 'content-type': 'application/x-amz-json-1.0' }, content: JSON.stringify({ __type: code, message: INJECTED }) };
  }
}
