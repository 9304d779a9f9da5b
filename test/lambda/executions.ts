import { randomUUID } from 'node:crypto';
import { handler as worker } from '../../lambda/seed';
import { nameOf, type Completion, type ExecutionInput, type PlannedSeed, type SeedInput, type SeedOutput, type SeedTask } from '../../lambda/seed/execution';
import { metricLog } from '../../lambda/seed/metrics';
import { inParallel } from '../../seed/parallel';
import { serveApi, type ApiServer } from '../local/platform/api-server';

type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';

interface Execution {
  readonly executionArn: string;
  readonly name: string;
  readonly input: string;
  readonly startDate: number;
  status: Status;
  stopDate?: number;
  output?: string;
  error?: string;
  cause?: string;
}

export const MACHINE = 'arn:aws:states:eu-central-1:000000000000:stateMachine:seeds';

/** Executions of the state machine, whose steps are done here in the process. */
export class Executions {
  readonly all = new Map<string, Execution>();
  /** Runs in place of the worker where it is set. */
  instead?: (execution: string, input: SeedInput) => Promise<unknown>;
  /** What the workers report. */
  readonly metrics: string[] = [];
  private api?: ApiServer;
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly now: () => number) {}

  async listen(): Promise<string> {
    metricLog.write = (line) => void this.metrics.push(line);
    this.api = await serveApi(async ({ headers, body }) => {
      const operation = String(headers['x-amz-target']).split('.')[1] as 'StartExecution';
      const answer = this[operation](JSON.parse(body.toString()) as never);
      return {
        statusCode: 'refused' in answer ? 400 : 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: JSON.stringify('refused' in answer ? { __type: answer.refused } : answer),
      };
    });
    return this.api.endpoint;
  }

  /** When all workers are done. */
  async idle(): Promise<void> {
    await Promise.all(this.running);
  }

  async close(): Promise<void> {
    await this.idle();
    await this.api?.close();
  }

  StartExecution({ name, input }: { name: string; input: string }) {
    const executionArn = `${MACHINE.replace('stateMachine', 'execution')}:${name}`;
    const known = this.all.get(executionArn);
    if (known && (known.status !== 'RUNNING' || known.input !== input)) {
      return { refused: 'ExecutionAlreadyExists' };
    }
    if (!known) {
      const execution: Execution = { executionArn, name, input, startDate: this.now() / 1_000, status: 'RUNNING' };
      this.all.set(executionArn, execution);
      const run = this.run(execution).finally(() => this.running.delete(run));
      this.running.add(run);
    }
    return { executionArn, startDate: this.now() / 1_000 };
  }

  DescribeExecution({ executionArn }: { executionArn: string }) {
    return { ...this.all.get(executionArn) ?? { refused: 'ExecutionDoesNotExist' } };
  }

  StopExecution({ executionArn }: { executionArn: string }) {
    const execution = this.all.get(executionArn);
    if (!execution) {
      return { refused: 'ExecutionDoesNotExist' };
    }
    this.end(execution, { status: 'ABORTED' });
    return { stopDate: execution.stopDate };
  }

  ListExecutions() {
    const newestFirst = [...this.all.values()].reverse();
    return { executions: newestFirst.map(({ executionArn, name, status, startDate }) => ({ executionArn, name, status, startDate })) };
  }

  /** Does what the state machine does. @param milliseconds that each worker has */
  async work(execution: string, seed: SeedInput, milliseconds = 900_000): Promise<SeedOutput> {
    const common = { execution, seed };
    const step = async <Answer>(task: SeedTask): Promise<Answer> => {
      for (let tries = 1; ; tries++) {
        if (this.all.get(execution)?.status !== 'RUNNING') {
          throw new Error('the execution was stopped');
        }
        try {
          return await worker(task, { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => milliseconds }) as Answer;
        } catch (error) {
          if ((error as Error).name !== 'OutOfTime' || tries === MOST_TRIES) {
            throw error;
          }
        }
      }
    };
    let plan: PlannedSeed | undefined;
    try {
      const { snapshot, shards, requestsPerSecond } = plan = await step<PlannedSeed>({ ...common, step: 'plan' });
      const each = async (task: (shard: PlannedSeed['shards'][number]) => SeedTask) => {
        const left = [...shards];
        await inParallel(seed.workers, async () => {
          for (let shard = left.shift(); shard; shard = left.shift()) {
            await step(task(shard));
          }
        });
      };
      await each((shard) => ({ ...common, step: 'write', snapshot, requestsPerSecond, shard }));
      const completion = await step<Completion>({ ...common, step: 'complete', plan });
      await step({ ...common, step: 'await', snapshot });
      if (seed.verify !== 'none') {
        await each((shard) => ({ ...common, step: 'verify', snapshot, requestsPerSecond, shard, completion }));
      }
      return await step<SeedOutput>({ ...common, step: 'finish', plan, completion });
    } catch (error) {
      // What cannot be cleaned up is left to the Delete; the reason of the failure is the first one.
      await step({ ...common, step: 'clean-up', reached: { plan } }).catch(() => undefined);
      throw error;
    }
  }

  private async run(execution: Execution): Promise<void> {
    const { seed } = JSON.parse(execution.input) as ExecutionInput;
    try {
      const output = await (this.instead?.(execution.executionArn, seed) ?? this.work(execution.executionArn, seed));
      this.end(execution, { status: 'SUCCEEDED', output: JSON.stringify(output) });
    } catch (error) {
      const { name, message } = error as Error;
      this.end(execution, { status: 'FAILED', error: name, cause: JSON.stringify({ errorType: name, errorMessage: message }) });
    }
  }

  private end(execution: Execution, result: Partial<Execution>): void {
    if (execution.status === 'RUNNING') {
      Object.assign(execution, { stopDate: this.now() / 1_000 }, result);
    }
  }
}

/** Calls of a step that end for lack of time before the state machine gives up. */
const MOST_TRIES = 20;

export { nameOf };
