import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface Measured {
  readonly exitCode: number | null;
  readonly wallSeconds: number;
  /** User and system, of the process and the children that it waited for. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The kernel counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const LOOK_EVERY = 20;

/**
 * Runs a command and measures it as the kernel accounts for it, Node's own start included. One at a time: what this process's children
 * have used is known only of all that have ended.
 */
export async function measure({ file, args, env }: Command, onStart?: (child: ChildProcess) => void): Promise<Measured> {
  const before = childrenCpuSeconds();
  const began = process.hrtime.bigint();
  const child = spawn(file, args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => output.stdout += text);
  child.stderr.on('data', (text) => output.stderr += text);
  let peakMiB = 0;
  const look = setInterval(() => peakMiB = Math.max(peakMiB, highWaterMark(child.pid)), LOOK_EVERY);
  onStart?.(child);
  try {
    const [exitCode] = await once(child, 'close') as [number | null];
    const wallSeconds = Number(process.hrtime.bigint() - began) / 1e9;
    return { exitCode, wallSeconds, cpuSeconds: childrenCpuSeconds() - before, peakMiB, ...output };
  } finally {
    clearInterval(look);
  }
}

/** Of all children that have ended. */
function childrenCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // The name in parentheses may hold anything; what follows it is counted from the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

function highWaterMark(pid: number | undefined): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) / 1_024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      // It has just ended.
      return 0;
    }
    throw error;
  }
}
