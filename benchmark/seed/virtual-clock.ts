import type { Clock } from '../../seed/clock';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Time that passes only when everybody sleeps: hours in seconds, and the same in every run. */
export class VirtualClock implements Clock {
  private time = 0;
  private order = 0;
  /** A heap by time, then by order of coming. */
  private readonly sleepers: Sleeper[] = [];

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
        } else {
          resolve();
        }
      };
      this.add({ at: this.time + Math.max(0, milliseconds), order: this.order++, wake });
    });
  }

  /** Lets time pass until the work is done. */
  async run(work: Promise<unknown>): Promise<void> {
    let done = false;
    const finished = work.finally(() => done = true);
    // Its failure is thrown below; until then it must not count as unheard.
    finished.catch(() => undefined);
    for (;;) {
      await new Promise(setImmediate);
      if (done) {
        return void await finished;
      }
      const { at } = this.first();
      this.time = at;
      while (this.sleepers.length > 0 && this.sleepers[0].at === at) {
        this.remove().wake();
      }
    }
  }

  private first(): Sleeper {
    if (this.sleepers.length === 0) {
      throw new Error('nobody sleeps, and the work is not done');
    }
    return this.sleepers[0];
  }

  private add(sleeper: Sleeper): void {
    const heap = this.sleepers;
    let place = heap.push(sleeper) - 1;
    while (place > 0 && isBefore(heap[place], heap[parentOf(place)])) {
      place = swap(heap, place, parentOf(place));
    }
  }

  private remove(): Sleeper {
    const heap = this.sleepers;
    swap(heap, 0, heap.length - 1);
    const first = heap.pop() as Sleeper;
    for (let place = 0; ;) {
      const child = 2 * place + (isBefore(heap[2 * place + 2], heap[2 * place + 1]) ? 2 : 1);
      if (!isBefore(heap[child], heap[place])) {
        return first;
      }
      place = swap(heap, place, child);
    }
  }
}

function parentOf(place: number): number {
  return Math.floor((place - 1) / 2);
}

function isBefore(one: Sleeper | undefined, other: Sleeper | undefined): boolean {
  return one !== undefined && other !== undefined && (one.at < other.at || (one.at === other.at && one.order < other.order));
}

function swap(heap: Sleeper[], from: number, to: number): number {
  [heap[from], heap[to]] = [heap[to], heap[from]];
  return to;
}
