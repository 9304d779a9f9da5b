import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as readline from 'node:readline';
import { progress } from './screen';

const ROOT = path.join(__dirname, '..');
const CLI = path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');

/** Where the example's app stands, which the demo deploys. */
export const APP = path.join(ROOT, 'examples', 'volume-gateway');

/** The unmodified `cdk` CLI on the example. */
export class Cdk {
  constructor(private readonly environment: Record<string, string>, private readonly directory: string) {}

  /** The stack's outputs. */
  public async deploy(context: Record<string, string>): Promise<Record<string, string>> {
    const outputs = path.join(this.directory, 'outputs.json');
    const settings = Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]);
    await this.run(['deploy', ...settings, '--require-approval', 'never', '--progress', 'events', '--outputs-file', outputs]);
    const [ofStack] = Object.values(JSON.parse(fs.readFileSync(outputs, 'utf8'))) as Array<Record<string, string>>;
    return ofStack;
  }

  public async destroy(): Promise<void> {
    await this.run(['destroy', '--force']);
  }

  private async run(args: string[]): Promise<void> {
    progress(`cdk ${args.join(' ')}`);
    const child = spawn(process.execPath, [CLI, ...args, '--no-notices', '--output', path.join(this.directory, 'cdk.out')], {
      cwd: APP,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      readline.createInterface({ input: stream }).on('line', (line) => line.trim() && progress(line));
    }
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new Error(`cdk ${args[0]} ended with ${code}: see its lines above`);
  }
}
