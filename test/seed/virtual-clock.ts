import type { Clock } from '../../seed/clock';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that passes only when everybody sleeps, and then at once. */
export class VirtualClock implements Clock {
  private time = Date.now();
  private sleepers: Sleeper[] = [];
  private ticking = false;

  /** @param onAdvance is told how many seconds pass */
  constructor(private readonly onAdvance: (seconds: number) => void = () => undefined) {}

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const sleeper = {
        at: this.time + milliseconds,
        wake: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.sleepers.push(sleeper);
      this.tick();
    });
  }

  private tick(): void {
    if (this.ticking || this.sleepers.length === 0) {
      return;
    }
    this.ticking = true;
    setImmediate(() => {
      this.ticking = false;
      const next = this.sleepers.reduce<Sleeper | undefined>((first, other) => (first && first.at <= other.at ? first : other), undefined);
      if (next) {
        this.sleepers = this.sleepers.filter((other) => other !== next);
        if (next.at > this.time) {
          this.onAdvance((next.at - this.time) / 1_000);
          this.time = next.at;
        }
        next.wake();
        this.tick();
      }
    });
  }
}
