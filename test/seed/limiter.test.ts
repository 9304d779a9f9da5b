import { VirtualClock } from './virtual-clock';
import { Limiter } from '../../seed/limiter';

async function admitted(limiter: Limiter, clock: VirtualClock, milliseconds: number): Promise<number> {
  const end = clock.now() + milliseconds;
  let count = 0;
  while (clock.now() < end) {
    await limiter.acquire();
    count++;
  }
  return count;
}

test('requests are spread evenly at the rate', async () => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 400 });
  const count = await admitted(limiter, clock, 5_000);
  expect(count).toBeGreaterThanOrEqual(1_990);
  expect(count).toBeLessThanOrEqual(2_012);
});

test('what was not used is not saved up', async () => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 100 });
  await limiter.acquire();
  await clock.sleep(60_000);
  expect(await admitted(limiter, clock, 1_000)).toBeLessThanOrEqual(104);
});

test('throttled requests lower the rate once for all that were in flight', () => {
  const limiter = new Limiter({ clock: new VirtualClock(), ratePerSecond: 1_000 });
  for (let request = 0; request < 64; request++) {
    limiter.throttled();
  }
  expect(limiter.ratePerSecond).toBe(800);
});

test('the rate comes back bit by bit, and not above the full one', async () => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  limiter.throttled();
  await clock.sleep(5_000);
  await limiter.acquire();
  expect(limiter.ratePerSecond).toBeCloseTo(900, 0);
  await clock.sleep(60_000);
  await limiter.acquire();
  expect(limiter.ratePerSecond).toBe(1_000);
});

test('a service that throttles much shows what it grants', async () => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  limiter.throttled();
  for (let tenth = 0; tenth < 2; tenth++) {
    await clock.sleep(100);
    for (let request = 0; request < 50; request++) {
      limiter.accepted();
    }
  }
  for (let request = 0; request < 40; request++) {
    limiter.throttled();
  }
  expect(limiter.ratePerSecond).toBeGreaterThan(400);
  expect(limiter.ratePerSecond).toBeLessThanOrEqual(500);
});

test('a throttled request now and then says nothing about what is granted', async () => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  limiter.throttled();
  for (let request = 0; request < 98; request++) {
    await clock.sleep(5);
    limiter.accepted();
  }
  limiter.throttled();
  expect(limiter.ratePerSecond).toBe(800);
});

test.each([50, 400, 950])('the rate settles below a limit of %i, wherever it begins', async (limit) => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  for (let request = 0; request < 2_000; request++) {
    const before = limiter.ratePerSecond;
    if (before > limit && request % 2 === 0) {
      limiter.throttled();
    } else {
      limiter.accepted();
    }
    expect(limiter.ratePerSecond).toBeLessThanOrEqual(before);
    expect(limiter.ratePerSecond).toBeGreaterThanOrEqual(5);
    await clock.sleep(20);
  }
  expect(limiter.ratePerSecond).toBeLessThanOrEqual(limit);
});

test('a rate that is not known is found', async () => {
  const clock = new VirtualClock();
  const limiter = new Limiter({ clock, ratePerSecond: 1_000 });
  const limit = 400;
  let tokens = limit;
  let last = clock.now();
  let throttled = 0;
  let sent = 0;
  const end = clock.now() + 60_000;
  while (clock.now() < end) {
    await limiter.acquire();
    sent++;
    tokens = Math.min(limit, tokens + ((clock.now() - last) / 1_000) * limit);
    last = clock.now();
    if (tokens < 1) {
      throttled++;
      limiter.throttled();
    } else {
      tokens--;
      limiter.accepted();
    }
  }
  expect((sent - throttled) / (60 * limit)).toBeGreaterThan(0.9);
  expect(throttled / sent).toBeLessThan(0.01);
});

test('a wait ends with its signal', async () => {
  const limiter = new Limiter({ clock: new VirtualClock(), ratePerSecond: 1 });
  const stop = new AbortController();
  await limiter.acquire(stop.signal);
  const waiting = limiter.acquire(stop.signal);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});
