import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LostAnswer } from './faults';
import type { WireRequest, WireResponse } from './wire/protocol';

export type Answer = (request: WireRequest) => Promise<WireResponse>;

const HOST = '127.0.0.1';
/** The length of a block and thus of nearly all large requests. */
const POOLED_LENGTH = 524_288;
/** More requests than that are seldom under way at a time. */
const MOST_POOLED = 64;

/** The one port: whole requests in, whole answers out. */
export class Server {
  private readonly http: HttpServer;

  constructor(answer: Answer) {
    this.http = createServer((request, response) => {
      void serve(answer, request, response);
    });
    // Clients keep idle connections for long; the default of five seconds would reset one that they are about to use.
    this.http.keepAliveTimeout = 65_000;
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(port, HOST, () => {
        this.http.removeListener('error', reject);
        resolve();
      });
    });
    return (this.http.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    this.http.closeAllConnections();
    await closed;
  }
}

async function serve(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let memory: Buffer | undefined;
  try {
    memory = await readBody(request);
    const { status, headers, body } = await answer(wireRequest(request, memory));
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  } catch (error) {
    if (error instanceof LostAnswer) {
      if (error.how === 'reset') {
        request.socket.resetAndDestroy();
      }
      return;
    }
    if (request.socket.destroyed) {
      return;
    }
    // A defect of ours: the caller sees an honest 500, the operator what happened.
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    response.writeHead(500, { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() });
    response.end(JSON.stringify({ __type: 'InternalFailure', message: error instanceof Error ? error.message : String(error) }));
  } finally {
    release(memory);
  }
}

function wireRequest(request: IncomingMessage, body: Buffer): WireRequest {
  const url = new URL(request.url ?? '/', `http://${HOST}`);
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers as Record<string, string | undefined>,
    body,
  };
}

/** Memory of requests that were answered: no service holds on to a body then. Allocated anew, it costs a page fault for every 4 KiB. */
const pool: Buffer[] = [];

const memoryOf = (length: number): Buffer => (length === POOLED_LENGTH ? pool.pop() : undefined) ?? Buffer.allocUnsafeSlow(length);

function release(memory: Buffer | undefined): void {
  if (memory?.buffer.byteLength === POOLED_LENGTH && memory.length === POOLED_LENGTH && pool.length < MOST_POOLED) {
    pool.push(memory);
  }
}

/** Blocks come by the hundred a second: where the length is known, they are gathered in one piece of memory. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  const length = Number(request.headers['content-length'] ?? 0);
  return new Promise((resolve, reject) => {
    const body = memoryOf(length);
    const beyond: Buffer[] = [];
    let filled = 0;
    request.on('data', (chunk: Buffer) => {
      if (filled + chunk.length <= length) {
        filled += chunk.copy(body, filled);
      } else {
        beyond.push(chunk);
      }
    });
    request.on('end', () => resolve(beyond.length === 0 ? body.subarray(0, filled) : Buffer.concat([body.subarray(0, filled), ...beyond])));
    request.on('error', reject);
  });
}
