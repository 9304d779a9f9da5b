import { setTimeout as delay } from 'node:timers/promises';

/** Where the engine takes its time from, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      // The caller wants the reason of the abort, not the timer's own AbortError.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
