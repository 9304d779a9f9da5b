import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RESPONSE_PATH, type CustomResources } from './cloudformation/custom-resource';
import type { HttpRequest } from './http';
import type { Platform } from './platform';
import { signatureOf } from '../services/authorization';
import type { Dispatcher } from '../services/dispatcher';
import { ServiceError } from '../services/errors';
import type { WireRequest } from '../services/wire/protocol';

const HOST = '127.0.0.1';

export interface ServerOptions {
  readonly platform: Platform;
  readonly customResources: CustomResources;
  /** Answers for the services that have no server of their own. */
  readonly dispatcher: Dispatcher;
  /** Prepares a Region before its first request is served. */
  open(region: string): Promise<void>;
}

/** One port for all services: the credential scope of the signature says which is meant, and in which Region. */
export class PlatformServer {
  private readonly http: HttpServer;

  constructor(private readonly options: ServerOptions) {
    this.http = createServer((request, response) => {
      void this.serve(request, response).catch((error: Error) => {
        if (request.socket.destroyed) return;
        process.stderr.write(`${error.stack}\n`);
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ __type: 'InternalFailure', message: error.message }));
      });
    });
    // A client that is about to use an idle connection must not find it closed.
    this.http.keepAliveTimeout = 65_000;
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(port, HOST, resolve);
    });
    return (this.http.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { platform, customResources } = this.options;
    const url = new URL(request.url ?? '/', `http://${HOST}`);
    if (url.pathname === '/_local/events') return send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(customResources.journal));
    const [, victim] = /^\/_local\/functions\/([^/]+)\/kill$/.exec(url.pathname) ?? [];
    if (victim !== undefined) {
      const found = platform.lambda.killWorkers(decodeURIComponent(victim));
      return send(response, found ? 200 : 404, { 'content-type': 'application/json' }, '{}');
    }
    if (url.pathname.startsWith(RESPONSE_PATH)) {
      customResources.receive(url.pathname.slice(RESPONSE_PATH.length), await bodyOf(request));
      return send(response, 200, {}, '');
    }

    const head: WireRequest = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers as Record<string, string | undefined>,
      body: Buffer.alloc(0),
    };
    const signature = scopeOf(head);
    if (signature) await this.options.open(signature.region);
    switch (signature?.service) {
      case 's3':
        return platform.s3.handle(request, response);
      case 'lambda':
      case 'states': {
        const service = signature.service === 'lambda' ? platform.lambda : platform.stepFunctions;
        const whole: HttpRequest = { ...head, headers: request.headers, body: await bodyOf(request), region: signature.region };
        const { statusCode, headers, body } = await service.handle(whole);
        return send(response, statusCode, headers, body);
      }
      default: {
        const { status, headers, body } = await this.options.dispatcher.answer({ ...head, body: await bodyOf(request) });
        return send(response, status, headers, body);
      }
    }
  }
}

/** What is not signed is refused later, in the words of the service it seems to be for. */
function scopeOf(request: WireRequest): { service: string; region: string } | undefined {
  try {
    return signatureOf(request);
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string | Buffer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
