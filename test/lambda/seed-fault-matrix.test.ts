import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { INJECTED, type FrontCall, type FrontFault } from './front';
import { judge, type Ending } from './judgement';
import type { Play } from './plays';
import { SEED_PLAYS } from './seed-plays';
import { PROVIDER, SeedWorld, WORKER } from './seed-world';
import { SeedSource, SnapshotSeed } from '../../src';
import { aStack } from '../declarations';

/*
 * The fault matrix of the snapshot seed: as for the other nouns, each verb runs once without faults, and its calls make the cases. Here they are
 * those of the handler and of the worker, to five services.
 */

/** `everybody`: an outage, where the others concern one caller. */
interface Fault extends Pick<FrontFault, 'when' | 'times' | 'trouble'> {
  readonly everybody?: true;
  readonly ends: Ending;
}

interface Case extends Pick<FrontCall, 'caller' | 'service' | 'operation'> {
  readonly nth: number;
  readonly fault: Fault;
}

/** What is tried again by one and the same code: every place has one of them, and all have their turn. */
const PASSING = { before: ['throttled', 'failed inside', 'no answer'], after: ['failed inside', 'no answer', 'half an answer'] } as const;
/** Of calls that repeat in a loop, the first two stand for all. */
const REPEATED = 2;
/** Milliseconds: a busy machine takes its time for so many cases. */
const LONG = 300_000;

let world: SeedWorld;
let cases = 0;
let places = 0;
/** By caller. */
const recorded = new Map([[PROVIDER, new Set<string>()], [WORKER, new Set<string>()]]);
/** The worker does the same wherever it runs, and so does a Create until it fails: their calls are tried where they occur first. */
const tried = new Set<string>();

beforeAll(async () => (world = await SeedWorld.make()));
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0.99));
afterAll(async () => {
  await world.close();
  process.stdout.write(`fault matrix of the snapshot seed: ${cases} cases, before and after ${places} calls\n`);
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
  places += fresh.length;
  return fresh.map(([, count]) => count);
}

function faultsOf(name: string, journal: Count[]): Case[] {
  const turns = { before: 0, after: 0 };
  const passing = (when: 'before' | 'after'): Fault => ({ trouble: PASSING[when][turns[when]++ % PASSING[when].length], when, times: 1, ends: 'well' });
  return journal.flatMap(({ calls, effects, ...call }) => {
    const each = (count: number, fault: (nth: number) => Fault): Case[] => (
      Array.from({ length: Math.min(count, REPEATED) }, (_, index) => ({ ...call, nth: index + 1, fault: fault(index + 1) }))
    );
    const first = (count: number, ...faults: Fault[]): Case[] => (count > 0 ? faults.map((fault) => ({ ...call, nth: 1, fault })) : []);
    // Whether its worker fails does not concern a Delete, nor a Create that fails anyway.
    const badly = call.caller === WORKER && name !== 'Create' ? 'somehow' : 'badly';
    const refused: Fault = { trouble: 'refused', when: 'before', times: 1, ends: badly };
    const denied: Fault = { trouble: 'denied', when: 'before', times: Infinity, ends: badly };
    // A permission that was granted with the same deployment may not be known yet; later, there is no such reason.
    const mayBeNew = call.caller === WORKER || name.startsWith('Create');
    return [
      ...each(calls, () => passing('before')),
      ...each(effects, () => passing('after')),
      ...each(calls, (nth) => (mayBeNew || nth === 1 ? refused : denied)),
      ...first(mayBeNew || calls === 1 ? 1 : 0, denied),
      ...first(mayBeNew ? 1 : 0, { ...denied, times: 1, ends: 'well' }),
      ...first(calls, { trouble: 'failed inside', when: 'before', times: Infinity, everybody: true, ends: badly }),
      ...first(effects, { trouble: 'failed inside', when: 'after', times: Infinity, everybody: true, ends: 'somehow' }),
    ];
  });
}

/** The first call of each kind stays without an answer. */
function silences(_: string, journal: Count[]): Case[] {
  return journal.filter(({ effects }) => effects > 0).map((call) => ({ ...call, nth: 1, fault: { trouble: 'silence', when: 'after', times: 1, ends: 'well' } }));
}

/** @returns what went wrong */
async function tryCase(name: string, { caller, service, operation, nth, fault }: Case): Promise<string | undefined> {
  const play = await SEED_PLAYS[name](world);
  const { trouble, when, times } = fault;
  const fired = world.front.inject({ trouble, when, times, service, operation, nth, ...(!fault.everybody && { caller }) });
  const injected = { fired: () => fired() > 0, clear: () => void (world.front.faults.length = 0) };
  return judge(play, injected, fault.ends, fault.ends === 'somehow' ? [] : [operation, INJECTED]);
}

async function expectToSurvive(name: string, casesOf: typeof faultsOf): Promise<void> {
  const first = await SEED_PLAYS[name](world);
  const journal = await journalOf(name, first);
  await first.cleanUp();
  const broken: string[] = [];
  for (const one of casesOf(name, journal)) {
    const wrong = await tryCase(name, one);
    cases += 1;
    if (wrong !== undefined) {
      const { caller, operation, nth, fault: { trouble, when, times } } = one;
      broken.push(`${caller}: ${operation} #${nth} ${trouble} ${when}${times > 1 ? ', for good' : ''}: ${wrong}`);
    }
  }
  expect(broken).toEqual([]);
}

test.each(Object.keys(SEED_PLAYS))('%s survives every fault of every call', (name) => expectToSurvive(name, faultsOf), LONG);

describe('a call that stays without an answer is given up and repeated', () => {
  const realTime = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'Date'] as const;

  beforeEach(() => {
    tried.clear();
    jest.useFakeTimers({ doNotFake: [...realTime] });
    world.front.onSilence = () => jest.advanceTimersByTime(61_000);
  });
  afterEach(() => void jest.useRealTimers());

  test.each(['Create', 'Update of tags', 'Delete'])('%s', (name) => expectToSurvive(name, silences), LONG);
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
