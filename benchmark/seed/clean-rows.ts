import { conditions, voided, type Bench, type Pair, type Run } from './bench';
import { GIBIBYTE, type Image } from './images';
import type { Row, Skipped } from './table';
import { medianOf } from '../median';

interface Setting {
  readonly name: string;
  readonly secure: boolean;
  readonly latency: number;
  readonly wall: { readonly target: number; readonly wished: number };
}

const SETTINGS: readonly Setting[] = [
  { name: 'HTTP, 0 ms per put', secure: false, latency: 0, wall: { target: 1, wished: 0.9 } },
  { name: 'HTTP, 30 ms per put', secure: false, latency: 30, wall: { target: 1, wished: 0.9 } },
  { name: 'HTTPS, 30 ms per put', secure: true, latency: 30, wall: { target: 1.1, wished: 1 } },
];
const CPU = { HTTP: { target: 0.95, wished: 0.85 }, HTTPS: { target: 1.05, wished: 0.95 } };
const MEMORY = { HTTP: 110, HTTPS: 145 };

/** Undisturbed runs: wall time, processor time and memory, ours against the peer's. */
export async function* cleanRows(bench: Bench, image: Image): AsyncGenerator<Row | Skipped> {
  for (const { name, secure, latency, wall } of SETTINGS) {
    const receiver = secure ? bench.receivers.https : bench.receivers.http;
    const protocol = secure ? 'HTTPS' : 'HTTP';
    if (!receiver) {
      yield { measure: name, skipped: 'there is no openssl to make a certificate with' };
      continue;
    }
    if ('missing' in bench.coldsnap) {
      const run = await bench.run(bench.ours(image.path), { latency }, receiver);
      yield { measure: `wall and CPU against coldsnap, ${name}`, skipped: bench.coldsnap.missing };
      yield memoryRow(protocol, latency, [run]);
      continue;
    }
    const pairs = await bench.interleave(bench.ours(image.path), bench.peer(image.path), { latency }, receiver);
    const runs = pairs.flatMap(({ ours, peer }) => [ours, peer]);
    const common = { unit: '×', voidedBy: voided(runs) } as const;
    yield {
      ...common,
      ...wall,
      measure: `wall against coldsnap, ${name}`,
      value: ratio(pairs, ({ wallSeconds }) => wallSeconds),
      made: `${median(pairs, 'ours', ({ wallSeconds }) => wallSeconds)} s to ${median(pairs, 'peer', ({ wallSeconds }) => wallSeconds)} s, ${pairs.length} pairs; ${conditions(runs)}`,
    };
    const perGib = ({ cpuSeconds }: Run) => cpuSeconds * GIBIBYTE / image.sizeInBytes;
    yield {
      ...common,
      ...CPU[protocol],
      measure: `CPU-s per GiB against coldsnap, ${name}`,
      value: ratio(pairs, perGib),
      made: `${median(pairs, 'ours', perGib)} to ${median(pairs, 'peer', perGib)}; ${beyondNeeded(runs)} puts beyond the needed`,
    };
    yield memoryRow(protocol, latency, pairs.map(({ ours }) => ours), medianOf(pairs.map(({ peer }) => peer.peakMiB)));
  }
}

/** Every digest is computed by the receiver; nothing but that is asked. */
export async function checkedRow(bench: Bench, image: Image): Promise<Row> {
  const { report, wallSeconds } = await bench.run(bench.ours(image.path), { checks: true });
  return {
    measure: 'blocks whose digest the receiver found wrong',
    value: report.wrongDigests,
    unit: 'blocks',
    target: 0,
    made: `${report.distinctBlocks} blocks in ${wallSeconds.toFixed(2)} s, all hashed by the receiver`,
  };
}

export async function zeroRow(bench: Bench, image: Image): Promise<Row | Skipped> {
  const measure = 'CPU-s per GiB of a half-zero image, zeros omitted, against coldsnap';
  if ('missing' in bench.coldsnap) {
    return { measure, skipped: bench.coldsnap.missing };
  }
  const pairs = await bench.interleave(bench.ours(image.path, '--zero-blocks', 'omit'), bench.peer(image.path, '--omit-zero-blocks'), {});
  const runs = pairs.flatMap(({ ours, peer }) => [ours, peer]);
  const perGib = ({ cpuSeconds }: Run) => cpuSeconds * GIBIBYTE / image.sizeInBytes;
  return {
    measure,
    value: ratio(pairs, perGib),
    unit: '×',
    target: 0.85,
    wished: 0.75,
    voidedBy: voided(runs),
    made: `${median(pairs, 'ours', perGib)} to ${median(pairs, 'peer', perGib)}; ${pairs[0].ours.report.distinctBlocks} and ${pairs[0].peer.report.distinctBlocks} blocks put`,
  };
}

function memoryRow(protocol: 'HTTP' | 'HTTPS', latency: number, runs: readonly Run[], peer?: number): Row {
  const peaks = runs.map(({ peakMiB }) => peakMiB);
  return {
    measure: `peak RSS at 64 in flight, ${protocol}, ${latency} ms per put`,
    value: medianOf(peaks),
    unit: 'MiB',
    target: MEMORY[protocol],
    made: `${Math.min(...peaks).toFixed(0)} to ${Math.max(...peaks).toFixed(0)} MiB${peer === undefined ? '' : `; coldsnap ${peer.toFixed(0)} MiB`}`,
  };
}

function ratio(pairs: readonly Pair[], of: (run: Run) => number): number {
  return medianOf(pairs.map(({ ours, peer }) => of(ours) / of(peer)));
}

function median(pairs: readonly Pair[], side: keyof Pair, of: (run: Run) => number): string {
  return medianOf(pairs.map((pair) => of(pair[side]))).toFixed(2);
}

function beyondNeeded(runs: readonly Run[]): number {
  return runs.reduce((sum, { report }) => sum + report.puts - report.distinctBlocks, 0);
}
