import {
  CreateCachediSCSIVolumeCommand, DeleteVolumeCommand, DescribeCacheCommand, DescribeGatewayInformationCommand, ListVolumeInitiatorsCommand,
  StorageGatewayClient, type CachediSCSIVolume,
} from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { clock } from './clock';
import { isGone, isInDoubt, isInUse, isNameTaken, isNotConnected, NotThere } from './errors';
import { isFinalSnapshotComplete, startFinalSnapshot } from './final-snapshot';
import type { Handler, Request, UpdateRequest } from './handler';
import { log } from './log';
import { refuse } from './refusal';
import { OWNER, REQUEST, storageGatewayTags, valueOf } from './tags';
import { describe, nameOf, statusOf, volumesNamed } from './volumes';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

type Type = 'Custom::StorageGatewayCachedVolume';

/** On a gateway of another stack the cache may just be coming. */
const CACHE_SECONDS = 180;
const PAUSE_SECONDS = 10;

/** The volume is there, whatever goes on inside. */
const CREATED = ['AVAILABLE', 'BOOTSTRAPPING', 'RESTORING', 'PASS THROUGH', 'RESTORE AND PASS THROUGH', 'UPLOAD BUFFER NOT CONFIGURED'];

export const cachedVolume: Handler<Type> = {
  ids: /:gateway\/[^/]+\/volume\/[^/]+$/,
  deadline: { seconds: 50 * 60, reason: 'a volume is made within minutes and deleted within minutes once its final snapshot, if one is wanted, is complete; is the gateway connected?' },
  tags: storageGatewayTags,

  async create(request) {
    const { GatewayARN, TargetName, VolumeSizeInBytes, SnapshotId, SourceVolumeARN, KMSKey } = request.properties;
    await waitForCache(GatewayARN);
    try {
      const { VolumeARN } = await client.send(new CreateCachediSCSIVolumeCommand({
        GatewayARN,
        TargetName,
        VolumeSizeInBytes: Number(VolumeSizeInBytes),
        NetworkInterfaceId: request.properties.NetworkInterfaceId ?? (await firstAddress(GatewayARN)),
        ClientToken: request.token,
        SnapshotId,
        SourceVolumeARN,
        KMSEncrypted: KMSKey === undefined ? undefined : true,
        KMSKey,
        Tags: request.tags,
      }));
      return present(VolumeARN, 'CreateCachediSCSIVolume', 'VolumeARN');
    } catch (error) {
      return adopt(request, error);
    }
  },

  async attributes(id, request) {
    const volume = await describe(id);
    if (!volume && request.event === 'Update') {
      throw new NotThere(`there is no volume ${id}`);
    }
    const status = statusOf(volume);
    if (status === 'IRRECOVERABLE') {
      throw new Error(`volume ${id} is IRRECOVERABLE: its cache is lost, so make a new one from its last recovery point or from a snapshot`);
    }
    if (!volume || !status || !CREATED.includes(status)) {
      return undefined;
    }
    const { VolumeiSCSIAttributes: iscsi = {} } = volume;
    return {
      VolumeARN: id,
      VolumeId: volume.VolumeId ?? id.split('/volume/')[1],
      TargetARN: present(iscsi.TargetARN, 'DescribeCachediSCSIVolumes', 'TargetARN'),
      NetworkInterfaceId: present(iscsi.NetworkInterfaceId, 'DescribeCachediSCSIVolumes', 'NetworkInterfaceId'),
      NetworkInterfacePort: String(iscsi.NetworkInterfacePort),
      LunNumber: String(iscsi.LunNumber),
    };
  },

  async update(id, request) {
    const volume = await describe(id);
    if (!volume) {
      throw new NotThere(`there is no volume ${id}`);
    }
    const { GatewayARN, TargetName } = request.properties;
    if (!id.startsWith(`${GatewayARN}/`) || nameOf(volume) !== TargetName) {
      return replacement(request);
    }
    await refuseOtherVolume(id, volume, request);
    return id;
  },

  async delete(id, request) {
    await refuseWhileConnected(id);
    if (await wantsFinalSnapshot(request)) {
      // Deleted by `gone`, once it is complete.
      await startFinalSnapshot(id, request);
    } else {
      await deleteVolume(id);
    }
  },

  async gone(id, request) {
    const volume = await describe(id);
    if (!volume) {
      return true;
    }
    if (statusOf(volume) !== 'DELETING' && await wantsFinalSnapshot(request)) {
      if (await isFinalSnapshotComplete(id, request.requestId)) {
        // Somebody may have come while it was taken.
        await refuseWhileConnected(id);
        await deleteVolume(id);
      }
    }
    return false;
  },

  async abandoned(request) {
    const { failedCreate, owner } = request;
    if (failedCreate !== undefined) {
      return (await volumesNamed(request.properties, (tags) => valueOf(tags, REQUEST) === failedCreate)).map(({ arn }) => arn);
    }
    const start = await request.stack.operationStart();
    const found = await volumesNamed(request.properties, (tags) => valueOf(tags, OWNER) === owner.Value);
    return found.filter(({ created }) => created !== undefined && created >= start).map(({ arn }) => arn);
  },
};

async function waitForCache(gatewayArn: string): Promise<void> {
  const giveUpAt = clock.now() + CACHE_SECONDS * 1000;
  for (;;) {
    const { DiskIds = [] } = await client.send(new DescribeCacheCommand({ GatewayARN: gatewayArn }));
    if (DiskIds.length > 0) {
      return;
    }
    if (clock.now() >= giveUpAt) {
      throw new Error(`gateway ${gatewayArn} has no cache, without which it takes no volume: allocate a disk to it where the gateway is declared`);
    }
    await clock.sleep(PAUSE_SECONDS * 1000);
  }
}

