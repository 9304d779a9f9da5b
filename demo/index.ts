import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { Account } from './account';
import { keep } from './keep';
import { step } from './screen';
import { Story } from './story';
import { Cloud } from '../local/cloud';

const USAGE = `npm run demo [-- --image FILE] [--keep]

Deploys examples/volume-gateway with the cdk CLI against the local services, changes it, and takes it down again.

  --image FILE  seed the snapshot from this raw disk image
  --keep        stop before the change and stay until Ctrl-C, to go on with the cdk and aws commands`;

class Interrupted extends Error {}

async function demo(options: { image?: string; keep?: boolean }): Promise<void> {
  const interruption = new Promise<string>((resolve) => ['SIGINT', 'SIGTERM'].forEach((signal) => process.once(signal, () => resolve(signal))));
  // Whatever is going on when the user has had enough, what was started is stopped.
  const unlessInterrupted = <T>(work: Promise<T>) => Promise.race([work, interruption.then((signal) => { throw new Interrupted(`stopped by ${signal}`); })]);

  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-storage-gateway-demo-'));
  let cloud: Cloud | undefined;
  try {
    cloud = await step('Start the local services and the local platform', () => Cloud.start(directory));
    const account = new Account(cloud.endpoint, cloud.variables.AWS_REGION);
    const story = await unlessInterrupted(Story.begin(cloud, account, directory, options.image));
    await unlessInterrupted(story.deploy());
    if (options.keep) {
      await keep(story.variables, interruption);
    } else {
      await unlessInterrupted(story.change());
      await unlessInterrupted(story.destroy());
    }
  } finally {
    await cloud?.stop();
    fs.rmSync(directory, { recursive: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { image: { type: 'string' }, keep: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) return console.log(USAGE);
  await demo(values);
}

main().then(() => process.exit(0), (error: Error) => {
  console.error(`\n✖ ${error.message}`);
  process.exit(error instanceof Interrupted ? 130 : 1);
});
