import * as os from 'node:os';
import { manyGateways } from './gateways';
import { bundle } from './handlers';
import { kills } from './kills';
import { synthesis } from './synth';

/** Enough to see that it works; `npm run benchmark -- kills 50` looks for what is rare. */
const RUNS = 5;

async function main(): Promise<void> {
  const [only, runs = RUNS] = process.argv.slice(2);
  if (only === 'kills') return deploymentsWithKills(Number(runs), console.log);
  console.log(`node ${process.version}, ${os.cpus().length} × ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(2)}\n`);

  const { ours, bare, ratio } = synthesis();
  console.log('| synthesis of 10 gateways × 32 volumes | CPU ms | to bare resources |\n|---|---|---|');
  console.log(`| this library | ${ours.toFixed(0)} | ${ratio.toFixed(2)} |\n| bare CfnResource behind the same provider | ${bare.toFixed(0)} | 1 |\n`);

  console.log('| bundle | KiB | load, ms |\n|---|---|---|');
  for (const { name, kib, start } of ['lambda/index', 'lambda/activation-key/index', 'lambda/seed/index'].map(bundle)) {
    console.log(`| ${name} | ${kib.toFixed(0)} | ${start.toFixed(0)} |`);
  }

  const { volumes, deploy, destroy } = await manyGateways();
  console.log('\n| local deployment of 10 gateways × 32 volumes | seconds |\n|---|---|');
  console.log(`| deploy (${volumes} volumes) | ${deploy.toFixed(0)} |\n| destroy | ${destroy.toFixed(0)} |`);
  await deploymentsWithKills(RUNS);
}

async function deploymentsWithKills(runs: number, report?: (line: string) => void): Promise<void> {
  const sum = await kills(runs, report);
  console.log(`\n| ${sum.runs} deployments and destructions, disturbed | count |\n|---|---|`);
  console.log(`| functions, services and CLIs killed | ${sum.kills} |\n| orphans | ${sum.orphans} |\n| duplicates | ${sum.duplicates} |`);
  console.log(`| missing or incomplete | ${sum.unfinished} |\n| did not come to an end | ${sum.stuck} |`);
}

main().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});
