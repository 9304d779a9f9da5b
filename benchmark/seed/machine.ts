import * as os from 'node:os';
import type { Coldsnap } from './coldsnap';

/** What the numbers come from. */
export function machineText(coldsnap: Coldsnap): string {
  const cores = os.cpus();
  return [
    `${cores.length} × ${cores[0].model.trim()}`,
    `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB of memory`,
    `Node ${process.versions.node}`,
    'missing' in coldsnap ? `no coldsnap (${coldsnap.missing})` : `coldsnap ${coldsnap.version}`,
    `load at the beginning ${os.loadavg()[0].toFixed(2)}`,
  ].join(', ');
}
