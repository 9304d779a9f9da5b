import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Conduct } from './behaviour';
import type { Certificate } from './certificate';
import type { ReceiverReport, ReceiverRequest } from './receiver';

/** The receiver, which has a process and thus a core of its own. */
export class ReceiverProcess {
  static async start(script: string, certificate?: Certificate): Promise<ReceiverProcess> {
    const child = fork(script, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const port = await ask(child, { do: 'listen', ...certificate }) as number;
    return new ReceiverProcess(child, `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`);
  }

  private constructor(private readonly child: ChildProcess, readonly endpoint: string) {}

  /** Forgets everything and behaves so from now on. */
  async conduct(conduct: Conduct): Promise<void> {
    await ask(this.child, { do: 'conduct', conduct });
  }

  async report(): Promise<ReceiverReport> {
    return await ask(this.child, { do: 'report' }) as ReceiverReport;
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    await exit;
  }
}

/** One question at a time; the receiver answers in order. */
async function ask(child: ChildProcess, request: ReceiverRequest): Promise<unknown> {
  const answer = once(child, 'message');
  child.send(request);
  const [message] = await answer;
  return message;
}
