import {
  DescribeCachediSCSIVolumesCommand, ListVolumesCommand, StorageGatewayClient, type CachediSCSIVolume, type ListVolumesOutput,
} from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { unlessGone } from './errors';
import { OWNER, REQUEST, storageGatewayTags, valueOf } from './tags';
import type { Tag } from '../src/private/contract';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

/** Undefined if it is not there. */
export async function describe(id: string): Promise<CachediSCSIVolume | undefined> {
  const answer = await unlessGone(() => client.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [id] })));
  return answer?.CachediSCSIVolumes?.find((volume) => volume.VolumeARN === id && statusOf(volume) !== 'DELETED');
}

export interface NamedVolume {
  readonly arn: string;
  readonly created?: Date;
  readonly owner?: string;
  readonly request?: string;
}

/** What makes one volume of an account that volume and no other. */
interface Place {
  readonly GatewayARN: string;
  readonly TargetName: string;
}

/**
 * Those of the gateway that have the target name: one, as a rule.
 *
 * @param isMeant looked at first, because a volume is not described while its gateway is not connected
 */
export async function volumesNamed({ GatewayARN, TargetName }: Place, isMeant: (tags: Tag[]) => boolean = () => true): Promise<NamedVolume[]> {
  const found: NamedVolume[] = [];
  for (const arn of await volumesOf(GatewayARN)) {
    const tags = await unlessGone(() => storageGatewayTags.list(arn)) ?? [];
    const volume = isMeant(tags) ? await describe(arn) : undefined;
    if (volume && nameOf(volume) === TargetName) {
      found.push({ arn, created: volume.CreatedDate, owner: valueOf(tags, OWNER), request: valueOf(tags, REQUEST) });
    }
  }
  return found;
}

async function volumesOf(gatewayArn: string): Promise<string[]> {
  const arns: string[] = [];
  let Marker: string | undefined;
  do {
    const page: ListVolumesOutput | undefined = await unlessGone(() => client.send(new ListVolumesCommand({ GatewayARN: gatewayArn, Marker })));
    arns.push(...(page?.VolumeInfos ?? []).flatMap(({ VolumeARN }) => VolumeARN ?? []));
    Marker = page?.Marker;
  } while (Marker);
  return arns;
}

/** Everything behind the qualified name's only colon that follows the host. */
export function nameOf({ TargetName, VolumeiSCSIAttributes }: CachediSCSIVolume): string | undefined {
  return TargetName ?? VolumeiSCSIAttributes?.TargetARN?.split('com.amazon:')[1];
}

/** The service writes it with spaces; its documents write underscores, too. */
export function statusOf(volume: CachediSCSIVolume | undefined): string | undefined {
  return volume?.VolumeStatus?.toUpperCase().replaceAll('_', ' ');
}
