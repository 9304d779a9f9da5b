import { randomInt } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const LOOPBACK = '127.0.0.1';
const HTTP = 80;
/** How many addresses are tried before it is concluded that none can be had. */
const ATTEMPTS = 20;

export interface Binding {
  readonly host: string;
  readonly port: number;
  readonly server: Server;
}

/** An address of its own on port 80, as a real appliance has; where the system does not permit that, a free port of the usual address. */
export async function bindAnywhere(listener: RequestListener): Promise<Binding> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const host = `127.0.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    try {
      return await bind(host, HTTP, listener);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        break;
      }
    }
  }
  return bind(LOOPBACK, 0, listener);
}

export async function bind(host: string, port: number, listener: RequestListener): Promise<Binding> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { host, port: (server.address() as AddressInfo).port, server };
}

export async function unbind({ server }: Binding): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
