import {
  ActivateGatewayCommand, AddCacheCommand, AddUploadBufferCommand, CreateCachediSCSIVolumeCommand, DeleteGatewayCommand, DeleteVolumeCommand,
  DescribeSnapshotScheduleCommand, StorageGatewayClient,
} from '@aws-sdk/client-storage-gateway';
import { GIB } from './declared';
import { startStage, type Stage, type StackActor } from './stage';
import { askForKey } from '../../lambda/activation-key/exchange';
import { isGone } from '../../lambda/errors';

export interface ActiveGateway {
  readonly arn: string;
  readonly address: string;
  readonly applianceId: string;
}

/** Things to play with, made without the handlers and as fast as can be. */
export class World {
  static async make(): Promise<World> {
    const world = new World(await startStage());
    world.gateway = (await world.activate()).arn;
    await world.client.send(new AddCacheCommand({ GatewayARN: world.gateway, DiskIds: ['/dev/xvdb'] }));
    await world.client.send(new AddUploadBufferCommand({ GatewayARN: world.gateway, DiskIds: ['/dev/xvdc'] }));
    return world;
  }

  readonly client = new StorageGatewayClient({});
  /** A gateway that takes volumes, for all plays that are about volumes. */
  gateway = '';
  private names = 0;

  private constructor(readonly stage: Stage) {}

  stack(name?: string): StackActor {
    const stack = this.stage.stack(name);
    // What is not ready is asked for in long steps, or a verb that waits for its deadline would take a while in earnest.
    stack.querySeconds = 300;
    return stack;
  }

  appliance() {
    return this.stage.services.control.createAppliance();
  }

  async keyOf(address: string): Promise<string | undefined> {
    return (await askForKey({ address, activationRegion: 'eu-central-1', gatewayType: 'CACHED' })).key;
  }

  /** @param owner as the tag has it: stack name / logical id */
  async activate(owner?: string): Promise<ActiveGateway> {
    const { id, address } = await this.appliance();
    const { GatewayARN = '' } = await this.client.send(new ActivateGatewayCommand({
      ActivationKey: await this.keyOf(address),
      GatewayName: 'office',
      GatewayTimezone: 'GMT+1:00',
      GatewayRegion: 'eu-central-1',
      GatewayType: 'CACHED',
      Tags: owner === undefined ? undefined : [{ Key: 'cdk-storage-gateway:owner', Value: owner }],
    }));
    return { arn: GatewayARN, address, applianceId: id };
  }

  async dropGateway(arn: string | undefined): Promise<void> {
    if (arn !== undefined) {
      await this.unlessGone(this.client.send(new DeleteGatewayCommand({ GatewayARN: arn })));
    }
  }

  gateways() {
    return this.stage.services.control.state().gateways;
  }

  disksOf(arn: string, allocation: string): string[] {
    return this.stage.services.control.appliance(arn).disks.filter((disk) => disk.allocation === allocation).map(({ node }) => node);
  }

  newName(): string {
    this.names += 1;
    return `volume-${this.names}`;
  }

  async volume(owner: string, TargetName = this.newName()): Promise<string> {
    const { VolumeARN = '' } = await this.client.send(new CreateCachediSCSIVolumeCommand({
      GatewayARN: this.gateway,
      TargetName,
      VolumeSizeInBytes: 10 * GIB,
      ClientToken: `token-${TargetName}`,
      NetworkInterfaceId: this.stage.services.control.appliance(this.gateway).address.split(':')[0],
      Tags: [{ Key: 'cdk-storage-gateway:owner', Value: owner }, { Key: 'team', Value: 'storage' }],
    }));
    this.stage.services.clock.advance(10);
    return VolumeARN;
  }

  /** ARNs of those that are there and not going. */
  volumesNamed(...names: string[]): string[] {
    const { volumes } = this.stage.services.control.state();
    return volumes.filter(({ targetArn, status }) => names.some((name) => targetArn.endsWith(`:${name}`)) && status !== 'DELETING').map(({ arn }) => arn);
  }

  async dropVolumes(arns: string[]): Promise<void> {
    for (const VolumeARN of arns) {
      await this.unlessGone(this.client.send(new DeleteVolumeCommand({ VolumeARN })));
    }
    this.stage.services.clock.advance(10);
  }

  /** The hour at which the volume's schedule starts. */
  async startOfSchedule(VolumeARN: string): Promise<number | undefined> {
    return (await this.unlessGone(this.client.send(new DescribeSnapshotScheduleCommand({ VolumeARN }))))?.StartAt;
  }

  private async unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call;
    } catch (error) {
      if (isGone(error)) {
        return undefined;
      }
      throw error;
    }
  }
}
