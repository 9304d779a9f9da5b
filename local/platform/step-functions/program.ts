import { allStates, type Machine, type State } from './definition';

/** Step Functions lets a task take that long where nothing is said; the interpreter would give up after a minute. */
const LONGEST_SECONDS = 2_000_000;

/** No wait gets shorter than this, or polling would become the machine's main load. */
const SHORTEST_SECONDS = 0.2;

/** How much longer each retry waits than the one before it, where the definition says that all wait alike. */
const GROWTH = 1.05;

const TYPE_TESTS = ['IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean', 'IsTimestamp'];

interface Retrier {
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
}

type Rule = { And?: Rule[]; Or?: Rule[]; Not?: Rule; Next?: string; [operator: string]: unknown };

/**
 * The definition as it is given to the interpreter: the same machine, with what the interpreter reads otherwise than Step Functions
 * put in words that both understand, and with waits multiplied by `scale` (1: as on AWS).
 */
export function toProgram(definition: Machine, scale: number): Machine {
  const program = structuredClone(definition);
  if (program.TimeoutSeconds !== undefined) {
    program.TimeoutSeconds = Math.min(program.TimeoutSeconds, LONGEST_SECONDS);
  }
  for (const [, state] of allStates(program)) {
    for (const object of [state, ...state.Catch as State[] ?? []]) {
      if (object.ResultPath === '$') {
        delete object.ResultPath;
      }
    }
    if (state.Type === 'Task' && state.TimeoutSecondsPath === undefined) {
      state.TimeoutSeconds = Math.min((state.TimeoutSeconds as number | undefined) ?? LONGEST_SECONDS, LONGEST_SECONDS);
    }
    if (state.Type === 'Wait' && typeof state.Seconds === 'number') {
      state.Seconds = shorten(state.Seconds, scale);
    }
    if (state.Choices) {
      state.Choices = (state.Choices as Rule[]).map(withoutNegativeTests);
    }
    if (state.Retry && scale < 1) {
      state.Retry = (state.Retry as Retrier[]).map((retrier) => shortenRetrier(retrier, scale));
    }
  }
  return program;
}

/** A loop of Wait states that counts its rounds therefore gives up sooner than on AWS, by the same factor. */
function shorten(seconds: number, scale: number): number {
  return Math.min(seconds, Math.max(SHORTEST_SECONDS, seconds * scale));
}

/**
 * Short waits first, so that what is ready soon is noticed soon; growing back to the original wait, so that what takes long is still
 * waited for. With attempts kept, the budget stays near AWS's: an interval of 10 s and 330 attempts give 44 of 55 minutes. Few attempts
 * (under about 50) give up much sooner than on AWS, but never before 0.2 s × attempts.
 */
function shortenRetrier(retrier: Retrier, scale: number): Retrier {
  const { IntervalSeconds: interval = 1, MaxAttempts: attempts = 3, BackoffRate: rate = 2, MaxDelaySeconds: limit = Infinity } = retrier;
  const longest = Math.min(limit, interval * rate ** Math.max(0, attempts - 1), LONGEST_SECONDS);
  return {
    ...retrier,
    IntervalSeconds: shorten(interval, scale),
    BackoffRate: Math.max(rate, GROWTH),
    MaxDelaySeconds: longest,
  };
}

/** `IsPresent: false` and its like are always false for the interpreter; their negation it understands. */
function withoutNegativeTests(rule: Rule): Rule {
  const { Next: next, ...rest } = rule;
  const negative = TYPE_TESTS.find((test) => rest[test] === false);
  const positive: Rule = negative ? { Not: { ...rest, [negative]: true } } : {
    ...rest,
    ...rest.And && { And: rest.And.map(withoutNegativeTests) },
    ...rest.Or && { Or: rest.Or.map(withoutNegativeTests) },
    ...rest.Not && { Not: withoutNegativeTests(rest.Not) },
  };
  return next === undefined ? positive : { ...positive, Next: next };
}
