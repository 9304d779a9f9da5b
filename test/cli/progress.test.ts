import { Progress } from '../../cli/progress';

/** What stands on a terminal of so many columns when half was written in two seconds. */
function pictureOf(columns: number | undefined): string {
  let picture = '';
  let now = 1_000;
  const progress = new Progress({ isTTY: true, columns, write: (text) => picture = text }, () => now);
  const position = { phase: 'writing', total: 4_000, throttles: 3, retries: 4 };
  progress.show({ ...position, done: 0, requests: 0 });
  now += 2_000;
  progress.show({ ...position, done: 2_000, requests: 2_000 });
  return picture;
}

test('a wide terminal shows everything', () => {
  expect(pictureOf(160)).toBe(
    '[############------------] writing 50 %, 2000/4000 blocks, 1000.0 MiB, 1000 blocks/s (500.0 MiB/s), 3 throttled, 1 retried, 2 s left',
  );
});

test.each([120, 100, 80, undefined])('on %p columns what matters is not cut off', (columns) => {
  const picture = pictureOf(columns);
  expect(picture.length).toBeLessThan(columns ?? 81);
  expect(picture).toContain('writing 50 %');
  expect(picture).toMatch(/1000 blocks\/s .* 2 s left$/);
});

test('a line goes out in full where there is no terminal', () => {
  const lines: string[] = [];
  const progress = new Progress({ write: (text) => lines.push(text) }, () => 0);
  progress.show({ phase: 'verifying', done: 2, total: 2, requests: 2, retries: 0, throttles: 0 });
  progress.end();
  expect(lines).toEqual(['verifying 100 %, 2/2 blocks, 1.00 MiB\n']);
});
