import { EXIT, ExitError } from './exit';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C stops in good order, SIGTERM and SIGHUP too; whoever sends a second one wants the end at once. */
export class Interruption {
  private readonly stop = new AbortController();
  private readonly listener: (name: NodeJS.Signals) => void;

  constructor() {
    this.listener = (name) => {
      if (this.signal.aborted) {
        process.exit(EXIT.interrupted);
      }
      this.stop.abort(new ExitError(name === 'SIGINT' ? EXIT.interrupted : EXIT.resumable, `stopped by ${name}`));
    };
    SIGNALS.forEach((name) => process.on(name, this.listener));
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  end(): void {
    SIGNALS.forEach((name) => process.off(name, this.listener));
  }
}
