import * as os from 'node:os';
import { manyGateways } from './gateways';
import { bundle } from './handlers';
import { kills } from './kills';
import { readOptions, USAGE, UsageError, type Options, type Part } from './options';
import { benchmarkSeed } from './seed';
import { synthesis } from './synth';

/** What each part prints; false where something is short of what it is to reach. */
const PARTS: Readonly<Record<Part, (options: Options) => Promise<boolean>>> = {
  async synth() {
    const { ours, bare, ratio } = synthesis();
    console.log('| synthesis of 10 gateways × 32 volumes | CPU ms | to bare resources |\n|---|---|---|');
    console.log(`| this library | ${ours.toFixed(0)} | ${ratio.toFixed(2)} |\n| bare CfnResource behind the same provider | ${bare.toFixed(0)} | 1 |`);
    return true;
  },

  async bundles() {
    console.log('| bundle | KiB | load, ms |\n|---|---|---|');
    for (const { name, kib, start } of ['lambda/index', 'lambda/activation-key/index', 'lambda/seed/index'].map(bundle)) {
      console.log(`| ${name} | ${kib.toFixed(0)} | ${start.toFixed(0)} |`);
    }
    return true;
  },

  async deploy() {
    const { volumes, deploy, destroy } = await manyGateways();
    console.log('| local deployment of 10 gateways × 32 volumes | seconds |\n|---|---|');
    console.log(`| deploy (${volumes} volumes) | ${deploy.toFixed(0)} |\n| destroy | ${destroy.toFixed(0)} |`);
    return true;
  },

  async kills({ runs }) {
    const sum = await kills(runs, console.log);
    console.log(`\n| ${sum.runs} deployments and destructions, disturbed | count |\n|---|---|`);
    console.log(`| functions, services and CLIs killed | ${sum.kills} |\n| orphans | ${sum.orphans} |\n| duplicates | ${sum.duplicates} |`);
    console.log(`| missing or incomplete | ${sum.unfinished} |\n| did not come to an end | ${sum.stuck} |`);
    return true;
  },

  async seed({ seed }) {
    return await benchmarkSeed(seed) === 0;
  },
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  console.log(`node ${process.version}, ${os.cpus().length} × ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(2)}`);
  for (const part of options.parts) {
    console.log('');
    if (!await PARTS[part](options) && options.check) {
      process.exitCode = 1;
    }
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? `benchmark: ${error.message} (--help says more)` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
