import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { INJECTED, type FrontCall, type FrontFault } from './front';
import type { Play } from './plays';
import { SEED_PLAYS } from './seed-plays';
import { PROVIDER, SeedWorld, WORKER } from './seed-world';
import { SeedSource, SnapshotSeed } from '../../src';
import { aStack } from '../declarations';

/*
 * The fault matrix of the snapshot seed: as for the other nouns, each verb runs once without faults, and its calls make the cases. Here they are
 * those of the handler and of the worker, to five services.
 */

interface Case extends Pick<FrontCall, 'caller' | 'service' | 'operation'> {
  readonly nth: number;
  readonly fault: typeof FAULTS[number];
}

/** `everybody`: an outage, where the others concern one caller. `repeats`: the second call is tried, too. `ends`: whether the verb must succeed, must fail, or may do either. */
const FAULTS = [
  { name: 'throttled', trouble: 'throttled', when: 'before', times: 1, ends: 'well' },
  { name: 'failed inside, before', trouble: 'failed inside', when: 'before', times: 1, repeats: true, ends: 'well' },
  { name: 'failed inside, after', trouble: 'failed inside', when: 'after', times: 1, repeats: true, ends: 'well' },
  { name: 'lost before', trouble: 'no answer', when: 'before', times: 1, repeats: true, ends: 'well' },
  { name: 'lost after', trouble: 'no answer', when: 'after', times: 1, repeats: true, ends: 'well' },
  { name: 'cut off', trouble: 'half an answer', when: 'after', times: 1, ends: 'well' },
  { name: 'denied', trouble: 'denied', when: 'before', times: 1, ends: 'well while new' },
  { name: 'denied for good', trouble: 'denied', when: 'before', times: Infinity, ends: 'badly' },
  { name: 'refused', trouble: 'refused', when: 'before', times: 1, repeats: true, ends: 'badly' },
  { name: 'failing for good, before', trouble: 'failed inside', when: 'before', times: Infinity, everybody: true, ends: 'badly' },
  { name: 'failing for good, after', trouble: 'failed inside', when: 'after', times: Infinity, everybody: true, ends: 'somehow' },
] as const satisfies readonly (Pick<FrontFault, 'when' | 'times' | 'trouble'> & { name: string; everybody?: true; repeats?: true; ends: string })[];

const SILENCE = { name: 'silent', trouble: 'silence', when: 'after', times: 1, ends: 'well' } as const;

let world: SeedWorld;
let cases = 0;
/** By caller. */
const recorded = new Map([[PROVIDER, new Set<string>()], [WORKER, new Set<string>()]]);
/** The worker does the same wherever it runs, and so does a Create until it fails: their calls are tried where they occur first. */
const tried = new Set<string>();

beforeAll(async () => (world = await SeedWorld.make()));
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0.99));
afterAll(async () => {
  await world.close();
  process.stdout.write(`fault matrix of the snapshot seed: ${cases} cases\n`);
});

interface Count extends Pick<FrontCall, 'caller' | 'service' | 'operation'> {
  calls: number;
  effects: number;
}

async function journalOf(name: string, play: Play): Promise<Count[]> {
  const isCreate = name.startsWith('Create');
  const seen = world.front.calls.length;
  await play.act();
  const calls = world.front.calls.slice(seen);
  world.front.faults.length = 0;
  await play.holds();
  const counts = new Map<string, Count>();
  for (const { caller, service, operation, action, tookEffect } of calls) {
    const key = `${caller} ${service}:${operation}`;
    const count = counts.get(key) ?? { caller, service, operation, calls: 0, effects: 0 };
    counts.set(key, { ...count, calls: count.calls + 1, effects: count.effects + (tookEffect ? 1 : 0) });
    recorded.get(caller)?.add(action);
  }
  const fresh = [...counts].filter(([key, { caller }]) => !(caller === WORKER || isCreate) || !tried.has(key));
  [...counts].filter(([, { caller }]) => caller === WORKER || isCreate).forEach(([key]) => tried.add(key));
  return fresh.map(([, count]) => count);
}

