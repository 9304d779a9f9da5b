import type { Clock } from './clock';

/** PutSnapshotBlock and GetSnapshotBlock: requests per second that the service grants one snapshot. */
export const REQUESTS_PER_SECOND = 1_000;

export interface LimiterOptions {
  readonly clock: Clock;
  /** The rate to begin with, never exceeded. */
  readonly ratePerSecond?: number;
}

/** A timer that fires late may catch up with so many milliseconds' worth of requests, no more. */
const CATCH_UP = 20;
/** Answers to requests sent before the last decrease say nothing about the new rate. */
const ONE_DECREASE_PER = 1_000;
const DECREASE = 0.8;
/** Share of the full rate that is won back in a second without throttling. */
const INCREASE_PER_SECOND = 0.02;
const SLOWEST = 5;

/**
 * Spreads requests evenly before they are sent, and follows the service when it grants less than was thought: additive increase,
 * multiplicative decrease. A request that is throttled was paid with its 512 KiB on the wire, so not sending it is the cheaper way.
 */
export class Limiter {
  private readonly clock: Clock;
  private readonly fullRate: number;
  private rate: number;
  private next = 0;
  private decreasedAt = Number.NEGATIVE_INFINITY;
  private increasedAt: number;

  constructor({ clock, ratePerSecond }: LimiterOptions) {
    this.clock = clock;
    this.fullRate = ratePerSecond ?? REQUESTS_PER_SECOND;
    this.rate = this.fullRate;
    this.increasedAt = clock.now();
  }

  /** Requests per second that it lets pass now. */
  get ratePerSecond(): number {
    return this.rate;
  }

  /** Resolves when the next request may be sent. */
  async acquire(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const now = this.clock.now();
    this.increase(now);
    const turn = Math.max(this.next, now - CATCH_UP);
    this.next = turn + 1_000 / this.rate;
    if (turn > now) {
      await this.clock.sleep(turn - now, signal);
    }
  }

  /** To be told of every request that the service throttled. */
  throttled(): void {
    const now = this.clock.now();
    if (now - this.decreasedAt < ONE_DECREASE_PER) {
      return;
    }
    this.decreasedAt = now;
    this.increasedAt = now;
    this.rate = Math.max(SLOWEST, this.rate * DECREASE);
  }

  private increase(now: number): void {
    const seconds = (now - this.increasedAt) / 1_000;
    this.increasedAt = now;
    this.rate = Math.min(this.fullRate, this.rate + seconds * this.fullRate * INCREASE_PER_SECOND);
  }
}
