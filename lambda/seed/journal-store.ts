import { DeleteObjectsCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { decodeBlocks, encodeBlocks } from './block-records';
import { journalPrefix } from './execution';
import { readObject } from './stored-object';
import type { Clock } from '../../seed/clock';
import type { MemoryJournal } from '../../seed/journal';
import { inParallel } from '../../seed/parallel';
import type { Shard } from '../../seed/plan';
import type { Retrier } from '../../seed/retrier';
import { log } from '../log';

/** Objects that are read at a time. */
const READS = 16;
/** So that keys are listed in the order of their blocks: a volume of 64 TiB has fewer than so many digits of blocks. */
const DIGITS = 10;

/**
 * What the workers of an execution leave for each other: for each shard an object from each worker that ever wrote it. Nobody writes
 * another's object. Since the bytes of the source are pinned, all of them say the same of a block, and together they say what is done.
 */
export class JournalStore {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly execution: string,
    private readonly retrier: Retrier,
    private readonly signal?: AbortSignal,
  ) {}

  async save(shard: Shard, worker: string, journal: MemoryJournal): Promise<void> {
    const command = { Bucket: this.bucket, Key: `${this.prefix(shard)}${worker}`, Body: encodeBlocks(journal, shard) };
    await this.retrier.run('PutObject of the journal', () => this.s3.send(new PutObjectCommand(command)));
  }

  /** Adds to the journal what all workers have stored of these shards. */
  async load(shards: readonly Shard[], journal: MemoryJournal): Promise<void> {
    const byPrefix = new Map(shards.map((shard) => [this.prefix(shard), shard]));
    const keys = await this.keys(shards.length === 1 ? this.prefix(shards[0]) : journalPrefix(this.execution));
    let next = 0;
    await inParallel(Math.min(READS, keys.length), async (_, stop) => {
      while (next < keys.length) {
        stop.throwIfAborted();
        const key = keys[next++];
        const shard = byPrefix.get(key.slice(0, key.lastIndexOf('/') + 1));
        if (!(shard && decodeBlocks(await readObject(this.s3, this.retrier, { Bucket: this.bucket, Key: key }, stop), shard, journal))) {
          log({ execution: this.execution, ignored: key });
        }
      }
    }, this.signal);
  }

  /** How many objects there were. */
  async remove(): Promise<number> {
    const keys = await this.keys(journalPrefix(this.execution));
    for (let first = 0; first < keys.length; first += 1_000) {
      const Objects = keys.slice(first, first + 1_000).map((Key) => ({ Key }));
      const { Errors: [error] = [] } = await this.retrier.run('DeleteObjects of the journal', () => (
        this.s3.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } }))
      ));
      if (error) {
        throw new Error(`DeleteObjects of the journal failed for ${JSON.stringify(error.Key)}: ${error.Code}: ${error.Message}`);
      }
    }
    return keys.length;
  }

  /** Removes the journal until it stays away for so many milliseconds: a worker that nobody waits for may yet add to it. */
  async removeForGood(clock: Clock, { quiet, within, look }: { quiet: number; within: number; look: number }): Promise<void> {
    const giveUpAt = clock.now() + within;
    let emptySince = clock.now();
    while (emptySince + quiet > clock.now() && clock.now() < giveUpAt) {
      if (await this.remove() > 0) {
        emptySince = clock.now();
      }
      await clock.sleep(look, this.signal);
    }
  }

  private prefix({ firstBlock }: Shard): string {
    return `${journalPrefix(this.execution)}${String(firstBlock).padStart(DIGITS, '0')}/`;
  }

  private async keys(Prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket: this.bucket, Prefix, ContinuationToken });
      const page = await this.retrier.run('ListObjectsV2 of the journal', () => this.s3.send(command), { signal: this.signal });
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return keys;
  }
}
