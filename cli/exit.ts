/** What the exit code says. */
export const EXIT = {
  done: 0,
  /** And nothing is pending. */
  failed: 1,
  usage: 2,
  /** Before anything was paid for. */
  refused: 3,
  differs: 4,
  /** The same command goes on. */
  resumable: 5,
  interrupted: 130,
} as const;

/** An error that the program ends with an exit code of its own for. */
export class ExitError extends Error {
  constructor(readonly exitCode: number, message: string, readonly snapshotId?: string) {
    super(message);
    this.name = 'ExitError';
  }
}

export const usageError = (message: string) => new ExitError(EXIT.usage, message);

export const refusal = (message: string) => new ExitError(EXIT.refused, message);

export function exitCodeOf(error: unknown): number {
  if (error instanceof ExitError) {
    return error.exitCode;
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS') ? EXIT.usage : EXIT.failed;
}
