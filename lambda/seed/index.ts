import { cleanUp } from './clean-up';
import { awaitCompletion, complete } from './complete';
import type { SeedTask } from './execution';
import { finish } from './finish';
import { plan } from './plan';
import { verify } from './verify';
import { Worker, type WorkerContext } from './worker';
import { write } from './write';
import { log } from '../log';

/** Does one step of a seed. */
export async function handler(task: SeedTask, context: WorkerContext): Promise<unknown> {
  const { execution, step } = task;
  const where = { execution, step, ...('shard' in task && { firstBlock: task.shard.firstBlock }) };
  const worker = new Worker(task, context);
  try {
    const answer = await answerTo(task, worker);
    log({ ...where, outcome: 'done' });
    return answer;
  } catch (error) {
    log({ ...where, outcome: 'failed', error: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    await worker.close();
  }
}

function answerTo(task: SeedTask, worker: Worker): Promise<unknown> {
  switch (task.step) {
    case 'plan': return plan(task, worker);
    case 'write': return write(task, worker);
    case 'complete': return complete(task, worker);
    case 'await': return awaitCompletion(task, worker);
    case 'verify': return verify(task, worker);
    case 'finish': return finish(task, worker);
    case 'clean-up': return cleanUp(task, worker);
  }
}
