import type { Clock } from './clock';
import { describeError, verdictOn, type Verdict } from './condition';
import type { Limiter } from './limiter';

/** A request that was given up; `cause` is what the service or the network said last. */
export class OperationError extends Error {
  override readonly name = 'OperationError';

  constructor(readonly operation: string, readonly tries: number, cause: unknown, advice?: string) {
    super(`${operation} failed${tries > 1 ? ` after ${tries} tries` : ''}: ${describeError(cause)}${advice === undefined ? '' : ` (${advice})`}`, { cause });
  }
}

export interface RetrierOptions {
  readonly clock: Clock;
  /** 0 to 1, for the jitter. */
  readonly random?: () => number;
  /** Milliseconds from now in which a refused permission may still be on its way. */
  readonly permissionGrace?: number;
  readonly onRetry?: (verdict: Verdict, operation: string, error: unknown) => void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Waited for before every try, and told when the service throttles. */
  readonly limiter?: Limiter;
  /** Milliseconds. */
  readonly budget?: number;
}

/** Milliseconds that one operation may take, all its tries together. */
const BUDGET = 120_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 5_000;
/** A snapshot that was just started was seen to be unknown for up to two minutes. */
const NOT_FOUND_GRACE = 180_000;

/** The one place where anything is tried again: the SDK's own retries are switched off. */
export class Retrier {
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly onRetry: NonNullable<RetrierOptions['onRetry']>;
  private readonly deniedUntil: number;
  private newUntil = Number.NEGATIVE_INFINITY;

  constructor({ clock, random, permissionGrace, onRetry }: RetrierOptions) {
    this.clock = clock;
    this.random = random ?? Math.random;
    this.onRetry = onRetry ?? (() => undefined);
    this.deniedUntil = clock.now() + (permissionGrace ?? 0);
  }

  /** For a while a missing snapshot may be one that is not visible yet. */
  snapshotIsNew(since: number): void {
    this.newUntil = since + NOT_FOUND_GRACE;
  }

  async run<T>(operation: string, attempt: (tries: number) => Promise<T>, { signal, limiter, budget }: RunOptions = {}): Promise<T> {
    const giveUpAt = this.clock.now() + (budget ?? BUDGET);
    for (let tries = 1; ; tries++) {
      await limiter?.acquire(signal);
      try {
        const answer = await attempt(tries);
        limiter?.accepted();
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        const verdict = verdictOn(error);
        if (verdict.throttled) {
          limiter?.throttled();
        }
        const pause = this.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tries);
        if (!this.mayRetry(verdict, tries, this.clock.now() + pause, giveUpAt)) {
          throw new OperationError(operation, tries, error, verdict.advice);
        }
        this.onRetry(verdict, operation, error);
        await this.clock.sleep(pause, signal);
      }
    }
  }

  private mayRetry({ retry }: Verdict, tries: number, at: number, giveUpAt: number): boolean {
    switch (retry) {
      case 'never': return false;
      case 'once': return tries === 1;
      case 'in-budget': return at < giveUpAt;
      case 'while-new': return at < this.newUntil;
      case 'while-granted': return at < this.deniedUntil;
    }
  }
}
