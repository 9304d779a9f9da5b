import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalServices, type LocalServices } from '../../local/services';
import type { ElasticBlockStoreOptions } from '../../local/services/ebs/store';

export const BLOCK_SIZE = 524_288;

const ROOT = join(__dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command, run as users run it: a process, its streams, its exit code; the services are in this process, to be looked into. */
export class Terminal {
  static async open(ebs: ElasticBlockStoreOptions = { snapshotQuotas: {}, accountQuotas: {} }): Promise<Terminal> {
    return new Terminal(await startLocalServices({ ebs }), mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-test-')));
  }

  /** What the command finds besides what it needs anyway. */
  readonly environment: Record<string, string> = {};
  private readonly children: ChildProcess[] = [];

  private constructor(readonly services: LocalServices, readonly directory: string) {}

  path(name: string): string {
    return join(this.directory, name);
  }

  /** A file of so many blocks that differ from each other, but for those of zeros. */
  image(name: string, blocks: number, { zeros = [], extraBytes = 0 }: { zeros?: readonly number[]; extraBytes?: number } = {}): string {
    const bytes = Buffer.alloc(blocks * BLOCK_SIZE + extraBytes);
    for (let at = 0; at + 8 <= bytes.length; at += 4_096) {
      if (!zeros.includes(Math.floor(at / BLOCK_SIZE))) {
        bytes.writeDoubleLE(at + 1, at);
      }
    }
    writeFileSync(this.path(name), bytes);
    return this.path(name);
  }

  start(...args: string[]): ChildProcess & { readonly ended: Promise<Ended> } {
    const child = spawn('node', ['bin/cdk-storage-gateway', ...args], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        HOME: this.directory,
        XDG_STATE_HOME: this.path('state'),
        AWS_ENDPOINT_URL: this.services.endpoint,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        ...this.environment,
      },
    });
    this.children.push(child);
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => text.stdout += chunk);
    child.stderr.on('data', (chunk) => text.stderr += chunk);
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...text }));
    return Object.assign(child, { ended });
  }

  async run(...args: string[]): Promise<Ended> {
    const child = this.start(...args);
    child.stdin?.end();
    return child.ended;
  }

  calls(operation: string): number {
    return this.services.control.state().calls.filter((call) => call.operation === operation).length;
  }

  snapshots(): { readonly id: string; readonly state: string }[] {
    return this.services.control.state().snapshots.map(({ id, state }) => ({ id, state }));
  }

  /** Settles when the operation was called so often. */
  async called(operation: string, times: number): Promise<void> {
    while (this.calls(operation) < times) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    this.children.forEach((child) => child.kill('SIGKILL'));
    await this.services.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The last line of the output. */
export const lastLine = ({ stdout }: Ended): string => stdout.trimEnd().split('\n').at(-1) ?? '';
