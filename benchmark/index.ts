import * as os from 'node:os';
import { manyGateways } from './gateways';
import { bundle } from './handlers';
import { synthesis } from './synth';

async function main(): Promise<void> {
  console.log(`node ${process.version}, ${os.cpus().length} × ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(2)}\n`);

  const { ours, bare, ratio } = synthesis();
  console.log('| synthesis of 10 gateways × 32 volumes | CPU ms | to bare resources |\n|---|---|---|');
  console.log(`| this library | ${ours.toFixed(0)} | ${ratio.toFixed(2)} |\n| bare CfnResource | ${bare.toFixed(0)} | 1 |\n`);

  console.log('| bundle | KiB | load, ms |\n|---|---|---|');
  for (const { name, kib, start } of ['lambda/index', 'lambda/activation-key/index', 'lambda/seed/index'].map(bundle)) {
    console.log(`| ${name} | ${kib.toFixed(0)} | ${start.toFixed(0)} |`);
  }

  const { volumes, deploy, destroy } = await manyGateways();
  console.log('\n| local deployment of 10 gateways × 32 volumes | seconds |\n|---|---|');
  console.log(`| deploy (${volumes} volumes) | ${deploy.toFixed(0)} |\n| destroy | ${destroy.toFixed(0)} |`);
}

main().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});
