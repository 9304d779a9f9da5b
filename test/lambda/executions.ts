import { handler as worker } from '../../lambda/seed';
import { nameOf, type SeedInput } from '../../lambda/seed/execution';
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

/** Executions of a state machine that does nothing but call the worker, here in the process. */
export class Executions {
  readonly all = new Map<string, Execution>();
  /** Runs in place of the worker where it is set. */
  instead?: (execution: string, input: SeedInput) => Promise<unknown>;
  private api?: ApiServer;
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly now: () => number) {}

  async listen(): Promise<string> {
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

  private async run(execution: Execution): Promise<void> {
    const input = JSON.parse(execution.input) as SeedInput;
    try {
      const output = await (this.instead?.(execution.executionArn, input) ?? runWorker(execution.executionArn, input));
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

export function runWorker(execution: string, input: SeedInput, milliseconds = 900_000) {
  return worker({ execution, input }, { getRemainingTimeInMillis: () => milliseconds });
}

export { nameOf };
