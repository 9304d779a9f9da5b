import { parseArgs } from 'node:util';
import { SEED_GROUPS, type SeedBenchmark, type SeedGroup } from './seed';

export const PARTS = ['synth', 'bundles', 'deploy', 'kills', 'seed'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly help: boolean;
  readonly parts: readonly Part[];
  /** Disturbed deployments. */
  readonly runs: number;
  readonly seed: SeedBenchmark;
  readonly check: boolean;
}

export const USAGE = `Usage: npm run benchmark -- [PART ...] [options]

  synth     synthesis of ten gateways with 32 volumes each, against bare resources
  bundles   size of the bundles, and time to load them
  deploy    a local deployment of those ten gateways
  kills     deployments in which functions, services and CLIs are killed: nothing may be left, doubled or missing
  seed      the command seed against coldsnap and against the limits that it is to keep

All of them where none is named. Options:
  --runs N       disturbed deployments. Default: 5, enough to see that it works; 50 look for what is rare
  --pairs N      pairs of seeds, ours and coldsnap's. Default: 5
  --size GIB     of the images of seeds. Default: 2
  --only A,B     rows of seeds: ${SEED_GROUPS.join(', ')}
  --write        put the table of seeds, and its chart, into README.md; needs all rows
  --check        exit with 1 if a measure of seeds is short of what it is to reach
`;

/** Not done as it was said: nothing is wrong but the command. */
export class UsageError extends Error {}

export function readOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  const parts = oneOrMore<Part>('PART', positionals, PARTS);
  const groups = oneOrMore<SeedGroup>('--only', values.only?.split(',') ?? [], SEED_GROUPS);
  if (values.write && (values.only !== undefined || !parts.includes('seed'))) {
    throw new UsageError('--write needs the part seed with all its rows, so it cannot be given together with --only');
  }
  return {
    help: values.help,
    parts,
    runs: positive('runs', values.runs),
    seed: { pairs: positive('pairs', values.pairs), size: positive('size', values.size), groups, write: values.write },
    check: values.check,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        runs: { type: 'string', default: '5' },
        pairs: { type: 'string', default: '5' },
        size: { type: 'string', default: '2' },
        only: { type: 'string' },
        write: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function oneOrMore<T extends string>(what: string, given: readonly string[], allowed: readonly T[]): readonly T[] {
  const unknown = given.find((word) => !allowed.some((known) => known === word));
  if (unknown !== undefined) {
    throw new UsageError(`${what} must be one of ${allowed.join(', ')}, got ${JSON.stringify(unknown)}`);
  }
  return given.length === 0 ? allowed : allowed.filter((word) => given.includes(word));
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || (option !== 'size' && !Number.isInteger(value))) {
    throw new UsageError(`--${option} must be a ${option === 'size' ? '' : 'whole '}number above 0, got ${JSON.stringify(text)}`);
  }
  return value;
}
