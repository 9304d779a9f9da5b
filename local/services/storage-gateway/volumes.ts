import {
  DeleteVolume$, DescribeCachediSCSIVolumes$, DescribeStorediSCSIVolumes$, ListVolumeInitiators$, ListVolumeRecoveryPoints$, ListVolumes$,
  type CachediSCSIVolume, type DeleteVolumeInput, type DeleteVolumeOutput, type DescribeCachediSCSIVolumesInput,
  type DescribeCachediSCSIVolumesOutput, type DescribeStorediSCSIVolumesInput, type DescribeStorediSCSIVolumesOutput,
  type ListVolumeInitiatorsInput, type ListVolumeInitiatorsOutput, type ListVolumeRecoveryPointsInput, type ListVolumeRecoveryPointsOutput,
  type ListVolumesInput, type ListVolumesOutput,
} from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { connectedGateway, gatewayOf, requireType } from './gateway';
import { page } from './paging';
import { pendingSnapshots } from './snapshots';
import { existingVolume, existingVolumes, gatewayOfVolume, ISCSI_PORT, recoveryPointOf, startDeletion, statusOf, volumesOf, type Volume } from './volume';
import type { Appliance } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import { operation, type Context, type Operation } from '../service';

export const volumeOperations = (appliances: Appliances): Operation[] => [
  operation<DescribeCachediSCSIVolumesInput, DescribeCachediSCSIVolumesOutput>(
    DescribeCachediSCSIVolumes$, CONSTRAINTS.DescribeCachediSCSIVolumes, ({ VolumeARNs }, context) => ({
      CachediSCSIVolumes: named(context, appliances, VolumeARNs, 'CACHED').map(({ volume, appliance }) => describe(volume, appliance, context)),
    })),

  operation<DescribeStorediSCSIVolumesInput, DescribeStorediSCSIVolumesOutput>(
    DescribeStorediSCSIVolumes$, CONSTRAINTS.DescribeStorediSCSIVolumes, ({ VolumeARNs }, context) => ({
      StorediSCSIVolumes: named(context, appliances, VolumeARNs, 'STORED').map(({ volume, appliance }) => ({
        ...describe(volume, appliance, context),
        VolumeDiskId: appliance.disks.find(({ path }) => path === volume.diskPath)?.diskId,
        PreservedExistingData: volume.preservedExistingData,
      })),
    })),

  operation<ListVolumesInput, ListVolumesOutput>(ListVolumes$, CONSTRAINTS.ListVolumes, ({ GatewayARN, ...paging }, context) => {
    if (GatewayARN !== undefined) {
      requireType(gatewayOf(context, GatewayARN), 'CACHED', 'STORED');
    }
    const { items, Marker } = page(existingVolumes(context, GatewayARN), ({ arn }) => arn, paging, context);
    const VolumeInfos = items.map((volume) => ({
      VolumeARN: volume.arn,
      VolumeId: volume.id,
      GatewayARN: volume.gatewayArn,
      GatewayId: gatewayOfVolume(context, volume).id,
      VolumeType: `${volume.type} iSCSI`,
      VolumeSizeInBytes: volume.sizeInBytes,
      VolumeAttachmentStatus: 'ATTACHED',
    }));
    return { GatewayARN, Marker, VolumeInfos };
  }),

  operation<ListVolumeInitiatorsInput, ListVolumeInitiatorsOutput>(
    ListVolumeInitiators$, CONSTRAINTS.ListVolumeInitiators, ({ VolumeARN }, context) => {
      const volume = existingVolume(context, VolumeARN);
      connectedGateway(context, appliances, volume.gatewayArn);
      return { Initiators: [...volume.initiators] };
    }),

  operation<ListVolumeRecoveryPointsInput, ListVolumeRecoveryPointsOutput>(
    ListVolumeRecoveryPoints$, CONSTRAINTS.ListVolumeRecoveryPoints, ({ GatewayARN }, context) => {
      // Also for a gateway that is out of reach: this is how data is got out of it.
      requireType(gatewayOf(context, GatewayARN), 'CACHED');
      const VolumeRecoveryPointInfos = existingVolumes(context, GatewayARN).map((volume) => ({
        VolumeARN: volume.arn,
        VolumeSizeInBytes: volume.sizeInBytes,
        VolumeUsageInBytes: 0,
        VolumeRecoveryPointTime: recoveryPointOf(volume),
      }));
      return { GatewayARN, VolumeRecoveryPointInfos };
    }),

  operation<DeleteVolumeInput, DeleteVolumeOutput>(DeleteVolume$, CONSTRAINTS.DeleteVolume, ({ VolumeARN }, context) => {
    const volume = existingVolume(context, VolumeARN);
    const { appliance } = connectedGateway(context, appliances, volume.gatewayArn);
    if (volume.initiators.length > 0) {
      throw invalidRequest('VolumeInUse');
    }
    if (pendingSnapshots(context, volume).length > 0) {
      throw invalidRequest('SnapshotInProgress');
    }
    volumesOf(context.state).put(VolumeARN, startDeletion(volume, context));
    // A stored volume's disk is free again, with its content.
    appliances.changeDisks(appliance.id, ({ resource, ...disk }) =>
      disk.path === volume.diskPath ? { ...disk, allocation: 'AVAILABLE' } : { ...disk, ...(resource !== undefined && { resource }) });
    return { VolumeARN };
  }),
];

/** The volumes of these ARNs, sorted by ARN; all are to be of one gateway, which is to be connected. */
function named(context: Context, appliances: Appliances, arns: readonly string[], type: Volume['type']): { volume: Volume; appliance: Appliance }[] {
  if (arns.length === 0) {
    throw invalidRequest('InvalidParameters', 'VolumeARNs names no volume.');
  }
  const volumes = [...new Set(arns)].sort().map((arn) => existingVolume(context, arn));
  if (volumes.some(({ gatewayArn }) => gatewayArn !== volumes[0].gatewayArn)) {
    throw invalidRequest('InvalidParameters', 'The volumes are not all of one gateway.');
  }
  const { gateway, appliance } = connectedGateway(context, appliances, volumes[0].gatewayArn);
  requireType(gateway, type);
  return volumes.map((volume) => ({ volume, appliance }));
}

function describe(volume: Volume, appliance: Appliance, context: Context): CachediSCSIVolume {
  const status = statusOf(volume, appliance, context);
  return {
    VolumeARN: volume.arn,
    VolumeId: volume.id,
    VolumeType: `${volume.type} iSCSI`,
    VolumeStatus: status,
    VolumeAttachmentStatus: 'ATTACHED',
    VolumeSizeInBytes: volume.sizeInBytes,
    ...((status === 'RESTORING' || status === 'BOOTSTRAPPING') && { VolumeProgress: 0.5 }),
    SourceSnapshotId: volume.snapshotId,
    VolumeiSCSIAttributes: {
      TargetARN: volume.targetArn,
      NetworkInterfaceId: volume.networkInterfaceId,
      NetworkInterfacePort: ISCSI_PORT,
      LunNumber: volume.lun,
      ChapEnabled: false,
    },
    CreatedDate: new Date(volume.createdAt),
    VolumeUsedInBytes: 0,
    KMSKey: volume.kmsKey,
    TargetName: volume.targetName,
  };
}