async function firstAddress(gatewayArn: string): Promise<string> {
  const { GatewayNetworkInterfaces = [] } = await client.send(new DescribeGatewayInformationCommand({ GatewayARN: gatewayArn }));
  const address = GatewayNetworkInterfaces.map(({ Ipv4Address, Ipv6Address }) => Ipv4Address ?? Ipv6Address).find((found) => found !== undefined);
  return present(address, 'DescribeGatewayInformation', 'GatewayNetworkInterfaces');
}

/** What failed may have been made all the same, by this very request; another volume of the name is none of ours. */
async function adopt(request: Request<Type>, error: unknown): Promise<string> {
  if (!isNameTaken(error) && !isInDoubt(error)) {
    throw refused(request, error);
  }
  const found = await volumesNamed(request.properties);
  const own = found.find(({ request: made }) => made === request.requestId);
  if (own) {
    return own.arn;
  }
  if (!isNameTaken(error)) {
    throw error;
  }
  const { GatewayARN, TargetName } = request.properties;
  const taken = found.map(({ arn, owner }) => `${arn}${owner === undefined ? '' : ` (of ${owner})`}`).join(', ');
  throw new Error(
    `the target name ${JSON.stringify(TargetName)} is taken on gateway ${GatewayARN} by ${taken || 'a volume that is being deleted'}: `
    + 'choose another targetName, or use the volume that is there by its ARN',
    { cause: error },
  );
}

/** The service says what it dislikes, but seldom which value. */
function refused({ properties }: Request<Type>, error: unknown): Error {
  const { VolumeSizeInBytes, SnapshotId, SourceVolumeARN, KMSKey, NetworkInterfaceId } = properties;
  const values = Object.entries({ VolumeSizeInBytes, SnapshotId, SourceVolumeARN, KMSKey, NetworkInterfaceId })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${JSON.stringify(value)}`]))
    .join(', ');
  return new Error(`no volume ${JSON.stringify(properties.TargetName)} can be made with ${values}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** A volume on another gateway or of another name can be made beside the old one. In a rollback, the old one is there still. */
async function replacement(request: UpdateRequest<Type>): Promise<string> {
  if (await request.stack.isRollingBack()) {
    const former = (await volumesNamed(request.properties)).find(({ owner }) => owner === request.owner.Value);
    if (former) {
      return former.arn;
    }
  }
  return cachedVolume.create(request);
}

async function refuseOtherVolume(id: string, live: CachediSCSIVolume, request: UpdateRequest<Type>): Promise<void> {
  const { properties: wanted, oldProperties: old } = request;
  const way = 'declare a new volume with sourceVolume or a snapshot of this one';
  if (Number(wanted.VolumeSizeInBytes) !== live.VolumeSizeInBytes) {
    await refuse(request, `the size of volume ${id} cannot change from ${live.VolumeSizeInBytes} to ${wanted.VolumeSizeInBytes} bytes`, way);
  }
  // A key has several names, and the service shows one: what was said before was accepted.
  if (wanted.KMSKey !== live.KMSKey && wanted.KMSKey !== old.KMSKey) {
    await refuse(request, `the key of volume ${id} cannot change from ${live.KMSKey ?? 'none'} to ${wanted.KMSKey ?? 'none'}`, way);
  }
  const address = live.VolumeiSCSIAttributes?.NetworkInterfaceId;
  if (wanted.NetworkInterfaceId !== undefined && wanted.NetworkInterfaceId !== address) {
    await refuse(request, `the network interface of volume ${id} cannot change from ${address} to ${wanted.NetworkInterfaceId}`, way);
  }
  // SnapshotId and SourceVolumeARN say what it began with: no effect.
}

async function refuseWhileConnected(id: string): Promise<void> {
  const initiators = await whileThere(id, async () => (await client.send(new ListVolumeInitiatorsCommand({ VolumeARN: id }))).Initiators);
  if (initiators && initiators.length > 0) {
    throw new Error(`volume ${id} is in use by ${initiators.join(', ')}: disconnect these initiators, then delete again`);
  }
}

async function deleteVolume(id: string): Promise<void> {
  await whileThere(id, () => client.send(new DeleteVolumeCommand({ VolumeARN: id })));
}

/** Undefined if the volume is gone; explains what only the user can mend. */
async function whileThere<T>(id: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    const text = error instanceof Error ? error.message : String(error);
    if (isNotConnected(error)) {
      throw new Error(
        `volume ${id} cannot be deleted while its gateway is not connected: start the appliance and delete again, `
        + `or retain the volume and delete the gateway, which takes its volumes with it (${text})`,
        { cause: error },
      );
    }
    if (isInUse(error)) {
      throw new Error(`volume ${id} is in use: disconnect its initiators, then delete again (${text})`, { cause: error });
    }
    throw error;
  }
}

async function wantsFinalSnapshot(request: Request<Type>): Promise<boolean> {
  // What a Create or an Update made and takes back holds nobody's data.
  if (request.properties.FinalSnapshot !== 'true' || request.event !== 'Delete') {
    return false;
  }
  const undone = await request.stack.isRollingBack();
  if (undone) {
    log({ resource: request.logicalId, finalSnapshot: 'none: the volume goes because its creation is rolled back' });
  }
  return !undone;
}

function present<T>(value: T | undefined, operation: string, member: string): T {
  if (value === undefined) {
    throw new Error(`${operation} answered without ${member}`);
  }
  return value;
}
