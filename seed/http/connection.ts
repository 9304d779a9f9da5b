import * as net from 'node:net';
import * as tls from 'node:tls';
import type { Origin } from './origin';
import { ResponseParser, type Destination, type Response } from './response-parser';

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number;
  /** Without a byte in either direction while a request is under way. */
  readonly idle: number;
  /** Of one request, the connection included. */
  readonly attempt: number;
}

/** There is one for every block in flight, so it holds little. */
interface Exchange {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
  /** Absent once it is on its way. */
  request?: { readonly head: string; readonly body: Buffer };
  readonly destination?: Destination;
  /** Whether the whole request was handed to the network. */
  sent: boolean;
  /** From the first byte of the answer on. */
  parser?: ResponseParser;
  response?: Response;
}

/** Milliseconds that a connection may have rested if its peer did not say how long; a request on one that is being closed is lost. */
const LONGEST_REST = 15_000;
/** What is encrypted waits in memory for the network, for each connection. Smaller pieces take less memory and more calls. */
const ENCRYPTED_AT_A_TIME = 262_144;
/** Every connection reads heads and short answers into it, because each takes out what it has read at once. */
const READ = Buffer.allocUnsafeSlow(4_096);
/** Between the peer's promise and our last use, for the way there. */
const SAFETY = 1_000;

/**
 * One connection, which carries one request at a time. Whatever happens to it, the request's promise settles once, and from then on
 * the body's buffer is not read any more.
 */
export class Connection {
  private readonly socket: net.Socket;
  private connectTimer: NodeJS.Timeout | undefined;
  private readonly attemptTimer: NodeJS.Timeout;
  /** Which ends the request that is under way. */
  private signal: AbortSignal | undefined;
  private connected = false;
  private exchange: Exchange | undefined;
  private restUntil = Number.POSITIVE_INFINITY;

  /** `session` is the TLS session of an earlier connection, which saves the peer's proof of identity. */
  constructor(private readonly origin: Origin, timeouts: Timeouts, session?: Buffer, onSession?: (session: Buffer) => void) {
    const { host, port, secureContext } = origin;
    // Without this, Node makes a new buffer of 64 KiB for every read.
    const onread = { buffer: () => this.exchange?.parser?.room ?? READ, callback: (count: number, bytes: Uint8Array) => this.receive(bytes, count) };
    if (secureContext) {
      const servername = net.isIP(host) === 0 ? host : undefined;
      const options: tls.ConnectionOptions & Pick<net.TcpNetConnectOpts, 'onread'> = { host, port, onread, secureContext, session, servername, ALPNProtocols: ['http/1.1'] };
      const socket = tls.connect(options);
      socket.once('secureConnect', () => this.open());
      if (onSession) {
        socket.on('session', onSession);
      }
      this.socket = socket;
    } else {
      this.socket = net.connect({ host, port, onread });
      this.socket.once('connect', () => this.open());
    }
    const { connect, idle, attempt } = timeouts;
    this.connectTimer = setTimeout(() => this.destroy(timeout(`no connection to ${host}:${port} within ${connect} ms`)), connect);
    // These two run on while the connection rests, which is cheaper than to start them with every request.
    this.attemptTimer = setTimeout(() => this.giveUp(timeout(`no answer from ${host}:${port} within ${attempt} ms`)), attempt).unref();
    this.socket.setTimeout(idle, () => this.giveUp(timeout(`no byte to or from ${host}:${port} for ${idle} ms`)));
    this.socket.setNoDelay(true);
    this.socket.on('end', () => this.ended());
    this.socket.on('error', (error) => this.destroy(error));
    this.socket.on('close', () => this.destroy(this.cutOff()));
  }

  /** Whether another request may be sent. */
  isReusable(now: number): boolean {
    return this.connected && this.exchange === undefined && !this.socket.destroyed && now < this.restUntil;
  }

  /** Sends a request and resolves with its answer, whatever status that has. Once it is settled, nothing is written to the destination any more. */
  send(head: string, body: Buffer, signal?: AbortSignal, destination?: Destination): Promise<Response> {
    return new Promise<Response>((resolve, reject) => {
      this.exchange = { resolve, reject, request: { head, body }, destination, sent: false };
      this.listenTo(signal);
      this.attemptTimer.refresh();
      this.socket.ref();
      if (this.socket.destroyed) {
        this.destroy(this.cutOff());
      } else if (this.connected) {
        this.transmit(this.exchange);
      }
    });
  }

