import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock, type ClockMode } from './clock';
import { Dispatcher } from './dispatcher';
import { elasticBlockStore, type ElasticBlockStoreOptions } from './ebs';
import { Faults } from './faults';
import { Server } from './server';
import { Journal } from './state/journal';
import { State } from './state/state';
import { securityTokenService } from './sts';
import { ACCOUNT } from '../identity';

export interface LocalServicesOptions {
  /** A free one unless said otherwise. */
  readonly port?: number;
  /** Directory that keeps the state; without it nothing outlives the process. */
  readonly data?: string;
  readonly clock?: ClockMode;
  /** How the direct APIs differ from their usual selves. */
  readonly ebs?: ElasticBlockStoreOptions;
}

export interface LocalServices {
  readonly endpoint: string;
  readonly port: number;
  readonly clock: Clock;
  close(): Promise<void>;
}

export async function startLocalServices(options: LocalServicesOptions = {}): Promise<LocalServices> {
  const directory = options.data ?? join(tmpdir(), `cdk-storage-gateway-${randomUUID()}`);
  mkdirSync(directory, { recursive: true });
  const state = new State(options.data === undefined ? undefined : new Journal(join(directory, 'state.jsonl')));
  const clock = new Clock(options.clock ?? 'wall', state.collection('clock'));
  const faults = new Faults();
  const environment = { account: ACCOUNT, clock, state, directory };
  const services = [elasticBlockStore(environment, options.ebs), securityTokenService()];
  const dispatcher = new Dispatcher(services, environment, faults);
  const server = new Server((request) => dispatcher.answer(request));
  const port = await server.listen(options.port ?? 0);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    clock,
    async close() {
      await server.close();
      await Promise.all(services.map((service) => service.close?.()));
      state.close();
      if (options.data === undefined) {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}
