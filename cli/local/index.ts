import { parseArgs } from 'node:util';
import { ACCOUNT } from '../../local/identity';
import { startLocalServices, type LocalServices, type LocalServicesOptions } from '../../local/services';
import { runCommand } from '../command';
import { wholeNumber } from '../options';

const PORT_IN_USE = 2;

/** Runs the local services until it is told to stop. The first line of the output says where they are; programs read it. */
async function serve(args: string[]): Promise<void> {
  const services = await start(read(args));
  if (!services) {
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

function read(args: string[]): { port: number; data?: string; restartSeconds: number } {
  const { values } = parseArgs({
    args,
    options: {
      'port': { type: 'string', default: '0' },
      'data': { type: 'string' },
      'restart-seconds': { type: 'string', default: '0' },
    },
  });
  return {
    port: wholeNumber('port', values.port, 0, 65_535) ?? 0,
    data: values.data,
    restartSeconds: wholeNumber('restart-seconds', values['restart-seconds'], 0, 3_600) ?? 0,
  };
}

async function start(options: LocalServicesOptions): Promise<LocalServices | undefined> {
  try {
    return await startLocalServices(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      // The port that was asked for, or the address of an appliance that the data directory remembers.
      process.stderr.write(`${(error as Error).message}\n`);
      return undefined;
    }
    throw error;
  }
}

runCommand({ local: serve });
