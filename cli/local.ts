import { parseArgs } from 'node:util';
import { ACCOUNT } from '../local/identity';
import { startLocalServices, type LocalServices } from '../local/services';

const PORT_IN_USE = 2;

/** Runs the local services until it is told to stop. The first line of the output says where they are; programs read it. */
export async function serve(args: string[]): Promise<void> {
  const { port, data } = read(args);
  const services = await start(port, data);
  if (!services) {
    process.stderr.write(`port ${port} is in use\n`);
    process.exitCode = PORT_IN_USE;
    return;
  }
  const stop = () => {
    services.close().then(() => process.exit(0), (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ endpoint: services.endpoint, account: ACCOUNT, pid: process.pid })}\n`);
}

function read(args: string[]): { port: number; data?: string } {
  const { values } = parseArgs({ args, options: { port: { type: 'string', default: '0' }, data: { type: 'string' } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port: ${JSON.stringify(values.port)} is not a number from 0 to 65535`);
  }
  return { port, data: values.data };
}

async function start(port: number, data: string | undefined): Promise<LocalServices | undefined> {
  try {
    return await startLocalServices({ port, data });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      return undefined;
    }
    throw error;
  }
}
