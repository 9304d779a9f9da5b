import type { Limiter } from './limiter';
import type { Retrier } from './retrier';
import type { SnapshotTransport } from './snapshot-transport';

export interface BlockPutterOptions {
  readonly transport: SnapshotTransport;
  readonly snapshotId: string;
  readonly retrier: Retrier;
  readonly limiter: Limiter;
}

/**
 * Puts blocks, one alone before all others: what is wrong for all of them (permission, key, Region, a snapshot that is not there) is
 * found out by a single request.
 */
export class BlockPutter {
  private canary: Promise<void> | undefined;

  constructor(private readonly options: BlockPutterOptions) {}

  readonly put = async (index: number, block: Buffer, digest: Buffer, stop: AbortSignal): Promise<void> => {
    if (this.canary === undefined) {
      this.canary = this.send(index, block, digest, stop);
      return this.canary;
    }
    await this.canary;
    return this.send(index, block, digest, stop);
  };

  private async send(index: number, block: Buffer, digest: Buffer, stop: AbortSignal): Promise<void> {
    const { transport, snapshotId, retrier, limiter } = this.options;
    const operation = `PutSnapshotBlock of block ${index}`;
    const checksum = await retrier.run(operation, () => transport.put(snapshotId, index, block, digest, stop), { signal: stop, limiter });
    if (checksum !== undefined && checksum !== digest.toString('base64')) {
      throw new Error(`${operation} was answered with the checksum ${checksum}, sent was ${digest.toString('base64')}`);
    }
  }
}
