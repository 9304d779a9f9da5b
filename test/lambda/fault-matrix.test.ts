import { judge } from './judgement';
import { PLAYS, type Play } from './plays';
import { World } from './world';
import type { Fault } from '../../local/services';
import { PERMISSIONS } from '../../src/private/permissions';

/*
 * Each verb runs once without faults, and its journal of calls makes the cases: every call (operation, n-th time) fails before or after it
 * took effect, once or for good. Nobody lists what can go wrong; a call that is added to a handler is tried from then on.
 */

interface Case {
  readonly service: string;
  readonly operation: string;
  readonly nth: number;
  readonly fault: typeof FAULTS[number];
}

const injected = 'injected by the matrix';

const failedInside = { type: 'InternalServerError', errorCode: 'InternalError', message: injected };
const notConnected = { status: 400, type: 'InvalidGatewayRequestException', errorCode: 'GatewayNotConnected', message: injected };

/** `ends`: whether the verb must succeed, must fail, or may do either (then what follows must hold all the same). */
const FAULTS = [
  { name: 'throttled', when: 'before', times: 1, ends: 'well', error: { status: 400, type: 'ThrottlingException', message: injected } },
  { name: 'not connected', when: 'before', times: 1, ends: 'well', error: notConnected },
  { name: 'failed inside, before', when: 'before', times: 1, ends: 'well', error: { status: 500, ...failedInside } },
  { name: 'failed inside, after', when: 'after', times: 1, ends: 'well', error: { status: 400, ...failedInside } },
  { name: 'lost before', when: 'before', times: 1, ends: 'well', error: 'reset' },
  { name: 'lost after', when: 'after', times: 1, ends: 'well', error: 'reset' },
  { name: 'refused', when: 'before', times: 1, ends: 'badly', error: { status: 400, type: 'ValidationException', message: injected } },
  // A permission that was granted with the same deployment may not be known yet; later, there is no such reason.
  { name: 'denied', when: 'before', times: 1, ends: 'well on Create', error: { status: 400, type: 'AccessDeniedException', message: injected } },
  { name: 'failing for good, before', when: 'before', times: Infinity, ends: 'badly', error: { status: 500, ...failedInside } },
  { name: 'failing for good, after', when: 'after', times: Infinity, ends: 'somehow', error: { status: 500, ...failedInside } },
] as const satisfies readonly (Omit<Fault, 'service' | 'operation' | 'nth'> & { name: string; ends: 'well' | 'badly' | 'well on Create' | 'somehow' })[];

const control = () => world.stage.services.control;
const platform = () => world.stage.platform;

let world: World;
let cases = 0;
const recorded = new Set<string>();

beforeAll(async () => (world = await World.make()));
afterAll(async () => {
  await world.stage.close();
  process.stdout.write(`fault matrix: ${cases} cases\n`);
});

/** How often an operation was called, and how often it took effect: only then can its answer be lost afterwards. */
interface Count {
  calls: number;
  effects: number;
}

/** The calls of one play, by service and operation. */
async function journalOf(play: Play): Promise<Map<string, Count>> {
  const seen = { services: control().state().calls.length, platform: platform().calls.length };
  await play.act();
  const onPlatform = platform().calls.slice(seen.platform).map((call) => ({ ...call, outcome: 'ok' }));
  const counts = new Map<string, Count>();
  for (const { service, operation, outcome } of [...control().state().calls.slice(seen.services), ...onPlatform]) {
    const name = `${service}:${operation}`;
    const { calls, effects } = counts.get(name) ?? { calls: 0, effects: 0 };
    counts.set(name, { calls: calls + 1, effects: effects + (outcome === 'ok' ? 1 : 0) });
    recorded.add(name);
  }
  await play.holds();
  return counts;
}

function casesOf(journal: Map<string, Count>): Case[] {
  return [...journal].flatMap(([name, { calls, effects }]) => {
    const [service, operation] = name.split(':');
    return FAULTS
      .filter((fault) => service === 'storagegateway' || fault.name !== 'not connected')
      // The platform's answers can be taken away, but nothing takes effect there.
      .filter((fault) => !isPlatform(service) || fault.when === 'before')
      .flatMap((fault) => {
        const times = fault.when === 'before' ? calls : effects;
        // The first call that fails for good is the last one.
        return Array.from({ length: fault.times === 1 ? times : Math.min(times, 1) }, (_, index) => ({ service, operation, nth: index + 1, fault }));
      });
  });
}

const isPlatform = (service: string) => ['cloudformation', 'lambda'].includes(service);

type Prepare = (world: World) => Promise<Play>;

/** @returns what went wrong */
async function tryCase(name: string, prepare: Prepare, { service, operation, nth, fault }: Case): Promise<string | undefined> {
  const ends = fault.ends !== 'well on Create' ? fault.ends : name.includes(': Create') ? 'well' : 'badly';
  const play = await prepare(world);
  const fired = inject({ service, operation, nth, ...fault });
  const clear = () => {
    control().clearFaults();
    platform().faults.length = 0;
  };
  return judge(play, { fired, clear }, ends, [operation, injected]);
}

/** @returns whether it fired */
function inject(fault: Fault & { nth: number; times: number; error: NonNullable<Fault['error']> }): () => boolean {
  const { service, operation, nth, times, error } = fault;
  if (!isPlatform(service)) {
    const { id } = control().injectFault(fault);
    return () => (control().listFaults().find((found) => found.id === id)?.fired ?? 0) > 0;
  }
  const first = platform().calls.filter((call) => call.operation === operation).length + nth;
  const entry = { service, operation, nth: first, times, error: error as Exclude<typeof error, 'hang'>, fired: 0 };
  platform().faults.push(entry);
  return () => entry.fired > 0;
}

describe.each(Object.entries(PLAYS))('%s', (name, prepare) => {
  test('survives every fault of every call', async () => {
    const first = await prepare(world);
    const journal = await journalOf(first);
    await first.cleanUp();
    const broken: string[] = [];
    for (const one of casesOf(journal)) {
      const wrong = await tryCase(name, prepare, one);
      cases += 1;
      if (wrong !== undefined) {
        broken.push(`${one.operation} #${one.nth} ${one.fault.name}: ${wrong}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

test('the calls that were made are those that the role allows', () => {
  // The seed's, tried with its own worker; and what Storage Gateway does with a key on behalf of the role.
  const elsewhere = ['ec2:CreateTags', 'ec2:DeleteSnapshot', 'ec2:DeleteTags', 'ec2:GetEbsEncryptionByDefault'];
  const allowed = PERMISSIONS.flatMap(({ actions }) => actions).filter((action) => !action.startsWith('kms:') && !elsewhere.includes(action));
  // The function inside the VPC lets the role in by a permission of its own.
  expect([...recorded].filter((call) => call !== 'lambda:Invoke').sort()).toEqual(allowed.sort());
});
