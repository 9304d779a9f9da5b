import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { Behaviour, type Conduct, type Verdict } from './behaviour';

/** What the runner asks of the receiver, over the channel between the processes. */
export type ReceiverRequest =
  | { readonly do: 'listen'; readonly certificate?: string; readonly key?: string }
  | { readonly do: 'conduct'; readonly conduct: Conduct }
  | { readonly do: 'report' };

export interface ReceiverReport {
  /** Puts that were understood, whatever was answered. */
  readonly puts: number;
  readonly stored: number;
  readonly throttled: number;
  readonly failed: number;
  readonly reset: number;
  readonly distinctBlocks: number;
  readonly wrongDigests: number;
  readonly snapshots: number;
  readonly completed: number;
  /** Seconds from the first put to the last that was stored. */
  readonly seconds: number;
  /** Of the receiver itself, since the conduct was set. */
  readonly cpuSeconds: number;
  /** Stored and throttled puts in each tenth of a second from the first put on. */
  readonly storedPerTenth: readonly number[];
  readonly throttledPerTenth: readonly number[];
}

const TENTH = 100;
const ETAG = '"benchmark"';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: string;
  readonly verdict?: Verdict;
}

/**
 * Stands in for the service, with as little work as can be: it counts bytes and drops them. It is no model of the service's rules, which
 * the local services are; here the client is measured, and the receiver must not be the bottleneck.
 */
class Receiver {
  private behaviour = new Behaviour({});
  private startedAt = 0;
  private cpuAtStart = process.cpuUsage();
  private counts = this.none();
  private tokens = new Map<string, string>();
  private blocks = new Map<string, Map<number, Buffer | undefined>>();

  conduct(conduct: Conduct): void {
    this.behaviour = new Behaviour(conduct);
    this.startedAt = 0;
    this.cpuAtStart = process.cpuUsage();
    this.counts = this.none();
    this.tokens = new Map();
    this.blocks = new Map();
  }

  report(): ReceiverReport {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    const { lastAt, ...counts } = this.counts;
    const distinctBlocks = [...this.blocks.values()].reduce((sum, { size }) => sum + size, 0);
    const seconds = Math.max(0, lastAt - this.startedAt) / 1_000;
    return { ...counts, snapshots: this.blocks.size, distinctBlocks, seconds, cpuSeconds: (user + system) / 1e6 };
  }

  private none() {
    return {
      puts: 0,
      stored: 0,
      throttled: 0,
      failed: 0,
      reset: 0,
      wrongDigests: 0,
      completed: 0,
      lastAt: 0,
      storedPerTenth: [] as number[],
      throttledPerTenth: [] as number[],
    };
  }

