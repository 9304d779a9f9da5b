import { Size } from 'aws-cdk-lib';
import type { DiskSelector } from './private/contract';
import { checkText, checkWhole } from './private/validate';

/**
 * A disk of the appliance, by something that never changes about it.
 *
 * Disk ids are no use here: Storage Gateway gives a disk another id when it is allocated.
 */
export class LocalDisk {
  /**
   * The disk that was attached under this device name; on EC2, the name given in the block device mapping.
   *
   * @param node for example `/dev/sdb`, or `SCSI (0:1)` on VMware
   */
  public static byNode(node: string): LocalDisk {
    checkText('node', node, 1, 300);
    return new LocalDisk({ DiskNode: node }, `the disk at node ${node}`);
  }

  /**
   * The disk that the appliance's operating system sees at this path.
   *
   * On Nitro instances the order of NVMe paths is not guaranteed; prefer the node there.
   *
   * @param path for example `/dev/nvme1n1`
   */
  public static byPath(path: string): LocalDisk {
    checkText('path', path, 1, 300);
    return new LocalDisk({ DiskPath: path }, `the disk at path ${path}`);
  }

  /**
   * The disk of exactly this size. Give every disk another size, and the order of their device names no longer matters.
   */
  public static bySize(size: Size): LocalDisk {
    const bytes = size.toBytes();
    checkWhole('size', bytes, 1, Number.MAX_SAFE_INTEGER, ' bytes');
    return new LocalDisk({ DiskSizeInBytes: bytes }, `the disk of ${bytes} bytes`);
  }

  /**
   * Every disk that nothing else uses when the deployment comes to it. Only one of a gateway's lists can hold this.
   *
   * Disks attached later are not taken up by themselves: only a deployment that changes the list looks again.
   */
  public static allUnallocated(): LocalDisk {
    return new LocalDisk({ AllUnallocated: true }, 'all unallocated disks');
  }

  private constructor(
    /** @internal */
    public readonly _selector: DiskSelector,
    private readonly description: string,
  ) {}

  /** Which disk this is, in words. */
  public toString(): string {
    return this.description;
  }
}

