import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import * as path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** The command as the published package has it: without sources beside it, so that nobody who edits them has it bundled anew in the middle. */
export function installProgram(folder: string): string {
  // Whoever runs it in a clone bundles what is older than its sources.
  execFileSync(process.execPath, [path.join(ROOT, 'bin', 'cdk-storage-gateway'), '--help'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const copy = path.join(folder, 'package');
  for (const part of ['bin', 'assets/cli']) {
    cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true });
  }
  return path.join(copy, 'bin', 'cdk-storage-gateway');
}