function casesOf(journal: Count[], faults: readonly (typeof FAULTS[number] | typeof SILENCE)[]): Case[] {
  return journal.flatMap(({ caller, service, operation, calls, effects }) => faults.flatMap((fault) => {
    const times = fault.when === 'before' ? calls : effects;
    // Of calls that repeat in a loop, the first two stand for all.
    const most = 'repeats' in fault ? 2 : 1;
    return Array.from({ length: Math.min(times, most) }, (_, index) => ({ caller, service, operation, nth: index + 1, fault: fault as Case['fault'] }));
  }));
}

/** @returns what went wrong */
async function tryCase(name: string, { caller, service, operation, nth, fault }: Case): Promise<string | undefined> {
  const ends = endOf(name, caller, fault);
  const play = await SEED_PLAYS[name](world);
  const fired = world.front.inject({ ...fault, service, operation, nth, ...(!('everybody' in fault) && { caller }) });
  let failure: unknown;
  try {
    await play.act();
  } catch (error) {
    failure = error;
  }
  const happened = fired();
  world.front.faults.length = 0;
  try {
    if (happened === 0) {
      return 'the fault did not fire';
    }
    if (failure === undefined) {
      await play.holds();
      return ends === 'badly' ? 'it succeeded' : undefined;
    }
    const text = (failure as Error).message;
    if (ends === 'well') {
      return `it failed: ${text}`;
    }
    await play.recover();
    const says = ends === 'somehow' ? [] : [operation, INJECTED].filter((word) => !text.includes(word));
    return says.length > 0 ? `the failure does not say ${says.join(' and ')}: ${text}` : undefined;
  } catch (error) {
    return `afterwards: ${(error as Error).message}`;
  } finally {
    await play.cleanUp();
  }
}

function endOf(name: string, caller: string, fault: Case['fault']): 'well' | 'badly' | 'somehow' {
  if (fault.ends !== 'well while new') {
    // Whether its worker fails does not concern a Delete, nor a Create that fails anyway.
    return fault.ends === 'badly' && caller === WORKER && name !== 'Create' ? 'somehow' : fault.ends;
  }
  return caller === WORKER || name.startsWith('Create') ? 'well' : 'badly';
}

async function expectToSurvive(name: string, faults: Parameters<typeof casesOf>[1]): Promise<void> {
  const first = await SEED_PLAYS[name](world);
  const journal = await journalOf(name, first);
  await first.cleanUp();
  const broken: string[] = [];
  for (const one of casesOf(journal, faults)) {
    const wrong = await tryCase(name, one);
    cases += 1;
    if (wrong !== undefined) {
      broken.push(`${one.caller}: ${one.operation} #${one.nth} ${one.fault.name}: ${wrong}`);
    }
  }
  expect(broken).toEqual([]);
}

test.each(Object.keys(SEED_PLAYS))('%s survives every fault of every call', (name) => expectToSurvive(name, FAULTS));

describe('a call that stays without an answer is given up and repeated', () => {
  const realTime = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'Date'] as const;

  beforeEach(() => {
    tried.clear();
    jest.useFakeTimers({ doNotFake: [...realTime] });
    world.front.onSilence = () => jest.advanceTimersByTime(61_000);
  });
  afterEach(() => void jest.useRealTimers());

  test.each(['Create', 'Update of tags', 'Delete'])('%s', (name) => expectToSurvive(name, [SILENCE]));
});

test('the calls that were made are those that the roles allow', () => {
  const stack = aStack();
  new SnapshotSeed(stack, 'Seed', { source: SeedSource.fromBucket(s3.Bucket.fromBucketName(stack, 'Images', 'images'), 'one.img') });
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as { Properties: PolicyProperties }[];
  const allowedTo = (role: RegExp) => [...new Set(policies
    .filter(({ Properties: { Roles } }) => Roles.some(({ Ref }) => role.test(Ref)))
    .flatMap(({ Properties: { PolicyDocument } }) => PolicyDocument.Statement.flatMap(({ Action }) => Action)))]
    // What other nouns need is tried with them; logs are Lambda's own.
    .filter((action) => !/^(storagegateway|kms|logs|lambda):/.test(action)).sort();
  const madeBy = (caller: string) => [...recorded.get(caller) ?? []].sort();
  expect(madeBy(WORKER)).toEqual(allowedTo(/^SnapshotSeedMachineWorkerRole/));
  expect(madeBy(PROVIDER)).toEqual(allowedTo(/Provider/));
});

interface PolicyProperties {
  readonly Roles: readonly { readonly Ref: string }[];
  readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | readonly string[] }[] };
}
