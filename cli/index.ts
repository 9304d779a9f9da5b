import { EXIT, exitCodeOf } from './exit';
import { serve } from './local';
import { readBack } from './read';
import { seed } from './seed';
import { USAGE } from './usage';
import { verify } from './verify';

/** The command `cdk-storage-gateway`: a word, and what it does. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  seed,
  verify,
  read: readBack,
  local: serve,
};

async function main([command, ...args]: string[]): Promise<void> {
  if ([command, ...args].some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(USAGE);
    return;
  }
  if (command === undefined || !Object.hasOwn(COMMANDS, command)) {
    process.stderr.write(`${command === undefined ? '' : `there is no command ${JSON.stringify(command)}\n`}${USAGE}`);
    process.exitCode = EXIT.usage;
    return;
  }
  await COMMANDS[command](args);
}

// The SDK announces the end of Node 20 at every start.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCodeOf(error);
});
