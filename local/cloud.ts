import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as readline from 'node:readline';

const ROOT = path.join(__dirname, '..');

/** What is left of the user's environment: enough to run programs, nothing that could name an account. */
const KEPT = ['PATH', 'LANG', 'LC_ALL', 'TERM', 'COLORTERM', 'NO_COLOR', 'TMPDIR'];

/** An event that a custom resource got. */
export interface ResourceEvent {
  readonly requestType: string;
  readonly logicalResourceId: string;
  readonly resourceType: string;
}

export interface Appliance {
  readonly id: string;
  readonly url: string;
  readonly address: string;
}

/** The local services and the local platform together, each in a process of its own, and what a deployment on them needs to know. */
export class Cloud {
  public static async start(directory: string): Promise<Cloud> {
    const home = path.join(directory, 'home');
    fs.mkdirSync(home);
    // Also what the tools cache goes to the temporary folder, and no profile of the user's is found.
    const isolated = {
      ...Object.fromEntries(KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]]))),
      HOME: home,
      AWS_CONFIG_FILE: path.join(home, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: path.join(home, 'credentials'),
      // The SDK announces the end of Node 20 at every start.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const data = path.join(directory, 'data');
    const services = (port: number) => Server.start(['bin/cdk-storage-gateway', 'local', '--port', String(port), '--data', data, '--restart-seconds', '3'], isolated);
    const first = await services(0);
    try {
      const logs = path.join(directory, 'platform');
      const platform = await Server.start(['assets/local/platform/index/index.js', '--services', first.endpoint, '--directory', logs], isolated);
      return new Cloud(first, services, platform, isolated, logs);
    } catch (error) {
      await first.stop();
      throw error;
    }
  }

  /** For the `cdk` and `aws` commands. */
  public readonly variables: Record<string, string>;

  private constructor(
    private services: Server,
    private readonly startServices: (port: number) => Promise<Server>,
    private readonly platform: Server,
    private readonly isolated: Record<string, string>,
    /** What the platform writes: the code of the functions, and their logs. */
    public readonly platformDirectory: string,
  ) {
    this.variables = { ...this.platform.ready.env as Record<string, string> };
  }

  /** A whole environment for a child process: the user's, without anything of AWS, and the variables above. */
  public get environment(): Record<string, string> {
    return { ...this.isolated, ...this.variables };
  }

  public get endpoint(): string {
    return this.services.endpoint;
  }

  public get platformEndpoint(): string {
    return this.platform.endpoint;
  }

  public async createAppliance(): Promise<Appliance> {
    return this.ask<Appliance>(`${this.endpoint}/_local/appliances`, { method: 'POST', body: '{}' });
  }

  /** The resource events that the platform has sent so far. */
  public async events(): Promise<ResourceEvent[]> {
    return this.ask<ResourceEvent[]>(`${this.platformEndpoint}/_local/events`);
  }

  /** Sizes and counts of what the services hold, from their own books. */
  public async state(): Promise<{ gateways: unknown[]; volumes: unknown[]; snapshots: Array<{ id: string; state: string }> }> {
    return this.ask(`${this.endpoint}/_local/state`);
  }

  /** Makes the services misbehave, as `POST /_local/faults` is asked to. */
  public async injectFault(fault: Record<string, unknown>): Promise<void> {
    await this.ask(`${this.endpoint}/_local/faults`, { method: 'POST', body: JSON.stringify(fault) });
  }

  /** Kills what runs of the functions with this in their name, in the middle of whatever they do. Answers whether there is such a function. */
  public async killFunctions(namePart: string): Promise<boolean> {
    const { ok } = await fetch(`${this.platformEndpoint}/_local/functions/${encodeURIComponent(namePart)}/kill`, { method: 'POST' });
    return ok;
  }

  /** As if the machine of the services had lost its power, and came back. */
  public async crashServices(): Promise<void> {
    await this.services.stop('SIGKILL');
    this.services = await this.startServices(Number(new URL(this.endpoint).port));
  }

  public async stop(): Promise<void> {
    await this.platform.stop();
    await this.services.stop();
  }

  private async ask<T>(url: string, init?: RequestInit): Promise<T> {
    const response = await fetch(url, init);
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${url} answered ${response.status}: ${await response.text()}`);
    return await response.json() as T;
  }
}

/** A child process that says where it listens in its first line. */
class Server {
  public static async start(args: string[], env: Record<string, string>): Promise<Server> {
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code} before it was ready`)));
      readline.createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    });
    child.removeAllListeners('exit');
    return new Server(child, ready);
  }

  private constructor(private readonly child: ChildProcess, public readonly ready: Record<string, unknown>) {}

  public get endpoint(): string {
    return this.ready.endpoint as string;
  }

  public async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await ended;
  }
}
