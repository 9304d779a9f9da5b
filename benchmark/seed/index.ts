import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Bench } from './bench';
import { bundle } from './bundle';
import { throwAwayCertificate } from './certificate';
import { checkedRow, cleanRows, zeroRow } from './clean-rows';
import { findColdsnap } from './coldsnap';
import { fanOutRow } from './fan-out';
import { faultRows, resumeRows } from './fault-rows';
import { GIBIBYTE, randomImage, sparseImage } from './images';
import { LIMIT, limitRows, type RateOverTime } from './limit-rows';
import { machineText } from './machine';
import { installProgram } from './program';
import { rateChart } from './rate-chart';
import { writeReadme } from './readme';
import { ReceiverProcess } from './receiver-process';
import { growthRow, sourceRow } from './source-rows';
import { outcomeOf, TABLE_HEAD, tableLine, type Row, type Skipped } from './table';
import { workerRow } from './worker-row';
import { DEFAULT_WORKERS } from '../../src/private/seed-estimate';

const CACHE = path.join(__dirname, '..', '..', 'node_modules', '.cache', 'cdk-storage-gateway');

export const SEED_GROUPS = ['clean', 'zeros', 'faults', 'resume', 'source', 'worker', 'limit', 'growth', 'fan-out'] as const;
export type SeedGroup = (typeof SEED_GROUPS)[number];
/** Where the peer stands beside ours. */
const WITH_PEER: readonly SeedGroup[] = ['clean', 'zeros', 'limit'];

export interface SeedBenchmark {
  /** Pairs of runs, ours and the peer's. */
  readonly pairs: number;
  /** GiB of the images whose bytes count. */
  readonly size: number;
  readonly groups: readonly SeedGroup[];
  /** Whether table and chart go into README.md. */
  readonly write: boolean;
}

/**
 * Measures the command `seed`, as users run it, against coldsnap and against the limits that it is to keep. Prints the table row by row.
 *
 * @returns how many measures are short of what they are to reach
 */
export async function benchmarkSeed({ pairs, size, groups, write }: SeedBenchmark): Promise<number> {
  if (process.platform !== 'linux') {
    throw new Error(`platform ${JSON.stringify(process.platform)} must be "linux": processor time and memory of other processes are read from /proc`);
  }
  const coldsnap = groups.some((group) => WITH_PEER.includes(group)) ? findColdsnap(path.join(CACHE, 'coldsnap')) : { missing: 'none of these rows needs it' };
  const machine = machineText(coldsnap);
  console.log(`${machine}\n`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seed-benchmark-'));
  const scripts = path.join(CACHE, 'benchmark');
  const certificate = throwAwayCertificate(folder);
  const receiver = bundle(scripts, 'receiver');
  const http = await ReceiverProcess.start(receiver);
  const https = certificate && await ReceiverProcess.start(receiver, certificate);
  const rows: (Row | Skipped)[] = [];
  const rates: RateOverTime[] = [];
  console.log(TABLE_HEAD.join('\n'));
  const take = (row: Row | Skipped) => {
    rows.push(row);
    console.log(tableLine(row));
  };
  try {
    const bench = new Bench(folder, pairs, { http, https }, certificate, installProgram(folder), coldsnap);
    const wanted = (group: SeedGroup) => groups.includes(group);
    const random = randomImage(folder, Math.round(size * GIBIBYTE));
    if (wanted('clean')) {
      for await (const row of cleanRows(bench, random)) take(row);
      take(await checkedRow(bench, random));
    }
    if (wanted('zeros')) take(await zeroRow(bench, randomImage(folder, Math.round(size * GIBIBYTE), true)));
    if (wanted('faults')) for await (const row of faultRows(bench, random)) take(row);
    if (wanted('resume')) for await (const row of resumeRows(bench, random)) take(row);
    if (wanted('source')) take(await sourceRow(bench, random));
    if (wanted('worker')) {
      const run = await bench.run(bench.ours('s3://images/image.raw'), { object: { path: random.path, size: random.sizeInBytes } }, https);
      take(workerRow(DEFAULT_WORKERS, run.cpuSeconds / size, run.peakMiB));
    }
    if (wanted('limit')) for await (const row of limitRows(bench, sparseImage(folder, 8 * GIBIBYTE), rates)) take(row);
    if (wanted('growth')) take(await growthRow(bundle(scripts, 'growth'), 2, 64));
    if (wanted('fan-out')) take(await fanOutRow(1_024, DEFAULT_WORKERS));
  } finally {
    await http.stop();
    await https?.stop();
    fs.rmSync(folder, { recursive: true });
  }
  const short = rows.filter((row) => outcomeOf(row) === 'short').length;
  console.log(`\n${short} of ${rows.length} measures are short of what they are to reach`);
  if (write) {
    writeReadme(machine, [...TABLE_HEAD, ...rows.map(tableLine)], await rateChart(rates, LIMIT));
  }
  return short;
}
