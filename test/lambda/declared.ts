import type { Deployed, Stage, StackActor } from './stage';
import type { ApplianceHandle } from '../../local/services';
import type { DiskSpecification } from '../../local/services/appliances/appliance';

export const GIB = 1024 ** 3;

export const GATEWAY = 'Custom::StorageGatewayGateway';
export const CACHE = 'Custom::StorageGatewayCache';
export const UPLOAD_BUFFER = 'Custom::StorageGatewayUploadBuffer';
export const VOLUME = 'Custom::StorageGatewayCachedVolume';
export const SCHEDULE = 'Custom::StorageGatewaySnapshotSchedule';

/** Properties as they arrive: every scalar a string. */
export const gatewayProperties = (address: string, more: Record<string, unknown> = {}) => ({
  GatewayName: 'office',
  GatewayTimezone: 'GMT+1:00',
  GatewayType: 'CACHED',
  ApplianceAddress: address,
  Tags: [{ Key: 'team', Value: 'storage' }],
  ...more,
});

export const volumeProperties = (gatewayArn: string, more: Record<string, unknown> = {}) => ({
  GatewayARN: gatewayArn,
  TargetName: 'documents',
  VolumeSizeInBytes: String(10 * GIB),
  Tags: [{ Key: 'team', Value: 'storage' }],
  ...more,
});

export const scheduleProperties = (volumeArn: string, more: Record<string, unknown> = {}) => ({ VolumeARN: volumeArn, StartAt: '3', RecurrenceInHours: '24', ...more });

export interface DeployedGateway extends Deployed {
  readonly appliance: ApplianceHandle;
  readonly properties: ReturnType<typeof gatewayProperties>;
}

/** A gateway without disks. */
export async function deployGateway(stage: Stage, stack: StackActor, logicalId = 'Gateway', disks?: readonly DiskSpecification[]): Promise<DeployedGateway> {
  const appliance = await stage.services.control.createAppliance({ disks });
  const properties = gatewayProperties(appliance.address);
  return { ...(await stack.create(GATEWAY, logicalId, properties)), appliance, properties };
}

/** A gateway that takes volumes. */
export async function deployGatewayWithDisks(stage: Stage, stack: StackActor): Promise<DeployedGateway> {
  const gateway = await deployGateway(stage, stack);
  await stack.create(CACHE, 'Cache', { GatewayARN: gateway.id, Disks: [{ DiskNode: '/dev/sdb' }] });
  await stack.create(UPLOAD_BUFFER, 'UploadBuffer', { GatewayARN: gateway.id, Disks: [{ DiskNode: '/dev/sdc' }] });
  return gateway;
}
