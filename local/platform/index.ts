import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CloudFormation } from './cloudformation';
import { addBootstrapStack, assetsBucket, BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION } from './cloudformation/bootstrap';
import type { JournalEntry } from './cloudformation/custom-resource';
import { cloudFormationService } from './cloudformation/service';
import { LambdaService } from './lambda';
import { LogGroups } from './log-groups';
import type { Platform } from './platform';
import { S3Service } from './s3';
import { Secrets } from './secrets-manager';
import { PlatformServer } from './server';
import { systemsManager } from './ssm';
import { StepFunctionsService } from './step-functions';
import { platformSecurityTokenService } from './sts';
import { ACCOUNT } from '../identity';
import { Clock } from '../services/clock';
import { Dispatcher } from '../services/dispatcher';
import { Faults } from '../services/faults';
import { State } from '../services/state/state';

export interface LocalPlatformOptions {
  /** Where Storage Gateway, EBS, EC2 and Glacier are. */
  readonly servicesEndpoint: string;
  /** A free one unless said otherwise. */
  readonly port?: number;
  /** For code, objects and logs; a temporary one, removed at close, unless said otherwise. */
  readonly directory?: string;
  /** What state machines' waits and retry intervals are multiplied by. */
  readonly scale?: number;
}

export interface LocalPlatform {
  readonly endpoint: string;
  /** What the CLI needs in its environment, and must not find there otherwise. */
  readonly env: Record<string, string>;
  /** What custom resources were asked, oldest first. */
  readonly journal: readonly JournalEntry[];
  /** The logs of the functions. */
  readonly logsDirectory: string;
  close(): Promise<void>;
}

/** The stand-in for the services that carry a deployment. */
export async function startLocalPlatform(options: LocalPlatformOptions): Promise<LocalPlatform> {
  const directory = resolve(options.directory ?? mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-platform-')));
  for (const folder of ['lambda', 's3', 'cdk']) mkdirSync(join(directory, folder), { recursive: true });

  const endpoints: Record<string, string> = Object.fromEntries(
    ['STORAGE_GATEWAY', 'EBS', 'EC2', 'GLACIER'].map((service) => [`AWS_ENDPOINT_URL_${service}`, options.servicesEndpoint]),
  );
  const functionEnvironment = () => ({ ...endpoints, LOCAL_RESPONSE_ENDPOINT: endpoints.AWS_ENDPOINT_URL });
  const lambda = new LambdaService({ directory: join(directory, 'lambda'), environment: functionEnvironment });
  const stepFunctions = new StepFunctionsService({ lambda, scale: options.scale });
  const secrets = new Secrets();
  const platform: Platform = { directory, lambda, logs: new LogGroups(), s3: new S3Service({ directory: join(directory, 's3') }), secrets, stepFunctions };

  const parameters = new Map([[BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION]]);
  const cloudFormation = new CloudFormation({ account: ACCOUNT, platform, systemsManagerParameter: (name) => parameters.get(name) });
  const regions = new Map<string, Promise<void>>();
  const open = async (region: string): Promise<void> => {
    await platform.s3.createBucket(assetsBucket(ACCOUNT, region), { region, versioned: true });
    addBootstrapStack(cloudFormation.stacks(region));
  };
  const state = new State();
  const services = [cloudFormationService(cloudFormation), platformSecurityTokenService(), systemsManager(parameters), secrets.service()];
  const server = new PlatformServer({
    platform,
    customResources: cloudFormation.customResources,
    dispatcher: new Dispatcher(services, { account: ACCOUNT, clock: new Clock('wall', state.collection('clock')), state, directory, shortPages: false }, new Faults()),
    open: async (region) => {
      const opened = regions.get(region) ?? open(region);
      regions.set(region, opened);
      await opened;
    },
  });
  const endpoint = `http://127.0.0.1:${await server.listen(options.port ?? 0)}`;
  endpoints.AWS_ENDPOINT_URL = endpoint;

  return {
    endpoint,
    env: {
      ...endpoints,
      AWS_ACCESS_KEY_ID: ACCOUNT,
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_HOME: join(directory, 'cdk'),
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: 'true',
      CI: '1',
    },
    journal: cloudFormation.customResources.journal,
    logsDirectory: join(directory, 'lambda', 'logs'),
    async close() {
      await server.close();
      stepFunctions.close();
      await lambda.close();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** As a process of its own: says where it is in its first line, and ends on SIGTERM. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { services: { type: 'string' }, port: { type: 'string' }, directory: { type: 'string' }, scale: { type: 'string' } } });
  if (values.services === undefined) throw new Error("'--services' must be the endpoint of the local services");
  const started = await startLocalPlatform({
    servicesEndpoint: values.services,
    port: values.port === undefined ? undefined : Number(values.port),
    directory: values.directory,
    scale: values.scale === undefined ? undefined : Number(values.scale),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void started.close().then(() => process.exit(0)));
  }
  process.stdout.write(`${JSON.stringify({ endpoint: started.endpoint, pid: process.pid, env: started.env })}\n`);
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
}
