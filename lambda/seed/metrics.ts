import { SEED_METRICS, type SeedMetric } from '../../src/private/seed-metrics';

/** Where the lines go. Each must be alone in its log event, without the prefix of a console. */
export const metricLog = { write: (line: string): void => void process.stdout.write(line) };

/** Milliseconds. */
const REPORT_EVERY = 5_000;

/** Counts of one seed, in CloudWatch's embedded metric format: each line says what was added since the one before it. */
export class Metrics {
  private counts: Partial<Record<SeedMetric, number>> = {};
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly owner: string) {
    this.timer = setInterval(() => this.report(), REPORT_EVERY);
  }

  add(metric: SeedMetric, count: number): void {
    this.counts[metric] = (this.counts[metric] ?? 0) + count;
  }

  end(): void {
    clearInterval(this.timer);
    this.report();
  }

  private report(): void {
    const counts = this.counts;
    this.counts = {};
    const names = Object.keys(counts) as SeedMetric[];
    if (names.length === 0) {
      return;
    }
    const { namespace, dimension, metrics } = SEED_METRICS;
    const definition = {
      Namespace: namespace,
      Dimensions: [[dimension]],
      Metrics: names.map((Name) => ({ Name, Unit: metrics[Name] })),
    };
    metricLog.write(`${JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics: [definition] }, [dimension]: this.owner, ...counts })}\n`);
  }
}
