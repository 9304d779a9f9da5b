import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import AdmZip from 'adm-zip';
import { ExecutionEnvironment, type Invocation, type InvocationResult } from './execution-environment';

/** Enough to see parallel invocations, and few enough for a laptop. A limit across functions would deadlock functions that invoke functions. */
const MAXIMUM_ENVIRONMENTS = 4;

/** Nobody waits for ever for what is not run any more. */
const CLOSED = { error: true, payload: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage: 'Lambda was closed' }) };

export interface FunctionSpecification {
  readonly functionName: string;
  readonly arn: string;
  readonly region: string;
  /** Path of the zip file that holds the code. */
  readonly zip: string;
  readonly handler: string;
  readonly runtime: string;
  readonly timeoutSeconds: number;
  /** MiB */
  readonly memorySize: number;
  readonly environment: Record<string, string>;
  /** ARN */
  readonly role: string;
}

export interface FunctionOptions {
  readonly runtimeFile: string;
  readonly codeDirectory: string;
  readonly homeDirectory: string;
  readonly logFile: string;
  /** Variables that the platform adds to every function's own. */
  readonly environment: () => Record<string, string>;
}

/** One version of a function's code and configuration, with its warm environments. */
export class LambdaFunction {
  private readonly environments = new Set<ExecutionEnvironment>();
  private readonly queue: Array<{ invocation: Invocation; resolve: (result: InvocationResult) => void }> = [];
  private readonly log: number;
  private running = 0;
  private retired = false;
  private closed?: Promise<void>;

  constructor(public readonly specification: FunctionSpecification, private readonly options: FunctionOptions) {
    mkdirSync(options.codeDirectory, { recursive: true });
    new AdmZip(specification.zip).extractAllTo(options.codeDirectory, true);
    this.log = openSync(options.logFile, 'a');
  }

  public invoke(invocation: Invocation): Promise<InvocationResult> {
    return new Promise((resolve) => {
      if (this.closed) {
        return resolve(CLOSED);
      }
      this.queue.push({ invocation, resolve });
      this.drain();
    });
  }

  /** Takes no new work from now on: what was accepted is finished first, as on AWS. */
  public retire(): void {
    this.retired = true;
    this.drain();
  }

  public killEnvironments(): void {
    for (const environment of this.environments) {
      environment.kill();
    }
  }

  public close(): Promise<void> {
    this.closed ??= this.end();
    return this.closed;
  }

  private async end(): Promise<void> {
    this.queue.splice(0).forEach(({ resolve }) => resolve(CLOSED));
    this.killEnvironments();
    await Promise.all(Array.from(this.environments, (environment) => environment.exited));
    closeSync(this.log);
  }

  private drain(): void {
    while (!this.closed && this.queue.length > 0) {
      const environment = this.idleEnvironment();
      if (!environment) {
        return;
      }
      const next = this.queue.shift();
      if (next) {
        this.running += 1;
        void environment.invoke(next.invocation).then((result) => {
          this.running -= 1;
          next.resolve(result);
          this.drain();
        });
      }
    }
    if (this.retired && this.running === 0) {
      void this.close();
    }
  }

  private idleEnvironment(): ExecutionEnvironment | undefined {
    for (const environment of this.environments) {
      if (environment.idle) {
        return environment;
      }
    }
    if (this.environments.size >= MAXIMUM_ENVIRONMENTS) {
      return undefined;
    }
    const environment = new ExecutionEnvironment({
      runtimeFile: this.options.runtimeFile,
      codeDirectory: this.options.codeDirectory,
      variables: this.variables(),
      timeoutSeconds: this.specification.timeoutSeconds,
      log: this.log,
    });
    this.environments.add(environment);
    void environment.exited.then(() => {
      this.environments.delete(environment);
      this.drain();
    });
    return environment;
  }

  /** Exactly what a function finds on AWS, and where its services are: nothing of the process that runs the platform. */
  private variables(): Record<string, string> {
    const { functionName, region, handler, runtime, memorySize, environment } = this.specification;
    return {
      ...this.options.environment(),
      ...environment,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SESSION_TOKEN: 'local',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memorySize),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
      AWS_LAMBDA_LOG_STREAM_NAME: `[$LATEST]${path.basename(this.options.codeDirectory)}`,
      LAMBDA_TASK_ROOT: this.options.codeDirectory,
      _HANDLER: handler,
      // The runtime on AWS provides the SDK: the handlers that CDK ships import it unbundled.
      NODE_PATH: sdkDirectory(),
      HOME: this.options.homeDirectory,
      TMPDIR: this.options.homeDirectory,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
    };
  }
}

function sdkDirectory(): string {
  const resolved = createRequire(__filename).resolve('@aws-sdk/client-lambda');
  return resolved.slice(0, resolved.lastIndexOf(path.join('@aws-sdk', 'client-lambda')) - 1);
}
