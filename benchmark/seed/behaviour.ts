/** How the receiver treats puts. */
export interface Conduct {
  /** Milliseconds between the last byte of a put and its answer. */
  readonly latency?: number;
  /** Puts a second, by a bucket of as many tokens. */
  readonly limit?: number;
  /** Shares of the puts: connections reset (half of them after the block was stored), status 500, throttled without need. */
  readonly resets?: number;
  readonly failures?: number;
  readonly throttles?: number;
  /** Whether every digest is computed and compared. */
  readonly checks?: boolean;
  /** A file that is served as an object of S3. */
  readonly object?: { readonly path: string; readonly size: number };
}

export type Verdict = 'store' | 'throttle' | 'fail' | 'reset' | 'reset-after';

/** Decides over puts in the order in which they come, the same in every run. */
export class Behaviour {
  readonly latency: number;
  readonly checks: boolean;
  readonly object: Conduct['object'];
  private tokens: number;
  private filledAt = 0;
  private puts = 0;
  private resets = 0;

  constructor(private readonly conduct: Conduct) {
    this.latency = conduct.latency ?? 0;
    this.checks = conduct.checks ?? false;
    this.object = conduct.object;
    this.tokens = conduct.limit ?? 0;
  }

  next(now: number): Verdict {
    const { limit, resets = 0, failures = 0, throttles = 0 } = this.conduct;
    if (limit !== undefined && !this.take(limit, now)) {
      return 'throttle';
    }
    // A low-discrepancy sequence: the shares hold in every stretch of puts, not just in the mean.
    const chance = (++this.puts * 0.6180339887498949) % 1;
    if (chance < resets) {
      return ++this.resets % 2 === 0 ? 'reset-after' : 'reset';
    }
    if (chance < resets + failures) {
      return 'fail';
    }
    return chance < resets + failures + throttles ? 'throttle' : 'store';
  }

  private take(limit: number, now: number): boolean {
    this.filledAt ||= now;
    this.tokens = Math.min(limit, this.tokens + (now - this.filledAt) * limit / 1_000);
    this.filledAt = now;
    if (this.tokens < 1) {
      return false;
    }
    this.tokens--;
    return true;
  }
}
