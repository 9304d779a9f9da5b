import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { Retrier } from '../../seed/retrier';
import { clientConfiguration, withoutRetries } from '../../seed/sdk-client';

/** Lambda's time is nearly over. What is done is stored, and a successor goes on; by this name the state machine knows it. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** Milliseconds between two looks, more or less, so that workers that were started together do not look together. */
const LOOK_EVERY = 5_000;
const JITTER = 0.3;

/** Stops the work when nobody wants it any more, or when the time is up. */
export class Watch {
  private readonly stop = new AbortController();
  private readonly states = withoutRetries(new SFNClient(clientConfiguration(1)));
  private readonly deadline: NodeJS.Timeout;
  private look?: NodeJS.Timeout;

  /** @param milliseconds until the time is up */
  constructor(private readonly execution: string, private readonly retrier: Retrier, milliseconds: number) {
    this.deadline = setTimeout(() => this.stop.abort(new OutOfTime(`the worker's time is up after ${Math.round(milliseconds / 1_000)} seconds`)), milliseconds);
    this.lookLater();
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  /** The state machine does not end its workers when it is stopped; they have to look. */
  readonly assertWanted = async (): Promise<void> => {
    const describe = () => this.states.send(new DescribeExecutionCommand({ executionArn: this.execution }), { abortSignal: this.stop.signal });
    const { status } = await this.retrier.run('DescribeExecution', describe, { signal: this.stop.signal });
    if (status !== 'RUNNING') {
      throw new Error(`the execution ${this.execution} is ${status}`);
    }
  };

  end(): void {
    clearTimeout(this.look);
    clearTimeout(this.deadline);
    this.states.destroy();
  }

  private lookLater(): void {
    this.look = setTimeout(() => {
      this.assertWanted().then(() => this.lookLater(), (error: unknown) => this.stop.abort(error));
    }, LOOK_EVERY * (1 - JITTER + 2 * JITTER * Math.random()));
  }
}
