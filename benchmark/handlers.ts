import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { medianOf } from './median';

const ASSETS = path.join(__dirname, '..', 'assets');
const STARTS = 9;

/** Size of a bundle in KiB, and the milliseconds that a fresh process needs to load it beyond what Node needs for itself. */
export function bundle(name: string): { name: string; kib: number; start: number } {
  const file = path.join(ASSETS, name, 'index.js');
  const loads: number[] = [];
  for (let run = 0; run < STARTS; run++) {
    const script = 'const began = process.hrtime.bigint(); require(process.argv[1]); console.log(Number(process.hrtime.bigint() - began) / 1e6); process.exit()';
    // A handler finds its Region in the environment.
    const env = { PATH: process.env.PATH, AWS_REGION: 'us-east-1' };
    loads.push(Number(execFileSync(process.execPath, ['-e', script, file], { env, encoding: 'utf8' })));
  }
  return { name, kib: fs.statSync(file).size / 1024, start: medianOf(loads) };
}
