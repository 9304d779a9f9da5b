import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { EBSClient, GetSnapshotBlockCommand, paginateListSnapshotBlocks } from '@aws-sdk/client-ebs';
import { DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import {
  DescribeCachediSCSIVolumesCommand, DescribeGatewayInformationCommand, DescribeSnapshotScheduleCommand, ListGatewaysCommand, ListLocalDisksCommand,
  ListTagsForResourceCommand, ListVolumesCommand, StorageGatewayClient,
} from '@aws-sdk/client-storage-gateway';
import { card, say, table } from './screen';

const GIB = 1024 ** 3;
const OUR_TAGS = 'cdk-storage-gateway:';

/** What the account holds, asked of the services themselves by AWS's own clients. */
export class Account {
  private readonly gateways: StorageGatewayClient;
  private readonly ec2: EC2Client;
  private readonly ebs: EBSClient;

  constructor(endpoint: string, region: string) {
    // Said outright, so that nothing is looked for in the user's environment or files.
    const settings = { endpoint, region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
    this.gateways = new StorageGatewayClient(settings);
    this.ec2 = new EC2Client(settings);
    this.ebs = new EBSClient(settings);
  }

  public async show(): Promise<void> {
    for (const { GatewayARN } of await this.listGateways()) {
      const gateway = await this.gateways.send(new DescribeGatewayInformationCommand({ GatewayARN }));
      card(`gateway ${gateway.GatewayName}`, {
        ARN: gateway.GatewayARN,
        type: gateway.GatewayType,
        state: gateway.GatewayState,
        timezone: gateway.GatewayTimezone,
        tags: await this.tags(GatewayARN),
      });
      const { Disks = [] } = await this.gateways.send(new ListLocalDisksCommand({ GatewayARN }));
      table(Disks.map(({ DiskNode, DiskPath, DiskSizeInBytes = 0, DiskAllocationType }) => (
        { disk: DiskNode, path: DiskPath, GiB: DiskSizeInBytes / GIB, role: DiskAllocationType })));
    }
    for (const volume of await this.listVolumes()) {
      const described = await this.gateways.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [volume.VolumeARN ?? ''] }));
      const [found] = described.CachediSCSIVolumes ?? [];
      const schedule = await this.gateways.send(new DescribeSnapshotScheduleCommand({ VolumeARN: volume.VolumeARN }));
      card(`volume ${found.VolumeId}`, {
        'ARN': found.VolumeARN,
        'status': found.VolumeStatus,
        'GiB': (found.VolumeSizeInBytes ?? 0) / GIB,
        'target': found.VolumeiSCSIAttributes?.TargetARN?.split('/target/')[1],
        'address': `${found.VolumeiSCSIAttributes?.NetworkInterfaceId}:${found.VolumeiSCSIAttributes?.NetworkInterfacePort}`,
        'LUN': found.VolumeiSCSIAttributes?.LunNumber,
        'made from': found.SourceSnapshotId,
        'schedule': `every ${schedule.RecurrenceInHours} h from ${schedule.StartAt}:00 (${schedule.Timezone})`,
        'tags': await this.tags(found.VolumeARN),
      });
    }
  }

  public async listGateways() {
    return (await this.gateways.send(new ListGatewaysCommand({}))).Gateways ?? [];
  }

  public async listVolumes() {
    return (await this.gateways.send(new ListVolumesCommand({}))).VolumeInfos ?? [];
  }

  public async listSnapshots(): Promise<Snapshot[]> {
    return (await this.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];
  }

  /** Reads the snapshot back block by block; SHA-256 of as many bytes as the image has. */
  public async hashOfSnapshot(snapshotId: string, size: number): Promise<string> {
    const hash = createHash('sha256');
    let position = 0;
    for await (const page of paginateListSnapshotBlocks({ client: this.ebs }, { SnapshotId: snapshotId })) {
      for (const { BlockIndex, BlockToken } of page.Blocks ?? []) {
        const answer = await this.ebs.send(new GetSnapshotBlockCommand({ SnapshotId: snapshotId, BlockIndex, BlockToken }));
        const data = await answer.BlockData?.transformToByteArray() ?? new Uint8Array();
        if (position !== (BlockIndex ?? 0) * data.length) throw new Error(`block ${BlockIndex} of ${snapshotId} does not follow the one before it`);
        hash.update(data.subarray(0, Math.max(0, Math.min(data.length, size - position))));
        position += data.length;
      }
    }
    if (position < size) throw new Error(`${snapshotId} holds ${position} bytes, the image has ${size}`);
    return hash.digest('hex');
  }

  public close(): void {
    [this.gateways, this.ec2, this.ebs].forEach((client) => client.destroy());
  }

  private async tags(ResourceARN: string | undefined): Promise<string> {
    const { Tags = [] } = await this.gateways.send(new ListTagsForResourceCommand({ ResourceARN }));
    return Tags.filter((tag) => !tag.Key?.startsWith(OUR_TAGS)).map((tag) => `${tag.Key}=${tag.Value}`).join(', ');
  }
}

export async function hashOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

export function showSnapshots(snapshots: Snapshot[]): void {
  if (snapshots.length === 0) return say('no snapshot');
  table(snapshots.map((snapshot) => ({
    'snapshot': snapshot.SnapshotId,
    'state': snapshot.State,
    'GiB': snapshot.VolumeSize,
    'of volume': snapshot.VolumeId,
    'description': snapshot.Description,
  })));
}