  serve(socket: net.Socket): void {
    let head = '';
    let missing = 0;
    let request: Request | undefined;
    let body: Buffer[] = [];
    let hash = createHash('sha256');
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      let rest = bytes;
      if (missing === 0) {
        head += bytes.toString('latin1');
        const end = head.indexOf('\r\n\r\n') + 4;
        if (end < 4) {
          return;
        }
        rest = bytes.subarray(bytes.length - (head.length - end));
        const space = head.indexOf(' ');
        request = { method: head.slice(0, space), path: head.slice(space + 1, head.indexOf(' ', space + 1)), headers: head.slice(0, end).toLowerCase() };
        missing = Number(valueOf(request.headers, 'content-length') ?? 0);
        head = '';
        body = [];
        if (this.behaviour.checks) {
          hash = createHash('sha256');
        }
      }
      missing -= rest.length;
      const put = request?.method === 'PUT';
      if (!put) {
        body.push(rest);
      } else if (this.behaviour.checks) {
        hash.update(rest);
      }
      if (missing === 0 && request) {
        if (put) {
          this.put(socket, request, this.behaviour.checks ? hash.digest() : undefined);
        } else {
          this.answer(socket, request, Buffer.concat(body).toString());
        }
      }
    });
  }

  private put(socket: net.Socket, { path, headers }: Request, digest: Buffer | undefined): void {
    const now = Date.now();
    this.startedAt ||= now;
    const { counts } = this;
    counts.puts++;
    const verdict = this.behaviour.next(now);
    const tenth = Math.floor((now - this.startedAt) / TENTH);
    if (verdict === 'throttle') {
      counts.throttled++;
      counts.throttledPerTenth[tenth] = (counts.throttledPerTenth[tenth] ?? 0) + 1;
    } else if (verdict === 'fail') {
      counts.failed++;
    } else if (verdict === 'reset') {
      counts.reset++;
    }
    if (isWrong(headers, digest)) {
      counts.wrongDigests++;
    }
    if (verdict === 'store' || verdict === 'reset-after') {
      const [, , snapshot, , index] = path.split('/');
      this.blocks.get(snapshot)?.set(Number(index), digest);
      counts.stored++;
      counts.storedPerTenth[tenth] = (counts.storedPerTenth[tenth] ?? 0) + 1;
      counts.lastAt = now;
    }
    if (verdict === 'reset-after') {
      counts.reset++;
    }
    const reply = () => {
      if (verdict === 'reset' || verdict === 'reset-after') {
        socket.destroy();
      } else if (verdict === 'throttle') {
        refuse(socket, 400, 'RequestThrottledException', '{"Message":"Request throttled.","Reason":"RESOURCE_LEVEL_THROTTLE"}');
      } else if (verdict === 'fail') {
        refuse(socket, 500, 'InternalServerException', '{"Message":"An internal error has occurred."}');
      } else {
        socket.write('HTTP/1.1 201 Created\r\nx-amz-Checksum-Algorithm: SHA256\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
      }
    };
    if (this.behaviour.latency > 0) {
      setTimeout(reply, this.behaviour.latency);
    } else {
      reply();
    }
  }

  private answer(socket: net.Socket, { method, path, headers }: Request, body: string): void {
    if (path === '/snapshots') {
      this.start(socket, body);
    } else if (path.startsWith('/snapshots/completion/')) {
      this.counts.completed++;
      send(socket, '202 Accepted', '{"Status":"completed"}');
    } else if ((method === 'GET' || method === 'HEAD') && this.behaviour.object !== undefined) {
      this.read(socket, method, headers);
    } else {
      // What a preflight asks may be refused.
      const xml = '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not here</Message></Error></Errors></Response>';
      send(socket, '403 Forbidden', xml, 'text/xml');
    }
  }

  private start(socket: net.Socket, body: string): void {
    const { ClientToken: token = String(this.blocks.size), VolumeSize } = JSON.parse(body) as { ClientToken?: string; VolumeSize: number };
    const SnapshotId = this.tokens.get(token) ?? `snap-${String(this.tokens.size + 1).padStart(17, '0')}`;
    this.tokens.set(token, SnapshotId);
    if (!this.blocks.has(SnapshotId)) {
      this.blocks.set(SnapshotId, new Map());
    }
    const StartTime = Math.floor(Date.now() / 1_000);
    send(socket, '201 Created', JSON.stringify({ SnapshotId, OwnerId: '000000000000', Status: 'pending', StartTime, VolumeSize, BlockSize: 524_288 }));
  }

  /** The image as an object of S3, one range at a time. */
  private read(socket: net.Socket, method: string, headers: string): void {
    const { path = '', size = 0 } = this.behaviour.object ?? {};
    const [, from, to] = /range: bytes=(\d+)-(\d+)/.exec(headers) ?? ['', '0', `${size - 1}`];
    const length = Math.min(size, Number(to) + 1) - Number(from);
    const bytes = Buffer.allocUnsafe(method === 'HEAD' ? 0 : length);
    const file = openSync(path, 'r');
    readSync(file, bytes, 0, bytes.length, Number(from));
    closeSync(file);
    const range = `bytes ${from}-${Number(from) + length - 1}/${size}`;
    socket.write(`HTTP/1.1 206 Partial Content\r\netag: ${ETAG}\r\ncontent-range: ${range}\r\ncontent-length: ${length}\r\n\r\n`);
    socket.write(bytes);
  }
}

/** The headers are in lower case, base64 is not: both are compared in the same spelling. */
function isWrong(headers: string, digest: Buffer | undefined): boolean {
  return digest !== undefined && valueOf(headers, 'x-amz-checksum') !== digest.toString('base64').toLowerCase();
}

function valueOf(headers: string, name: string): string | undefined {
  const at = headers.indexOf(`\r\n${name}:`);
  return at < 0 ? undefined : headers.slice(at + name.length + 3, headers.indexOf('\r\n', at + 2)).trim();
}

function send(socket: net.Socket, status: string, body: string, type = 'application/json'): void {
  socket.write(`HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
}

function refuse(socket: net.Socket, status: number, type: string, body: string): void {
  socket.write(`HTTP/1.1 ${status} x\r\nx-amzn-ErrorType: ${type}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
}

const receiver = new Receiver();

process.on('message', (request: ReceiverRequest) => {
  if (request.do === 'listen') {
    const { certificate, key } = request;
    const accept = (socket: net.Socket) => receiver.serve(socket);
    const identity = certificate && key ? { cert: readFileSync(certificate), key: readFileSync(key) } : undefined;
    const server = identity ? tls.createServer(identity, accept) : net.createServer(accept);
    server.listen(0, '127.0.0.1', () => process.send?.((server.address() as net.AddressInfo).port));
  } else if (request.do === 'conduct') {
    receiver.conduct(request.conduct);
    process.send?.(true);
  } else {
    process.send?.(receiver.report());
  }
});
// Without the runner there is nobody to answer to.
process.on('disconnect', () => process.exit());
