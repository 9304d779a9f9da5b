import { addressOf, newDisk, type Allocation, type Appliance, type Disk, type DiskSpecification } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import type { CallRecord } from '../dispatcher';
import type { Fault, FaultRecord, Faults } from '../faults';
import type { Environment } from '../service';
import { stateOf, type Snapshot } from '../snapshots';
import { gatewaysOf } from '../storage-gateway/gateway';
import { applianceOfVolume, existingVolumes, statusOf, volumesOf, type Volume } from '../storage-gateway/volume';

/** A wish of the control interface that cannot be met. */
export class ControlError extends Error {
  constructor(readonly status: 400 | 404, message: string) {
    super(message);
    this.name = 'ControlError';
  }
}

export interface ApplianceHandle {
  readonly id: string;
  readonly url: string;
  readonly address: string;
}

export interface ApplianceView extends ApplianceHandle {
  readonly gatewayArn?: string;
  readonly connected: boolean;
  readonly disks: readonly DiskView[];
}

export interface DiskView {
  readonly node: string;
  readonly path: string;
  readonly diskId: string;
  readonly sizeInBytes: number;
  readonly allocation: Allocation;
  readonly status: Disk['status'];
}

export interface ApplianceChange {
  readonly connected?: boolean;
  readonly attachDisk?: DiskSpecification;
  /** A disk's node, or `cache` for all disks of the cache. */
  readonly failDisk?: string;
}

export interface StateView {
  readonly now: string;
  readonly appliances: readonly ApplianceView[];
  readonly gateways: readonly { readonly arn: string; readonly name: string; readonly type: string; readonly applianceId: string }[];
  readonly volumes: readonly { readonly arn: string; readonly status: string; readonly targetArn: string; readonly initiators: readonly string[] }[];
  readonly snapshots: readonly { readonly id: string; readonly state: string }[];
  readonly calls: readonly CallRecord[];
}

/** What a person could do on site, and to the world: the other side of the services, which AWS has no API for. */
export class Control {
  constructor(
    private readonly environment: Environment,
    private readonly appliances: Appliances,
    private readonly faults: Faults,
    private readonly calls: readonly CallRecord[],
  ) {}

  async createAppliance(wish: { disks?: readonly DiskSpecification[]; ec2InstanceId?: string } = {}): Promise<ApplianceHandle> {
    const nodes = wish.disks?.map(({ node }) => node) ?? [];
    if (new Set(nodes).size < nodes.length) {
      throw new ControlError(400, 'disks: two have the same node');
    }
    return this.kept(handle(await this.appliances.create(wish.disks, wish.ec2InstanceId)));
  }

  appliance(id: string): ApplianceView {
    return this.view(this.find(id));
  }

  changeAppliance(id: string, { connected, attachDisk, failDisk }: ApplianceChange): ApplianceView {
    const appliance = this.find(id);
    const { disks } = appliance;
    if (attachDisk && disks.some(({ node }) => node === attachDisk.node)) {
      throw new ControlError(400, `attachDisk: there is a disk at ${JSON.stringify(attachDisk.node)} already`);
    }
    const isFailing = (disk: Disk) => (failDisk === 'cache' ? disk.allocation === 'CACHE STORAGE' : disk.node === failDisk);
    if (failDisk !== undefined && !disks.some(isFailing)) {
      throw new ControlError(400, `failDisk: there is no disk ${JSON.stringify(failDisk)}`);
    }
    const present = disks.map((disk): Disk => (isFailing(disk) ? { ...disk, status: 'missing' } : disk));
    const changed = this.appliances.change(appliance.id, {
      disks: attachDisk ? [...present, newDisk(attachDisk, present)] : present,
      ...(connected !== undefined && { connected }),
    });
    return this.kept(this.view(changed));
  }

  advanceClock(seconds: number): { now: string } {
    const { clock } = this.environment;
    if (Number.isNaN(new Date(clock.time() + seconds * 1000).getTime())) {
      throw new ControlError(400, `advanceSeconds: ${seconds} leads beyond all dates`);
    }
    return this.kept({ now: clock.advance(seconds).toISOString() });
  }

  connectInitiator(volumeArn: string, initiator: string): { initiators: readonly string[] } {
    return this.changeInitiators(volumeArn, (initiators) => [...new Set([...initiators, initiator])]);
  }

  /** Without an initiator, all of them. */
  disconnectInitiators(volumeArn: string, initiator?: string): { initiators: readonly string[] } {
    return this.changeInitiators(volumeArn, (initiators) => initiators.filter((known) => initiator !== undefined && known !== initiator));
  }

  injectFault(fault: Fault): { id: string } {
    return { id: this.faults.add(fault) };
  }

  listFaults(): FaultRecord[] {
    return this.faults.list();
  }

  clearFaults(): void {
    this.faults.clear();
  }

  state(): StateView {
    const { state, clock } = this.environment;
    return {
      now: clock.now().toISOString(),
      appliances: this.appliances.list().map((appliance) => this.view(appliance)),
      gateways: state.regionsOf('gateways').flatMap((region) => gatewaysOf(state.region(region)).values())
        .map(({ arn, name, type, applianceId }) => ({ arn, name, type, applianceId })),
      volumes: this.volumes().map(({ volume, status }) => ({ arn: volume.arn, status, targetArn: volume.targetArn, initiators: volume.initiators })),
      snapshots: state.regionsOf('snapshots').flatMap((region) => state.region(region).collection<Snapshot>('snapshots').values())
        .map((snapshot) => ({ id: snapshot.snapshotId, state: stateOf(snapshot, clock) })),
      calls: [...this.calls],
    };
  }

  private volumes(): { volume: Volume; status: string }[] {
    const { state } = this.environment;
    return state.regionsOf('volumes').flatMap((region) => {
      const context = { ...this.environment, state: state.region(region) };
      return existingVolumes(context).map((volume) => {
        const appliance = applianceOfVolume(context, this.appliances, volume);
        return { volume, status: statusOf(volume, appliance, context) };
      });
    });
  }

  private changeInitiators(arn: string, change: (initiators: readonly string[]) => readonly string[]): { initiators: readonly string[] } {
    const { state } = this.environment;
    const volume = this.volumes().find((candidate) => candidate.volume.arn === arn)?.volume;
    if (!volume) {
      throw new ControlError(404, `there is no volume ${JSON.stringify(arn)}`);
    }
    const initiators = change(volume.initiators);
    volumesOf(state.region(arn.split(':')[3])).put(arn, { ...volume, initiators });
    return this.kept({ initiators });
  }

  private find(id: string): Appliance {
    const appliance = this.appliances.find(id);
    if (!appliance) {
      throw new ControlError(404, `there is no appliance ${JSON.stringify(id)}`);
    }
    return appliance;
  }

  private view(appliance: Appliance): ApplianceView {
    const { gatewayArn, disks } = appliance;
    return {
      ...handle(appliance),
      ...(gatewayArn !== undefined && { gatewayArn }),
      connected: this.appliances.isReachable(appliance),
      disks: disks.map(({ node, path, diskId, sizeInBytes, allocation, status }) => ({ node, path, diskId, sizeInBytes, allocation, status })),
    };
  }

  /** What was done is as safe as a call that was acknowledged. */
  private kept<T>(result: T): T {
    this.environment.state.commit();
    return result;
  }
}

const handle = (appliance: Appliance): ApplianceHandle => ({ id: appliance.id, url: `http://${addressOf(appliance)}`, address: addressOf(appliance) });