  /** Ends the connection at once; a request that is under way fails with the error. */
  destroy(error: unknown): void {
    clearTimeout(this.connectTimer);
    clearTimeout(this.attemptTimer);
    this.listenTo(undefined);
    this.socket.destroy();
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.reject(error);
  }

  /** The same signal ends many requests in turn; to listen anew to each of them would cost more than to write it down. */
  private listenTo(signal: AbortSignal | undefined): void {
    if (signal !== this.signal) {
      this.signal?.removeEventListener('abort', this.aborted);
      this.signal = signal;
      signal?.addEventListener('abort', this.aborted);
    }
  }

  private readonly aborted = () => this.giveUp(this.signal?.reason);

  /** Ends the request that is under way; a connection that rests is none of its concern. */
  private giveUp(reason: unknown): void {
    if (this.exchange) {
      this.destroy(reason);
    }
  }

  private open(): void {
    clearTimeout(this.connectTimer);
    this.connected = true;
    if (this.exchange) {
      this.transmit(this.exchange);
    }
  }

  private transmit(exchange: Exchange): void {
    const { request } = exchange;
    if (request === undefined) {
      return;
    }
    exchange.request = undefined;
    if (this.origin.secureContext) {
      // What is given together is copied together before it is encrypted.
      this.socket.write(request.head, 'latin1');
      this.transmitBody(exchange, request.body);
    } else {
      this.socket.cork();
      this.socket.write(request.head, 'latin1');
      this.transmitBody(exchange, request.body);
      this.socket.uncork();
    }
  }

  private transmitBody(exchange: Exchange, body: Buffer): void {
    const piece = body.subarray(0, this.origin.secureContext ? ENCRYPTED_AT_A_TIME : body.length);
    this.socket.write(piece, (error) => {
      if (error || this.exchange !== exchange) {
        // Who has ended it, or will now, has said why. The rest of the body must not be read any more.
        return;
      }
      if (piece.length < body.length) {
        this.transmitBody(exchange, body.subarray(piece.length));
      } else {
        exchange.sent = true;
        this.settle(exchange);
      }
    });
  }

  /** Says that more may come. */
  private receive({ buffer, byteOffset }: Uint8Array, count: number): true {
    const { exchange } = this;
    if (exchange === undefined || exchange.response !== undefined) {
      // Nobody asked: whatever it is, it must not be taken for the next request's answer.
      this.socket.destroy();
      return true;
    }
    try {
      exchange.parser ??= new ResponseParser(exchange.destination);
      exchange.response = exchange.parser.push(Buffer.from(buffer, byteOffset, count));
      this.settle(exchange);
    } catch (error) {
      this.destroy(error);
    }
    return true;
  }

  private ended(): void {
    const { exchange } = this;
    if (exchange) {
      exchange.response ??= exchange.parser?.end();
      this.settle(exchange);
    }
    this.destroy(this.cutOff());
  }

  /**
   * An answer that comes before the request was sent ends it, if it is a refusal: the rest need not be sent, and the connection is of
   * no use. A success cannot be one before the peer has all bytes.
   */
  private settle(exchange: Exchange): void {
    const { response, sent } = exchange;
    if (this.exchange !== exchange || response === undefined || (!sent && response.status < 300)) {
      return;
    }
    this.exchange = undefined;
    if (sent && response.reusable) {
      this.rest(response);
    } else {
      this.socket.destroy();
    }
    exchange.resolve(response);
  }

  private rest(response: Response): void {
    const promised = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(response.headers.get('keep-alive') ?? '');
    this.restUntil = Date.now() + (promised ? Number(promised[1]) * 1_000 - SAFETY : LONGEST_REST);
    // A resting connection does not keep the process alive.
    this.socket.unref();
  }

  private cutOff(): Error {
    const parser = this.exchange?.parser;
    const when = parser?.begun ? 'in the middle of its answer' : 'without an answer';
    return Object.assign(new Error(`${this.origin.host}:${this.origin.port} closed the connection ${when}`), {
      code: 'ECONNRESET',
      $metadata: { httpStatusCode: parser?.statusSoFar },
    });
  }
}

/** Named as the SDK names it. */
function timeout(message: string): Error {
  return Object.assign(new Error(message), { name: 'TimeoutError', code: 'ETIMEDOUT' });
}
