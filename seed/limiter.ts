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
/** Milliseconds and answers after which the share of throttled ones says whether the service gives all that it has. */
const LOOK_FOR = 80;
const LOOK_AT = 32;
/** Fewer are chance, or somebody else's doing. */
const SATURATED = 0.2;
/** Of what a service that gives all it has was seen to accept. */
const BELOW_ACCEPTED = 0.95;
/** A moment in which this machine or the network stood still looks as if little was accepted. */
const DEEPEST_CUT = 0.5;
/** Share of the full rate that is won back in a second without throttling. */
const INCREASE_PER_SECOND = 0.02;
const SLOWEST = 5;

/**
 * Spreads requests evenly before they are sent, and follows the service when it grants less than was thought: additive increase,
 * multiplicative decrease. A service that throttles much shows by what it accepts meanwhile how much it grants. A request that is throttled
 * was paid with its 512 KiB on the wire, so not sending it is the cheaper way.
 */
export class Limiter {
  private readonly clock: Clock;
  private readonly fullRate: number;
  private rate: number;
  private next = 0;
  private decreasedAt = Number.NEGATIVE_INFINITY;
  private increasedAt: number;
  /** Answers since the last decrease. */
  private readonly seen = { since: 0, accepted: 0, throttled: 0 };

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

  /** To be told of every request that the service took. */
  accepted(): void {
    this.seen.accepted++;
  }

  /** To be told of every request that the service throttled. */
  throttled(): void {
    const now = this.clock.now();
    this.seen.throttled++;
    if (now - this.decreasedAt >= ONE_DECREASE_PER) {
      this.decrease(now, this.rate * DECREASE);
      return;
    }
    const { since, accepted, throttled } = this.seen;
    const answers = accepted + throttled;
    if (now - since >= LOOK_FOR && answers >= LOOK_AT && throttled >= answers * SATURATED) {
      const granted = accepted * 1_000 / (now - since) * BELOW_ACCEPTED;
      this.decrease(now, Math.min(this.rate, Math.max(this.rate * DEEPEST_CUT, granted)));
    }
  }

  private decrease(now: number, rate: number): void {
    this.decreasedAt = now;
    this.increasedAt = now;
    this.rate = Math.max(Math.min(SLOWEST, this.fullRate), rate);
    Object.assign(this.seen, { since: now, accepted: 0, throttled: 0 });
  }

  private increase(now: number): void {
    const seconds = (now - this.increasedAt) / 1_000;
    this.increasedAt = now;
    this.rate = Math.min(this.fullRate, this.rate + seconds * this.fullRate * INCREASE_PER_SECOND);
  }
}
