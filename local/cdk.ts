import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as readline from 'node:readline';

const CLI = path.join(__dirname, '..', 'node_modules', 'aws-cdk', 'bin', 'cdk');

export interface CdkOptions {
  /** A folder with a cdk.json, or a cloud assembly that was synthesised before. */
  readonly app: string;
  /** All that the CLI gets to see of the environment. */
  readonly environment: Record<string, string>;
  /** For what the CLI writes. */
  readonly directory: string;
  /** Gets everything that the CLI says, as it says it. */
  readonly onLine?: (line: string) => void;
}

/** One running command of the CLI. */
export interface CdkRun {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** The unmodified `cdk` CLI. */
export class Cdk {
  constructor(private readonly options: CdkOptions) {}

  /** Deploys every stack of the app; the outputs by stack. */
  public async deploy(...args: string[]): Promise<Record<string, Record<string, string>>> {
    const outputs = path.join(this.options.directory, 'outputs.json');
    // A deployment without outputs writes no file.
    fs.writeFileSync(outputs, '{}');
    await this.run('deploy', '--all', '--require-approval', 'never', '--progress', 'events', '--outputs-file', outputs, ...args);
    return JSON.parse(fs.readFileSync(outputs, 'utf8'));
  }

  public async destroy(...args: string[]): Promise<void> {
    await this.run('destroy', '--all', '--force', ...args);
  }

  /** What the CLI said. */
  public async run(...args: string[]): Promise<string> {
    const { code, output } = await this.start(...args).ended;
    if (code !== 0) throw new Error(`cdk ${args[0]} ended with ${code}:\n${output}`);
    return output;
  }

  /** For whoever wants to interrupt it. */
  public start(...args: string[]): CdkRun {
    const { app, environment, directory, onLine } = this.options;
    const synthesised = fs.existsSync(path.join(app, 'manifest.json'));
    const where = synthesised ? ['--app', app] : ['--output', path.join(directory, 'cdk.out')];
    onLine?.(`cdk ${args.join(' ')}`);
    const child = spawn(process.execPath, [CLI, ...args, '--no-notices', ...where], {
      cwd: synthesised ? directory : app,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      readline.createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.trim() !== '') onLine?.(line);
      });
    }
    const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    return { child, ended: ended.then((code) => ({ code, output: lines.join('\n') })) };
  }
}
