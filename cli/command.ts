import { EXIT, exitCodeOf } from './exit';
import { USAGE } from './usage';

/** Words, and what they do. */
export type Commands = Readonly<Record<string, (args: string[]) => Promise<void>>>;

/** The end of a program: does what its arguments say. */
export function runCommand(commands: Commands): void {
  // The SDK announces the end of Node 20 at every start.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

  perform(commands, process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodeOf(error);
  });
}

async function perform(commands: Commands, [command, ...args]: string[]): Promise<void> {
  if ([command, ...args].some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(USAGE);
    return;
  }
  if (command === undefined || !Object.hasOwn(commands, command)) {
    process.stderr.write(`${command === undefined ? '' : `there is no command ${JSON.stringify(command)}\n`}${USAGE}`);
    process.exitCode = EXIT.usage;
    return;
  }
  await commands[command](args);
}
