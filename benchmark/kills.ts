import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { App, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Cdk } from '../local/cdk';
import { Cloud } from '../local/cloud';
import { Activation, CachedVolumeGateway, GatewayTimezone, LocalDisk, SeedSource, SnapshotSeed } from '../src';

const STACK = 'Kills';
const VOLUMES = 4;
const IMAGE_SIZE = 32 * 1024 * 1024;

/** How often a deployment, or a destruction, is tried again after something was killed. */
const TRIES = 4;

/** Parts of the names of the functions that carry a deployment. */
const FUNCTIONS = ['ProviderOnEvent', 'ProviderIsComplete', 'ProviderEntry', 'frameworkonEvent', 'frameworkisComplete', 'SnapshotSeedMachineWorker'];

export interface Kills {
  runs: number;
  /** What was killed, crashed or stopped, all in all. */
  kills: number;
  /** Gateways, volumes and snapshots that nobody owned after all had succeeded. */
  orphans: number;
  /** More than one of what was declared once. */
  duplicates: number;
  /** Gateways, volumes and snapshots that were missing, and snapshots that were not complete. */
  unfinished: number;
  /** Runs that did not come to an end, in spite of every further try. */
  stuck: number;
}

/** Deploys, changes and destroys a stack again and again, while something is killed at random moments; then nothing may be too much or too little. */
export async function kills(runs: number, report: (line: string) => void = () => undefined): Promise<Kills> {
  const sum: Kills = { runs, kills: 0, orphans: 0, duplicates: 0, unfinished: 0, stuck: 0 };
  for (let run = 1; run <= runs; run++) {
    const scene = await Scene.open();
    const { stuck } = sum;
    try {
      await scene.play(sum);
    } catch (error) {
      sum.stuck += 1;
      report((error as Error).message);
    }
    report(`run ${run}: ${scene.misfortunes.join(', ') || 'nothing was killed'}${sum.stuck > stuck ? ' (stuck)' : ''}; ${JSON.stringify(sum)}`);
    await scene.close();
  }
  return sum;
}

