import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import { Cdk } from '../local/cdk';
import { Cloud } from '../local/cloud';
import { Activation, CachedVolumeGateway, GatewayTimezone, LocalDisk } from '../src';

const GATEWAYS = 10;
const VOLUMES = 32;

/** Seconds to deploy and to destroy ten gateways with as many volumes as each can have. */
export async function manyGateways(): Promise<{ volumes: number; deploy: number; destroy: number }> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-storage-gateway-benchmark-'));
  const cloud = await Cloud.start(directory);
  try {
    const app = new App({ outdir: path.join(directory, 'app'), analyticsReporting: false });
    for (let index = 0; index < GATEWAYS; index++) {
      const gateway = new CachedVolumeGateway(new Stack(app, `Gateway${index}`), 'Gateway', {
        activation: Activation.fromAddress((await cloud.createAppliance()).address, { settleTime: Duration.seconds(6) }),
        timezone: GatewayTimezone.GMT,
        cache: [LocalDisk.byNode('/dev/sdb')],
        uploadBuffer: [LocalDisk.byNode('/dev/sdc')],
      });
      for (let volume = 0; volume < VOLUMES; volume++) gateway.addVolume(`Volume${volume}`, { volumeSize: Size.gibibytes(10) });
    }
    app.synth();
    const cdk = new Cdk({ app: path.join(directory, 'app'), environment: cloud.environment, directory });
    const deploy = await seconds(() => cdk.deploy('--concurrency', '10'));
    const { volumes } = await cloud.state();
    return { volumes: volumes.length, deploy, destroy: await seconds(() => cdk.destroy()) };
  } finally {
    await cloud.stop();
    fs.rmSync(directory, { recursive: true });
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = Date.now();
  await work();
  return (Date.now() - began) / 1000;
}
