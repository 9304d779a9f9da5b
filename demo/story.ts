import * as path from 'node:path';
import { hashOfFile, showSnapshots, type Account } from './account';
import { diskImage, type Image } from './image';
import { cliProgress } from './progress';
import { card, held, say, step, table } from './screen';
import { withSeedProgress } from './seed-progress';
import { Cdk } from '../local/cdk';
import type { Cloud, ResourceEvent } from '../local/cloud';

const GIB = 1024 ** 3;

/** The app that is deployed. */
export const APP = path.join(__dirname, '..', 'examples', 'volume-gateway');

/** What the second deployment changes. */
const CHANGE = { gatewayName: 'headquarters', cacheDisks: '/dev/sdb,/dev/sdd', snapshotHour: '4', costCenter: '0815' };

/** The resources that the change concerns: those that it names, and those that carry the changed tag. */
const CHANGED = [
  'Custom::EBSSnapshotSeed',
  'Custom::StorageGatewayCache',
  'Custom::StorageGatewayCachedVolume',
  'Custom::StorageGatewayGateway',
  'Custom::StorageGatewaySnapshotSchedule',
];

/** The life of the example's stack, each step with its proof. */
export class Story {
  static async begin(cloud: Cloud, account: Account, directory: string, imageFile: string | undefined): Promise<Story> {
    const image = await step('Take a disk image', async () => {
      const taken = diskImage(imageFile, directory);
      say(`${taken.what}: ${taken.size} bytes`);
      return taken;
    });
    const appliance = await step('Switch on an appliance', async () => {
      const { address, ...rest } = await cloud.createAppliance();
      say(`services  ${cloud.endpoint}\n  platform  ${cloud.platformEndpoint}\n  appliance ${address}`);
      return { address, ...rest };
    });
    const variables = { ...cloud.variables, APPLIANCE_ADDRESS: appliance.address, DISK_IMAGE: image.file };
    const cdk = new Cdk({ app: APP, environment: { ...cloud.environment, ...variables }, directory, onLine: cliProgress });
    return new Story(cloud, account, cdk, image, variables);
  }

  private constructor(
    private readonly cloud: Cloud,
    private readonly account: Account,
    private readonly cdk: Cdk,
    private readonly image: Image,
    /** What one needs to go on by hand. */
    public readonly variables: Record<string, string>,
  ) {}

  public async deploy(): Promise<void> {
    const outputs = await step('Deploy the example', () => withSeedProgress(this.cloud.platformDirectory, () => this.deployWith({})));
    await step('What is there now, asked of the services', () => this.account.show());
    await step('The seeded snapshot', async () => {
      const snapshots = await this.account.listSnapshots();
      showSnapshots(snapshots);
      expectThat(snapshots.length === 1, 'the seed made exactly one snapshot');
      const wanted = await hashOfFile(this.image.file);
      const found = await this.account.hashOfSnapshot(outputs.SnapshotId, this.image.size);
      card(`snapshot ${outputs.SnapshotId}`, {
        'blocks written': outputs.BlocksWritten,
        'seconds': outputs.SeedSeconds,
        'SHA-256 of the image': wanted,
        'SHA-256 read back through GetSnapshotBlock': found,
      });
      expectThat(found === wanted, 'verified: the snapshot holds the image, byte for byte');
    });
  }

  public async change(): Promise<void> {
    const before = (await this.cloud.events()).length;
    await step('Change the gateway\'s name, a tag, the cache and the schedule, and deploy again', () => this.deployWith(CHANGE));
    await step('What got an event', async () => {
      const events = (await this.cloud.events()).slice(before);
      showEvents(events);
      expectThat(events.every((event) => event.requestType === 'Update'), 'everything changed in place');
      const types = events.map((event) => event.resourceType);
      expectThat(sorted(types) === sorted(CHANGED), 'exactly what changed got an event: the upload buffer has neither name nor tags, and got none');
      await this.account.show();
    });
    await step('Deploy once more, unchanged', async () => {
      const count = (await this.cloud.events()).length;
      await this.deployWith(CHANGE);
      expectThat((await this.cloud.events()).length === count, 'no resource got an event');
    });
  }

  public async destroy(): Promise<void> {
    const [seeded] = await this.account.listSnapshots();
    await step('Destroy', () => this.cdk.destroy());
    await step('What is gone and what is left, from the services\' own lists', async () => {
      const snapshots = await this.account.listSnapshots();
      showSnapshots(snapshots);
      expectThat((await this.account.listVolumes()).length === 0, 'the volume is gone, and its schedule with it');
      expectThat(snapshots.length === 2, 'the volume left a final snapshot, as its removal policy says');
      expectThat(snapshots.every((snapshot) => snapshot.State === 'completed'), 'nothing is pending');
      expectThat(snapshots.some((snapshot) => snapshot.SnapshotId === seeded.SnapshotId), 'the seeded snapshot was retained: it holds data');
      expectThat((await this.account.listGateways()).length === 1, 'the gateway was retained: deleting it would burn its appliance for ever');
    });
  }

  /** The outputs of the stack. */
  private async deployWith(settings: Record<string, string>): Promise<Record<string, string>> {
    const context = { volumeSizeInGiB: String(Math.max(10, Math.ceil(this.image.size / GIB))), ...settings };
    const outputs = await this.cdk.deploy(...Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]));
    return Object.values(outputs)[0];
  }
}

function showEvents(events: ResourceEvent[]): void {
  table(events.map((event) => ({ event: event.requestType, resource: event.logicalResourceId, type: event.resourceType })));
}

function sorted(names: string[]): string {
  return [...names].sort().join();
}

function expectThat(condition: boolean, promise: string): void {
  if (!condition) throw new Error(`this did not hold: ${promise}`);
  held(promise);
}
