import * as fc from 'fast-check';
import { VirtualClock } from './virtual-clock';
import { Limiter } from '../../seed/limiter';

/** Milliseconds' worth of requests that somebody who comes late may catch up with. */
const CATCH_UP = 20;
const SLOWEST = 5;

interface Happening {
  readonly pause: number;
  readonly sends: number;
  readonly accepted: number;
  readonly throttled: number;
}

const rates = fc.integer({ min: 1, max: 2_000 });
const happenings = fc.array(fc.record<Happening>({
  pause: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 50, noNaN: true }), fc.integer({ min: 0, max: 30_000 })),
  sends: fc.integer({ min: 0, max: 30 }),
  accepted: fc.integer({ min: 0, max: 64 }),
  throttled: fc.integer({ min: 0, max: 64 }),
}), { maxLength: 20 });

let clock: VirtualClock;

/** Calls back after every answer. @returns when each request was sent; those of one happening all wanted to be sent at once */
async function play(limiter: Limiter, what: readonly Happening[], onAnswer: () => void = () => undefined): Promise<number[]> {
  const sent: number[] = [];
  for (const { pause, sends, accepted, throttled } of what) {
    await clock.sleep(pause);
    await Promise.all(Array.from({ length: sends }, async () => {
      await limiter.acquire();
      sent.push(clock.now());
    }));
    for (let answer = 0; answer < accepted + throttled; answer++) {
      answer < accepted ? limiter.accepted() : limiter.throttled();
      onAnswer();
    }
  }
  return sent;
}

/** Sends as fast as it may to a service that grants so many requests per second and saves up a second's worth. */
async function sendTo(limit: number, limiter: Limiter, seconds: number): Promise<{ accepted: number; throttled: number }> {
  const count = { accepted: 0, throttled: 0 };
  let [tokens, last] = [limit, clock.now()];
  const end = clock.now() + seconds * 1_000;
  while (clock.now() < end) {
    await limiter.acquire();
    tokens = Math.min(limit, tokens + (clock.now() - last) / 1_000 * limit);
    last = clock.now();
    if (tokens < 1) {
      count.throttled++;
      limiter.throttled();
    } else {
      tokens--;
      count.accepted++;
      limiter.accepted();
    }
  }
  return count;
}

beforeEach(() => (clock = new VirtualClock()));

test('requests are spread evenly, at the full rate', async () => {
  await fc.assert(fc.asyncProperty(rates, async (ratePerSecond) => {
    const limiter = new Limiter({ clock, ratePerSecond });
    const begin = clock.now();
    const sent = await play(limiter, [{ pause: 0, sends: 50, accepted: 0, throttled: 0 }]);
    // It begins as if it came late.
    const due = (request: number) => Math.max(0, request * 1_000 / ratePerSecond - CATCH_UP);
    expect(sent.filter((time, request) => Math.abs(time - begin - due(request)) > 0.05)).toEqual([]);
  }));
});

test('in no span of time are more requests sent than the full rate allows, whoever comes late and whatever was not used before', async () => {
  await fc.assert(fc.asyncProperty(rates, happenings, async (ratePerSecond, what) => {
    const sent = await play(new Limiter({ clock, ratePerSecond }), what);
    let due = Number.NEGATIVE_INFINITY;
    const early = sent.filter((time) => {
      const isEarly = time + CATCH_UP < due - 0.01;
      due = Math.max(due, time) + 1_000 / ratePerSecond;
      return isEarly;
    });
    expect(early).toEqual([]);
  }));
});

test('whatever is throttled, the rate stays between the slowest and the full one', async () => {
  await fc.assert(fc.asyncProperty(rates, happenings, async (ratePerSecond, what) => {
    const limiter = new Limiter({ clock, ratePerSecond });
    const seen = [ratePerSecond];
    await play(limiter, what, () => seen.push(limiter.ratePerSecond));
    expect(Math.max(...seen)).toBe(ratePerSecond);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(Math.min(SLOWEST, ratePerSecond));
  }));
});

test('whatever was throttled, the full rate is won back within fifty seconds without throttling', async () => {
  await fc.assert(fc.asyncProperty(rates, happenings, async (ratePerSecond, what) => {
    const limiter = new Limiter({ clock, ratePerSecond });
    await play(limiter, what);
    const low = limiter.ratePerSecond;
    await clock.sleep(5_000);
    await limiter.acquire();
    expect(limiter.ratePerSecond).toBeGreaterThanOrEqual(Math.min(ratePerSecond, low + ratePerSecond / 10) - 0.01);
    await clock.sleep(45_000);
    await limiter.acquire();
    expect(limiter.ratePerSecond).toBeCloseTo(ratePerSecond, 6);
  }));
});

test('what is really granted is found and used; of what lies far below, more is throttled', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 25, max: 1_000 }), async (limit) => {
    const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
    await sendTo(limit, limiter, 10);
    const { accepted, throttled } = await sendTo(limit, limiter, 20);
    expect(accepted / (20 * limit)).toBeGreaterThan(0.95);
    expect(throttled / (accepted + throttled)).toBeLessThan(limit < 120 ? 0.35 : 0.02);
  }), { numRuns: 8, examples: [[25], [120], [400], [1_000]] });
});

test('throttled requests lower the rate once for all that were in flight', () => {
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  for (let request = 0; request < 64; request++) {
    limiter.throttled();
  }
  expect(limiter.ratePerSecond).toBe(800);
});

test('a service that throttles much shows what it grants', async () => {
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  limiter.throttled();
  const tenth = { pause: 100, sends: 0, accepted: 50, throttled: 0 };
  await play(limiter, [tenth, { ...tenth, throttled: 40 }]);
  expect(limiter.ratePerSecond).toBeGreaterThan(400);
  expect(limiter.ratePerSecond).toBeLessThanOrEqual(500);
});

test('a throttled request now and then says nothing about what is granted', async () => {
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  limiter.throttled();
  await play(limiter, [{ pause: 490, sends: 0, accepted: 98, throttled: 1 }]);
  expect(limiter.ratePerSecond).toBe(800);
});

test('a wait ends with its signal', async () => {
  const limiter = new Limiter({ clock, ratePerSecond: 1 });
  const stop = new AbortController();
  await limiter.acquire(stop.signal);
  const waiting = limiter.acquire(stop.signal);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});
