import * as fs from 'node:fs';
import * as path from 'node:path';
import { progress } from './screen';
import { SEED_METRICS, type SeedMetric } from '../src/private/seed-metrics';

const LOOK_EVERY = 500;

/** Shows what the functions that write the snapshot report of themselves, as CloudWatch would: out of their logs. */
export async function withSeedProgress<T>(platformDirectory: string, work: () => Promise<T>): Promise<T> {
  let shown = '';
  const show = () => {
    const { BlocksWritten = 0, BlocksVerified = 0, Throttles = 0 } = reported(path.join(platformDirectory, 'lambda', 'logs'));
    const line = `seed: ${BlocksWritten} blocks written, ${BlocksVerified} read back${Throttles > 0 ? `, ${Throttles} requests throttled` : ''}`;
    if (BlocksWritten > 0 && line !== shown) progress(line);
    shown = line;
  };
  const timer = setInterval(show, LOOK_EVERY);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    show();
  }
}

/** The sums of all that was ever reported. */
function reported(directory: string): Partial<Record<SeedMetric, number>> {
  const sums: Partial<Record<SeedMetric, number>> = {};
  const files = fs.existsSync(directory) ? fs.readdirSync(directory).filter((file) => file.includes('SnapshotSeedMachineWorker')) : [];
  const lines = files.flatMap((file) => fs.readFileSync(path.join(directory, file), 'utf8').split('\n'));
  // A line that is not ended yet is for the next look.
  for (const line of lines.slice(0, -1).filter((text) => text.includes('"_aws"'))) {
    const report = JSON.parse(line.slice(line.indexOf('{'))) as Partial<Record<SeedMetric, number>>;
    for (const name of Object.keys(SEED_METRICS.metrics) as SeedMetric[]) {
      sums[name] = (sums[name] ?? 0) + (report[name] ?? 0);
    }
  }
  return sums;
}
