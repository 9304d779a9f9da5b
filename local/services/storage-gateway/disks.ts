import { randomUUID } from 'node:crypto';
import {
  AddCache$, AddUploadBuffer$, AddWorkingStorage$, DescribeCache$, DescribeUploadBuffer$, DescribeWorkingStorage$, ListLocalDisks$,
  type AddCacheInput, type AddUploadBufferInput, type AddWorkingStorageInput, type DescribeCacheInput, type DescribeCacheOutput,
  type DescribeUploadBufferInput, type DescribeUploadBufferOutput, type DescribeWorkingStorageInput, type DescribeWorkingStorageOutput,
  type ListLocalDisksInput, type ListLocalDisksOutput,
} from '@aws-sdk/client-storage-gateway';
import { isRelabelling } from './activation';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { connectedGateway, requireType, type Gateway } from './gateway';
import { TIB, type Allocation, type Appliance, type Disk } from '../appliances/appliance';
import type { Appliances } from '../appliances/appliances';
import { operation, type Operation } from '../service';

/** Allocation only ever grows; so do these sums. */
const LIMITS: Partial<Record<Allocation, number>> = { 'CACHE STORAGE': 64 * TIB, 'UPLOAD BUFFER': 2 * TIB, 'WORKING STORAGE': 2 * TIB };

interface ArnOutput {
  readonly GatewayARN: string;
}

export const diskOperations = (appliances: Appliances): Operation[] => [
  operation<ListLocalDisksInput, ListLocalDisksOutput>(ListLocalDisks$, CONSTRAINTS.ListLocalDisks, ({ GatewayARN }, context) => {
    const { appliance } = connectedGateway(context, appliances, GatewayARN);
    const Disks = appliance.disks.map((disk) => ({
      DiskId: disk.diskId,
      DiskPath: disk.path,
      DiskNode: disk.node,
      DiskStatus: disk.status,
      DiskSizeInBytes: disk.sizeInBytes,
      DiskAllocationType: disk.allocation,
      DiskAllocationResource: disk.resource,
      DiskAttributeList: [],
    }));
    return { GatewayARN, Disks };
  }),

  operation<AddCacheInput, ArnOutput>(AddCache$, CONSTRAINTS.AddCache, ({ GatewayARN, DiskIds }, context) => {
    const { gateway, appliance } = connectedGateway(context, appliances, GatewayARN);
    requireType(gateway, 'CACHED', 'VTL', 'FILE_S3', 'FILE_FSX_SMB');
    allocate(appliances, gateway, appliance, DiskIds, 'CACHE STORAGE');
    return { GatewayARN };
  }),

  operation<AddUploadBufferInput, ArnOutput>(AddUploadBuffer$, CONSTRAINTS.AddUploadBuffer, ({ GatewayARN, DiskIds = [] }, context) => {
    const { gateway, appliance } = connectedGateway(context, appliances, GatewayARN);
    requireType(gateway, 'CACHED', 'STORED', 'VTL');
    allocate(appliances, gateway, appliance, DiskIds, 'UPLOAD BUFFER');
    return { GatewayARN };
  }),

  operation<AddWorkingStorageInput, ArnOutput>(AddWorkingStorage$, CONSTRAINTS.AddWorkingStorage, ({ GatewayARN, DiskIds }, context) => {
    const { gateway, appliance } = connectedGateway(context, appliances, GatewayARN);
    requireType(gateway, 'STORED');
    allocate(appliances, gateway, appliance, DiskIds, 'WORKING STORAGE');
    return { GatewayARN };
  }),

  operation<DescribeCacheInput, DescribeCacheOutput>(DescribeCache$, CONSTRAINTS.DescribeCache, ({ GatewayARN }, context) => {
    const { gateway, appliance } = connectedGateway(context, appliances, GatewayARN);
    requireType(gateway, 'CACHED', 'VTL', 'FILE_S3', 'FILE_FSX_SMB');
    const disks = allocated(appliance, 'CACHE STORAGE');
    return {
      GatewayARN,
      DiskIds: disks.map(({ diskId }) => diskId),
      CacheAllocatedInBytes: sizeOf(disks),
      CacheUsedPercentage: 0,
      CacheDirtyPercentage: 0,
      CacheHitPercentage: 100,
      CacheMissPercentage: 0,
    };
  }),

  operation<DescribeUploadBufferInput, DescribeUploadBufferOutput>(
    DescribeUploadBuffer$, CONSTRAINTS.DescribeUploadBuffer, ({ GatewayARN }, context) => {
      const { gateway, appliance } = connectedGateway(context, appliances, GatewayARN);
      requireType(gateway, 'CACHED', 'STORED', 'VTL');
      // On a stored gateway the two names mean the same disks.
      const disks = allocated(appliance, 'UPLOAD BUFFER', 'WORKING STORAGE');
      return { GatewayARN, DiskIds: disks.map(({ diskId }) => diskId), UploadBufferAllocatedInBytes: sizeOf(disks), UploadBufferUsedInBytes: 0 };
    }),

  operation<DescribeWorkingStorageInput, DescribeWorkingStorageOutput>(
    DescribeWorkingStorage$, CONSTRAINTS.DescribeWorkingStorage, ({ GatewayARN }, context) => {
      const { gateway, appliance } = connectedGateway(context, appliances, GatewayARN);
      requireType(gateway, 'STORED');
      const disks = allocated(appliance, 'UPLOAD BUFFER', 'WORKING STORAGE');
      return { GatewayARN, DiskIds: disks.map(({ diskId }) => diskId), WorkingStorageAllocatedInBytes: sizeOf(disks), WorkingStorageUsedInBytes: 0 };
    }),
];

export const allocated = ({ disks }: Appliance, ...allocations: Allocation[]): Disk[] =>
  disks.filter(({ allocation }) => allocations.includes(allocation));

/** The disk that is free to be used. It may be named by its id or, as long as it is free, by its path. */
export function freeDisk({ disks }: Appliance, name: string): Disk {
  const disk = disks.find(({ diskId, path }) => diskId === name || path === name);
  if (!disk || disk.status !== 'present') {
    throw invalidRequest('DiskDoesNotExist');
  }
  if (disk.allocation !== 'AVAILABLE') {
    throw invalidRequest('DiskAlreadyAllocated');
  }
  return disk;
}

/** All of them or none. */
function allocate(appliances: Appliances, gateway: Gateway, appliance: Appliance, names: readonly string[], allocation: Allocation): void {
  const disks = new Set(names.map((name) => freeDisk(appliance, name)));
  if (disks.size === 0) {
    throw invalidRequest('InvalidParameters', 'DiskIds names no disk.');
  }
  if (sizeOf([...allocated(appliance, allocation), ...disks]) > (LIMITS[allocation] ?? Infinity)) {
    throw invalidRequest('LocalStorageLimitExceeded');
  }
  const taken = (disk: Disk): Disk => ({ ...disk, allocation, ...(isRelabelling(gateway.type) && { diskId: randomUUID() }) });
  appliances.changeDisks(appliance.id, (disk) => (disks.has(disk) ? taken(disk) : disk));
}

const sizeOf = (disks: readonly Disk[]) => disks.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0);
