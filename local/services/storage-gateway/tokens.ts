import { invalidRequest } from './errors';
import type { Context } from '../service';
import type { Collection } from '../state/state';

interface Answered {
  readonly request: string;
  readonly output: unknown;
  readonly at: number;
}

/** AWS does not say how long it remembers a token; a day is longer than any client tries again. */
const MEMORY_IN_HOURS = 24;

/** Does something once per client token: the same request again gets the same answer, also when what was made is gone by then. */
export function once<Output>(context: Context, operation: string, input: { ClientToken: string }, make: () => Output): Output {
  const answers: Collection<Answered> = context.state.collection('client-tokens');
  const key = `${operation}/${input.ClientToken}`;
  const request = JSON.stringify(input);
  const before = answers.get(key);
  if (before && context.clock.time() < before.at + MEMORY_IN_HOURS * 3_600_000) {
    if (before.request !== request) {
      throw invalidRequest('InvalidParameters', 'The client token was used before, with other parameters.');
    }
    return before.output as Output;
  }
  const output = make();
  answers.put(key, { request, output, at: context.clock.time() });
  return output;
}
