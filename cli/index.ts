import { serve } from './local';

/** The command `cdk-storage-gateway`: a word, and what it does. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  local: serve,
};

const USAGE = `Usage: cdk-storage-gateway local [--port N] [--data DIR] [--restart-seconds N]

  local   Run AWS Storage Gateway, the EBS direct APIs and what belongs to them on one port of this machine.
          --port N     the port; a free one where it is 0 or absent
          --data DIR   keep the state in this directory; what was acknowledged survives every end of the process
          --restart-seconds N   how long an appliance is out of reach after its activation; 0 unless said otherwise
`;

async function main([command, ...args]: string[]): Promise<void> {
  if (command === '--help' || command === '-h') {
    process.stdout.write(USAGE);
    return;
  }
  if (command === undefined || !Object.hasOwn(COMMANDS, command)) {
    process.stderr.write(`${command === undefined ? '' : `There is no command ${JSON.stringify(command)}.\n`}${USAGE}`);
    process.exitCode = 1;
    return;
  }
  await COMMANDS[command](args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
