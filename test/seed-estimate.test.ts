import { estimate, readPrices } from '../cli/estimate';
import * as verifier from '../seed/verifier';
import { blocksReadBack, effectiveWorkers, estimateSeconds, refuseSeed } from '../src/private/seed-estimate';

const GIB = 2_048;

test.each([1, 255, 256, 25_600, 25_601, 1_638_400, 134_217_728])('of %i blocks as many are read back as the engine reads', (blocks) => {
  expect([blocksReadBack(blocks, 'FULL'), blocksReadBack(blocks, 'SAMPLE'), blocksReadBack(blocks, 'NONE')])
    .toEqual([verifier.blocksReadBack(blocks, 'full'), verifier.blocksReadBack(blocks, 'sample'), verifier.blocksReadBack(blocks, 'none')]);
});

test.each([
  ['FULL', 'full'], ['SAMPLE', 'sample'], ['NONE', 'none'],
] as const)('with enough workers and verified %s, a seed grows as fast as in a terminal', (verify, inTerminal) => {
  const inStack = (blocks: number) => estimateSeconds({ blockCount: blocks, verify, maxPutsPerSecond: 500 });
  const onHost = (blocks: number) => estimate({ puts: blocks, blocks, verify: inTerminal, requestsPerSecond: 500 }, readPrices([])).seconds;
  expect(inStack(500 * GIB) - inStack(100 * GIB)).toBeCloseTo(onHost(500 * GIB) - onHost(100 * GIB));
});

test('few workers cannot reach the quota', () => {
  expect(estimateSeconds({ blockCount: 500 * GIB, workers: 2 })).toBeGreaterThan(5 * estimateSeconds({ blockCount: 500 * GIB, workers: 16 }) / 2);
});

test('what may be left out is not held against a seed', () => {
  const blockCount = 1_000 * GIB;
  expect(refuseSeed({ blockCount })).toContain('takes 74 minutes or more');
  expect(refuseSeed({ blockCount, sparing: 'zeros' })).toBeUndefined();
  expect(refuseSeed({ blockCount, sparing: 'parent', verify: 'SAMPLE' })).toBeUndefined();
});

test.each([
  ['about 700 GiB fit into the hour with everything read back', { blockCount: 700 * GIB }, { blockCount: 730 * GIB }],
  ['twice that fits without', { blockCount: 1_400 * GIB, verify: 'NONE' }, { blockCount: 1_460 * GIB, verify: 'NONE' }],
  ['an execution has fewer than a thousand shards', { blockCount: 3_996 * GIB, waitForCompletion: false }, { blockCount: 3_996 * GIB + 1, waitForCompletion: false }],
  ['an execution holds so many events', { blockCount: 3_996 * GIB, maxPutsPerSecond: 100, waitForCompletion: false },
    { blockCount: 3_996 * GIB, maxPutsPerSecond: 50, waitForCompletion: false }],
] as const)('%s', (_, fits, refused) => {
  expect(refuseSeed(fits)).toBeUndefined();
  expect(refuseSeed(refused)).toEqual(expect.any(String));
});

test('no worker is left less than a block a second', () => {
  expect(effectiveWorkers({ maxPutsPerSecond: 3 })).toBe(3);
  expect(effectiveWorkers({ maxPutsPerSecond: 1_000, workers: 4 })).toBe(4);
});
