import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { decodeBlocks, encodeBlocks } from './block-records';
import { DIGEST_RECORD_SIZE, digestsKey } from './execution';
import { readObject } from './stored-object';
import { MemoryJournal } from '../../seed/journal';
import type { Shard } from '../../seed/plan';
import type { Retrier } from '../../seed/retrier';
import type { ParentDigests } from '../../seed/writer';

/** The digests of all blocks of a snapshot, kept as long as it is, for the snapshots that are changes of it. */
export class DigestStore {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly retrier: Retrier,
    private readonly signal?: AbortSignal,
  ) {}

  async save(snapshotId: string, journal: MemoryJournal): Promise<void> {
    const Body = encodeBlocks(journal, { firstBlock: 0, blockCount: journal.blockCount });
    const command = { Bucket: this.bucket, Key: digestsKey(snapshotId), Body };
    await this.retrier.run('PutObject of the digests', () => this.s3.send(new PutObjectCommand(command)), { signal: this.signal });
  }

  /** Of a shard of another snapshot, as far as this one has blocks. */
  async load({ snapshotId, blockCount }: { readonly snapshotId: string; readonly blockCount: number }, shard: Shard): Promise<ParentDigests> {
    const known = { firstBlock: shard.firstBlock, blockCount: Math.min(shard.blockCount, blockCount - shard.firstBlock) };
    const digests = new MemoryJournal(shard.firstBlock + shard.blockCount);
    if (known.blockCount > 0) {
      const bytes = await this.read(digestsKey(snapshotId), known);
      if (!decodeBlocks(bytes, known, digests)) {
        throw new Error(`the digests of the parent ${snapshotId} are not those of a snapshot with ${blockCount} blocks`);
      }
    }
    return digests;
  }

  /** Content if there are none. */
  async remove(snapshotId: string): Promise<void> {
    const command = { Bucket: this.bucket, Key: digestsKey(snapshotId) };
    await this.retrier.run('DeleteObject of the digests', () => this.s3.send(new DeleteObjectCommand(command)));
  }

  private async read(Key: string, { firstBlock, blockCount }: Shard): Promise<Buffer> {
    const first = firstBlock * DIGEST_RECORD_SIZE;
    const Range = `bytes=${first}-${first + blockCount * DIGEST_RECORD_SIZE - 1}`;
    return readObject(this.s3, this.retrier, { Bucket: this.bucket, Key, Range }, this.signal);
  }
}
