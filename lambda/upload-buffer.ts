import { AddUploadBufferCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { diskAllocation } from './local-disk';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

export const uploadBuffer = diskAllocation<'Custom::StorageGatewayUploadBuffer'>({
  allocation: 'UPLOAD BUFFER',
  setting: 'upload-buffer',
  allocate: (GatewayARN, DiskIds) => client.send(new AddUploadBufferCommand({ GatewayARN, DiskIds })),
});
