import { once } from 'node:events';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { CERTIFICATE, KEY } from './loopback-certificate';

/** One request as it came; the body counts, its bytes are dropped. */
export interface Received {
  readonly head: string;
  readonly socket: net.Socket;
  /** How many connections there have been when this one was opened. */
  readonly connection: number;
}

export interface Script {
  /** As soon as the head of a request is there. */
  readonly onHead?: (request: Received) => void;
  /** When its body is there, too. */
  readonly onRequest?: (request: Received) => void;
  readonly onConnection?: (socket: net.Socket) => void;
}

export interface ScriptedServer {
  readonly port: number;
  readonly requests: Received[];
  connections: number;
  close(): Promise<void>;
}

/** A server that answers what the test says, byte for byte. */
export async function scriptedServer({ onHead, onRequest, onConnection }: Script, secure = false): Promise<ScriptedServer> {
  const sockets = new Set<net.Socket>();
  const requests: Received[] = [];
  const accept = (socket: net.Socket) => {
    const connection = ++running.connections;
    let head = '';
    let missing = 0;
    let request: Received | undefined;
    socket.on('error', () => socket.destroy());
    onConnection?.(socket);
    socket.on('data', (bytes: Buffer) => {
      let rest = bytes;
      if (missing === 0) {
        head += bytes.toString('latin1');
        const end = head.indexOf('\r\n\r\n') + 4;
        if (end < 4) {
          return;
        }
        rest = Buffer.from(head.slice(end), 'latin1');
        request = { head: head.slice(0, end), socket, connection };
        requests.push(request);
        missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        head = '';
        onHead?.(request);
      }
      missing -= rest.length;
      if (missing === 0 && request) {
        onRequest?.(request);
      }
    });
  };
  const server = secure ? tls.createServer({ cert: CERTIFICATE, key: KEY }, accept) : net.createServer(accept);
  // Over TLS these are the sockets underneath.
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const running: ScriptedServer = {
    port: (server.address() as net.AddressInfo).port,
    requests,
    connections: 0,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
  return running;
}

export function headerOf({ head }: Received, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1];
}
