import { conditions, type Bench, type Run } from './bench';
import type { Image } from './images';
import type { ReceiverReport } from './receiver';
import type { Row } from './table';

/** Puts a second. */
export const LIMIT = 400;
const LATENCY = 30;

/** Stored and throttled puts in each tenth of a second, for the chart. */
export interface RateOverTime {
  readonly name: string;
  readonly storedPerTenth: readonly number[];
  readonly throttledPerTenth: readonly number[];
}

/** The receiver grants so many puts a second and no more; the image has enough blocks for some tens of seconds. */
export async function* limitRows(bench: Bench, image: Image, rates: RateOverTime[]): AsyncGenerator<Row> {
  const conduct = { latency: LATENCY, limit: LIMIT };
  const known = await bench.run(bench.ours(image.path, '--rate', `${LIMIT}`), conduct);
  rates.push({ name: 'cdk-storage-gateway, limit known', ...known.report });
  yield* rowsOf('limit of 400 puts/s, 30 ms, known', known, 0.005);

  // With the engine's own pace, which is the service's quota.
  const unknown = await bench.run(bench.ours(image.path, '--rate', '1000'), conduct);
  rates.push({ name: 'cdk-storage-gateway, limit unknown', ...unknown.report });
  const { throttled, puts } = firstSeconds(unknown.report, 30);
  yield {
    measure: 'limit of 400 puts/s, unknown (begun at 1,000): throttled over 30 s',
    value: throttled / puts,
    unit: '%',
    target: 0.01,
    made: `${throttled} of ${puts} puts; used ${(used(unknown.report) * 100).toFixed(1)} % of the limit; ${conditions([unknown])}`,
  };

  if ('file' in bench.coldsnap) {
    const peer = await bench.run(bench.peer(image.path), conduct, bench.receivers.http, { mayFail: true });
    rates.push({ name: 'coldsnap', ...peer.report });
    const note = `${peer.report.throttled} of ${peer.report.puts} puts throttled in ${peer.wallSeconds.toFixed(0)} s${peer.exitCode === 0 ? '' : '; it failed'}`;
    yield { measure: 'the same, coldsnap: share of the limit that was used', value: used(peer.report), unit: '%', made: note };
  }
}

function* rowsOf(measure: string, run: Run, mostThrottled: number): Generator<Row> {
  const { report } = run;
  yield {
    measure: `${measure}: share that was used`,
    value: used(report),
    unit: '%',
    target: 0.93,
    wished: 0.97,
    atLeast: true,
    made: `${report.stored} puts stored in ${report.seconds.toFixed(1)} s; ${conditions([run])}`,
  };
  yield {
    measure: `${measure}: throttled`,
    value: report.throttled / report.puts,
    unit: '%',
    target: mostThrottled,
    made: `${report.throttled} of ${report.puts} puts`,
  };
}

/** What the bucket held at the beginning is a present, which no pace was needed for. */
function used({ stored, seconds }: ReceiverReport): number {
  return (stored - LIMIT) / (seconds * LIMIT);
}

function firstSeconds({ storedPerTenth, throttledPerTenth }: ReceiverReport, seconds: number): { throttled: number; puts: number } {
  const sum = (counts: readonly number[]) => counts.slice(0, seconds * 10).reduce((total, count) => total + (count ?? 0), 0);
  const throttled = sum(throttledPerTenth);
  return { throttled, puts: throttled + sum(storedPerTenth) };
}