/** A cloud of its own, and a stack that is deployed, destroyed and disturbed in it. */
class Scene {
  public static async open(): Promise<Scene> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-storage-gateway-kills-'));
    const cloud = await Cloud.start(directory);
    const { address } = await cloud.createAppliance();
    return new Scene(directory, cloud, address);
  }

  public readonly misfortunes: string[] = [];
  private readonly first: Cdk;
  private readonly changed: Cdk;
  private readonly cloudFormation: CloudFormationClient;

  private constructor(private readonly directory: string, private readonly cloud: Cloud, address: string) {
    const cdk = (change: boolean) => new Cdk({ app: synthesise(directory, address, change), environment: cloud.environment, directory });
    this.first = cdk(false);
    this.changed = cdk(true);
    this.cloudFormation = new CloudFormationClient({
      region: cloud.variables.AWS_REGION, endpoint: cloud.platformEndpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  }

  public async play(sum: Kills): Promise<void> {
    for (const cdk of [this.first, this.changed]) {
      await this.disturbed(sum, cdk, 'deploy', '--require-approval', 'never');
      await this.count(sum);
    }
    await this.disturbed(sum, this.changed, 'destroy', '--force');
    const left = await this.cloud.state();
    sum.orphans += left.gateways.length + left.volumes.length + left.snapshots.length;
  }

  /** There must be one of each thing that is declared. */
  private async count(sum: Kills): Promise<void> {
    const { gateways, volumes, snapshots } = await this.cloud.state();
    const seeds = snapshots.filter(({ state }) => state === 'completed').length;
    sum.unfinished += snapshots.length - seeds;
    for (const [found, wanted] of [[gateways.length, 1], [volumes.length, VOLUMES], [seeds, 1]]) {
      sum.duplicates += Math.max(0, found - wanted);
      sum.unfinished += Math.max(0, wanted - found);
    }
  }

  public async close(): Promise<void> {
    this.cloudFormation.destroy();
    await this.cloud.stop();
    fs.rmSync(this.directory, { recursive: true });
  }

  /** Runs a command that is disturbed once or more often, then as often as it needs. */
  private async disturbed(sum: Kills, cdk: Cdk, ...command: string[]): Promise<void> {
    const { child, ended } = cdk.start(...command);
    let over = false;
    const end = ended.finally(() => (over = true));
    const events = (await this.cloud.events()).length;
    while (!over && (await this.cloud.events()).length === events) await sleep(50);
    for (;;) {
      await Promise.race([end, sleep(random(0, 4000))]);
      if (over) break;
      const misfortune = await this.strike(() => child.kill('SIGKILL'));
      if (misfortune !== undefined) {
        sum.kills += 1;
        this.misfortunes.push(`${misfortune} (${command[0]})`);
      }
      if (Math.random() < 0.4) break;
    }
    await end;
    for (let tries = 1; ; tries++) {
      const status = await this.rest();
      if (status === 'UPDATE_ROLLBACK_FAILED') await cdk.run('rollback');
      const { code, output } = await cdk.start(...command).ended;
      if (code === 0) return;
      if (tries === TRIES) throw new Error(`${command[0]} did not succeed after ${this.misfortunes.join(', ')}, from ${status}:\n${output}`);
    }
  }

  /** @returns what was struck, if it was there */
  private async strike(killCli: () => void): Promise<string | undefined> {
    const choice = Math.floor(Math.random() * (FUNCTIONS.length + 2));
    switch (choice) {
      case 0:
        killCli();
        return 'the CLI';
      case 1:
        await this.cloud.crashServices();
        return 'the services';
      default:
        return await this.cloud.killFunctions(FUNCTIONS[choice - 2]) ? FUNCTIONS[choice - 2] : undefined;
    }
  }

  /** The status in which the stack comes to rest; undefined if there is none. */
  private async rest(): Promise<string | undefined> {
    for (;;) {
      const status = await this.status();
      if (status === undefined || !status.endsWith('_IN_PROGRESS') || status === 'REVIEW_IN_PROGRESS') return status;
      await sleep(200);
    }
  }

  private async status(): Promise<string | undefined> {
    try {
      const { Stacks: [stack] = [] } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: STACK }));
      return stack.StackStatus;
    } catch (error) {
      if (/does not exist/.test((error as Error).message)) return undefined;
      throw error;
    }
  }
}

/** @param changed other settings, another image, and another target name: some of it is changed in place, some of it replaced */
function synthesise(directory: string, address: string, changed: boolean): string {
  const image = path.join(directory, `image-${changed}.img`);
  fs.writeFileSync(image, Buffer.alloc(IMAGE_SIZE, `contents ${changed}`));
  const app = new App({ outdir: path.join(directory, `app-${changed}`), analyticsReporting: false });
  const stack = new Stack(app, STACK);
  const removalPolicy = RemovalPolicy.DESTROY;
  const { snapshotId } = new SnapshotSeed(stack, 'Seed', { source: SeedSource.fromAsset(image), removalPolicy });
  const gateway = new CachedVolumeGateway(stack, 'Gateway', {
    activation: Activation.fromAddress(address, { settleTime: Duration.seconds(2) }),
    gatewayName: changed ? 'archive' : 'office',
    timezone: GatewayTimezone.GMT,
    cache: [LocalDisk.byNode('/dev/sdb')],
    uploadBuffer: [LocalDisk.byNode('/dev/sdc')],
    removalPolicy,
  });
  gateway.addVolume('Restored', { volumeSize: Size.gibibytes(10), snapshotId, removalPolicy });
  for (let index = 1; index < VOLUMES; index++) {
    const targetName = changed && index === 1 ? 'renamed' : `volume-${index}`;
    gateway.addVolume(`Volume${index}`, { volumeSize: Size.gibibytes(10), targetName, removalPolicy })
      .addSnapshotSchedule('Schedule', { startAt: changed ? index + 12 : index, recurrence: Duration.hours(24) });
  }
  return app.synth().directory;
}

function random(from: number, to: number): number {
  return from + Math.random() * (to - from);
}
