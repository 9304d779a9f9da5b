import { Size } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { aGateway, aStack } from './declarations';
import { LocalDisk } from '../src';

test.each([
  [LocalDisk.byNode('SCSI (0:1)'), { DiskNode: 'SCSI (0:1)' }, 'the disk at node SCSI (0:1)'],
  [LocalDisk.byPath('/dev/nvme1n1'), { DiskPath: '/dev/nvme1n1' }, 'the disk at path /dev/nvme1n1'],
  [LocalDisk.bySize(Size.tebibytes(4)), { DiskSizeInBytes: '4398046511104' }, 'the disk of 4398046511104 bytes'],
  [LocalDisk.allUnallocated(), { AllUnallocated: 'true' }, 'all unallocated disks'],
])('%s is sent as one selector', (disk, selector, words) => {
  const stack = aStack();
  aGateway(stack, { cache: [disk] });
  Template.fromStack(stack).hasResourceProperties('Custom::StorageGatewayCache', { Disks: [selector] });
  expect(disk.toString()).toBe(words);
});

test.each([
  [() => LocalDisk.byNode(''), "'node' must be 1 to 300 characters, got \"\""],
  [() => LocalDisk.byPath('p'.repeat(301)), `'path' must be 1 to 300 characters, got "${'p'.repeat(301)}"`],
  [() => LocalDisk.bySize(Size.bytes(0)), "'size' must be a whole number from 1 to 9007199254740991 bytes, got 0"],
])('fails for %s', (make, message) => {
  expect(make).toThrow(message);
});
