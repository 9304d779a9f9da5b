import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A stack, as far as a handler can see one. */
export interface StackState {
  status: string;
  created: Date;
  updated?: Date;
  /** Logical id → physical id. */
  readonly resources: Map<string, string>;
  /** Of resources that are not simply there. */
  readonly statuses: Map<string, string>;
}

/** Short pages, so that nobody gets away with reading the first one. */
const PAGE = 2;

export interface Call {
  readonly service: string;
  readonly operation: string;
}

/** What is to go wrong with the n-th call of an operation and those after it. */
export interface CallFault extends Call {
  readonly nth: number;
  readonly times: number;
  readonly error: { status: number; type: string; message: string } | 'reset';
  fired: number;
}

/** What runs inside the appliance's network: the function that asks for the key. */
export type KeyFunction = (payload: unknown) => Promise<unknown>;

/** The services that the platform gives to handlers: what CloudFormation says about stacks, and the invocation of a function. */
export class PlatformAnswers {
  readonly stacks = new Map<string, StackState>();
  readonly functions = new Map<string, KeyFunction>();
  readonly calls: Call[] = [];
  readonly faults: CallFault[] = [];
  private readonly server = createServer((request, response) => void this.serve(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    const invoked = /\/functions\/([^/]+)\/invocations/.exec(request.url ?? '')?.[1];
    const query = new URLSearchParams(body);
    const call = invoked ? { service: 'lambda', operation: 'Invoke' } : { service: 'cloudformation', operation: query.get('Action') ?? '' };
    this.calls.push(call);
    const error = this.dueFault(call);
    if (error === 'reset') {
      request.socket.resetAndDestroy();
    } else if (error) {
      response.writeHead(error.status, { 'content-type': invoked ? 'application/json' : 'text/xml', 'x-amzn-errortype': error.type }).end(invoked
        ? JSON.stringify({ message: error.message })
        : `<ErrorResponse><Error><Type>Sender</Type><Code>${error.type}</Code><Message>${error.message}</Message></Error></ErrorResponse>`);
    } else if (invoked) {
      await this.invoke(decodeURIComponent(invoked), body, response);
    } else {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(this.describe(call.operation, query));
    }
  }

  private dueFault(call: Call): CallFault['error'] | undefined {
    const seen = this.calls.filter(({ service, operation }) => service === call.service && operation === call.operation).length;
    const due = this.faults.find(({ service, operation, nth, times }) => (
      service === call.service && operation === call.operation && seen >= nth && seen < nth + times
    ));
    if (due) {
      due.fired += 1;
    }
    return due?.error;
  }

  private async invoke(name: string, body: string, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.functions.get(name)?.(JSON.parse(body));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(200, { 'x-amz-function-error': 'Unhandled' }).end(JSON.stringify({ errorMessage: (error as Error).message }));
    }
  }

  private describe(operation: string, query: URLSearchParams): string {
    const stackId = query.get('StackName') ?? '';
    const stack = this.stacks.get(stackId);
    if (!stack) {
      throw new Error(`no stack ${stackId}`);
    }
    const result = operation === 'DescribeStacks' ? stackXml(stackId, stack) : resourcesXml(stack, Number(query.get('NextToken') ?? 0));
    return `<${operation}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${operation}Result>${result}</${operation}Result></${operation}Response>`;
  }
}

function stackXml(stackId: string, { status, created, updated }: StackState): string {
  const times = `<CreationTime>${created.toISOString()}</CreationTime>${updated ? `<LastUpdatedTime>${updated.toISOString()}</LastUpdatedTime>` : ''}`;
  return `<Stacks><member><StackId>${stackId}</StackId><StackStatus>${status}</StackStatus>${times}</member></Stacks>`;
}

function resourcesXml({ resources, statuses }: StackState, from: number): string {
  const members = [...resources].slice(from, from + PAGE).map(([logicalId, physicalId]) => '<member>'
    + `<LogicalResourceId>${logicalId}</LogicalResourceId><PhysicalResourceId>${physicalId}</PhysicalResourceId>`
    + `<ResourceStatus>${statuses.get(logicalId) ?? 'CREATE_COMPLETE'}</ResourceStatus></member>`);
  const next = from + PAGE < resources.size ? `<NextToken>${from + PAGE}</NextToken>` : '';
  return `<StackResourceSummaries>${members.join('')}</StackResourceSummaries>${next}`;
}
