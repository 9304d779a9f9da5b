import { type ChildProcess, fork } from 'node:child_process';
import type { EnvironmentMessage } from './runtime';

/** Init may take ten seconds on AWS before it counts as part of the invocation. */
const INIT_SECONDS = 10;

/** A response may be 6 MB and a little for its envelope. */
const MAXIMUM_RESPONSE_BYTES = 6_291_556;

export interface Invocation {
  readonly requestId: string;
  readonly arn: string;
  readonly payload: string;
}

export interface InvocationResult {
  readonly payload: string;
  readonly error: boolean;
}

export interface ExecutionEnvironmentOptions {
  readonly runtimeFile: string;
  readonly codeDirectory: string;
  readonly variables: Record<string, string>;
  readonly timeoutSeconds: number;
  /** File descriptor for everything that the function prints. */
  readonly log: number;
}

/** One execution environment: a process that takes one invocation at a time and stays warm between them. */
export class ExecutionEnvironment {
  /** Settles when the process has ended. */
  public readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private ready = false;
  private alive = true;
  private timer?: NodeJS.Timeout;
  private current?: { invocation: Invocation; resolve: (result: InvocationResult) => void };

  constructor(private readonly options: ExecutionEnvironmentOptions) {
    this.child = fork(options.runtimeFile, [], {
      cwd: options.codeDirectory,
      env: options.variables,
      execArgv: [],
      stdio: ['ignore', options.log, options.log, 'ipc'],
    });
    this.child.on('message', (message: EnvironmentMessage) => this.receive(message));
    this.exited = new Promise((resolve) => {
      const ended = (reason: string) => {
        this.alive = false;
        this.settle({ error: true, payload: this.describe('Runtime.ExitError', reason) });
        resolve();
      };
      this.child.once('error', (error) => ended(error.message));
      this.child.once('exit', (code, signal) => {
        const how = signal === 'SIGKILL' ? 'signal: killed' : signal ? `signal: ${signal}` : `exit status ${code}`;
        ended(code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: ${how}`);
      });
    });
  }

  public get idle(): boolean {
    return this.alive && !this.current;
  }

  public invoke(invocation: Invocation): Promise<InvocationResult> {
    return new Promise((resolve) => {
      this.current = { invocation, resolve };
      if (this.ready) {
        this.dispatch();
      } else {
        this.expire(INIT_SECONDS + this.options.timeoutSeconds);
      }
    });
  }

  public kill(): void {
    this.alive = false;
    this.child.kill('SIGKILL');
  }

  private receive(message: EnvironmentMessage): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        return this.dispatch();
      case 'init-error':
        this.alive = false;
        return this.settle({ error: true, payload: message.payload });
      case 'result': {
        this.alive &&= !message.last;
        const size = Buffer.byteLength(message.payload);
        if (size > MAXIMUM_RESPONSE_BYTES) {
          const reason = `Response payload size exceeded maximum allowed payload size (${MAXIMUM_RESPONSE_BYTES} bytes).`;
          return this.settle({ error: true, payload: JSON.stringify({ errorType: 'Function.ResponseSizeTooLarge', errorMessage: reason }) });
        }
        return this.settle({ error: message.error, payload: message.payload });
      }
    }
  }

  private dispatch(): void {
    if (!this.current) {
      return;
    }
    const { invocation } = this.current;
    const deadline = Date.now() + this.options.timeoutSeconds * 1000;
    this.expire(this.options.timeoutSeconds);
    this.child.send({ ...invocation, deadline }, (error) => {
      if (error) {
        this.kill(); // The process is going; its exit answers.
      }
    });
  }

  private expire(seconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.kill();
      const reason = `Task timed out after ${this.options.timeoutSeconds.toFixed(2)} seconds`;
      this.settle({ error: true, payload: this.describe('Sandbox.Timedout', reason) });
    }, seconds * 1000);
  }

  private settle(result: InvocationResult): void {
    clearTimeout(this.timer);
    const settled = this.current;
    this.current = undefined;
    settled?.resolve(result);
  }

  private describe(errorType: string, reason: string): string {
    return JSON.stringify({ errorType, errorMessage: `RequestId: ${this.current?.invocation.requestId} Error: ${reason}` });
  }
}
