import { AddCacheCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { diskAllocation } from './local-disk';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

export const cache = diskAllocation<'Custom::StorageGatewayCache'>({
  allocation: 'CACHE STORAGE',
  setting: 'cache',
  allocate: (GatewayARN, DiskIds) => client.send(new AddCacheCommand({ GatewayARN, DiskIds })),
});
