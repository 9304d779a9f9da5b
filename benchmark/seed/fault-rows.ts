import { once } from 'node:events';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { conditions, type Bench } from './bench';
import type { Image } from './images';
import { measure } from './measured-process';
import type { Row } from './table';
import { medianOf } from '../median';

const LATENCY = 30;
const KILLS = 3;

/** One put in twenty goes wrong. */
export async function* faultRows(bench: Bench, image: Image): AsyncGenerator<Row> {
  const ratios: number[] = [];
  const extra: number[] = [];
  let made = '';
  for (let pair = 0; pair < Math.min(3, bench.pairs); pair++) {
    const clean = await bench.run(bench.ours(image.path), { latency: LATENCY });
    const faulty = await bench.run(bench.ours(image.path), { latency: LATENCY, resets: 0.01, failures: 0.02, throttles: 0.02 });
    const { puts, distinctBlocks, reset, failed, throttled } = faulty.report;
    ratios.push(faulty.wallSeconds / clean.wallSeconds);
    extra.push((puts - distinctBlocks) / (reset + failed + throttled));
    made = `${faulty.wallSeconds.toFixed(2)} s to ${clean.wallSeconds.toFixed(2)} s; ${reset} resets, ${failed} × 500, ${throttled} throttled; ${conditions([clean, faulty])}`;
  }
  yield { measure: 'wall with 1 % resets, 2 % 500, 2 % throttles against own clean run', value: medianOf(ratios), unit: '×', target: 1.15, made };
  yield { measure: 'extra puts per fault', value: medianOf(extra), unit: '×', target: 1, made: 'a put that was stored before its connection was reset counts' };
}

/** Killed at half, run again: how much is done twice. */
export async function* resumeRows(bench: Bench, image: Image): AsyncGenerator<Row> {
  const redone: number[] = [];
  const snapshots: number[] = [];
  for (let run = 0; run < KILLS; run++) {
    const receiver = bench.receivers.http;
    await receiver.conduct({ latency: LATENCY });
    const command = { ...bench.ours(image.path, '--journal', path.join(bench.folder, `journal-${run}`)), env: bench.environment(receiver) };
    const blocks = image.sizeInBytes / 524_288;
    await measure(command, (child) => {
      const killAtHalf = async () => {
        while (child.exitCode === null && child.signalCode === null) {
          if ((await receiver.report()).stored >= blocks / 2) {
            child.kill('SIGKILL');
            await once(child, 'exit');
          } else {
            await delay(10);
          }
        }
      };
      killAtHalf().catch((error: Error) => child.emit('error', error));
    });
    await measure(command);
    const report = await receiver.report();
    redone.push(report.puts - report.distinctBlocks);
    snapshots.push(report.snapshots);
  }
  yield {
    measure: 'blocks put again after kill -9 at half',
    value: medianOf(redone),
    unit: 'blocks',
    target: 128,
    wished: 64,
    made: `${redone.join(', ')}; ${Math.max(...snapshots) === 1 ? 'always the same snapshot' : 'NOT the same snapshot'}`,
  };
}
