import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Appliances } from './appliances/appliances';
import { Clock, type ClockMode } from './clock';
import { Control } from './control/control';
import { answerControl, isControl } from './control/http';
import { Dispatcher } from './dispatcher';
import { elasticBlockStore, type ElasticBlockStoreOptions } from './ebs';
import { elasticComputeCloud } from './ec2';
import { Faults } from './faults';
import { identityAndAccessManagement } from './iam';
import { Server } from './server';
import { Journal } from './state/journal';
import { State } from './state/state';
import { storageGateway } from './storage-gateway';
import { securityTokenService } from './sts';
import { ACCOUNT } from '../identity';

export type { Clock } from './clock';
export type { ApplianceChange, ApplianceHandle, ApplianceView, Control, StateView } from './control/control';
export type { Fault, FaultError, FaultRecord } from './faults';

export interface LocalServicesOptions {
  /** A free one unless said otherwise. */
  readonly port?: number;
  /** Directory that keeps the state; without it nothing outlives the services. */
  readonly data?: string;
  /** A frozen clock moves by being advanced only. */
  readonly clock?: ClockMode;
  /** How long an appliance is out of reach after its activation, in seconds of the clock; 0 unless said otherwise. */
  readonly restartSeconds?: number;
  /** Lists come in pages that are shorter than asked for, as the services are free to do. */
  readonly shortPages?: boolean;
  /** How the direct APIs differ from their usual selves. */
  readonly ebs?: ElasticBlockStoreOptions;
}

export interface LocalServices {
  readonly endpoint: string;
  readonly port: number;
  readonly clock: Clock;
  /** The same as the control interface over HTTP. */
  readonly control: Control;
  close(): Promise<void>;
}

/** Storage Gateway, the EBS direct API, and what clients of theirs need of EC2 and STS, on one port of the loopback address. */
export async function startLocalServices(options: LocalServicesOptions = {}): Promise<LocalServices> {
  const directory = options.data ?? mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-'));
  mkdirSync(directory, { recursive: true });
  const state = new State(options.data === undefined ? undefined : new Journal(join(directory, 'state.jsonl')));
  const clock = new Clock(options.clock ?? 'wall', state.collection('clock'));
  const appliances = new Appliances(state, clock, options.restartSeconds ?? 0);
  const faults = new Faults();
  const { shortPages = false } = options;
  const environment = { account: ACCOUNT, clock, state, directory, shortPages };
  const services = [
    storageGateway(environment, appliances),
    elasticBlockStore(environment, { shortPages, ...options.ebs }),
    elasticComputeCloud(),
    securityTokenService(),
    identityAndAccessManagement(),
  ];
  const dispatcher = new Dispatcher(services, environment, faults);
  const control = new Control(environment, appliances, faults, dispatcher.calls);
  const server = new Server((request) => (isControl(request) ? answerControl(control, request) : dispatcher.answer(request)));

  async function close(): Promise<void> {
    await server.close();
    await appliances.close();
    await Promise.all(services.map((service) => service.close?.()));
    state.close();
    if (options.data === undefined) {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  try {
    await appliances.open();
    const port = await server.listen(options.port ?? 0);
    return { endpoint: `http://127.0.0.1:${port}`, port, clock, control, close };
  } catch (error) {
    await close();
    throw error;
  }
}
