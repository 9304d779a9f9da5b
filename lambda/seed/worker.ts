import { S3Client } from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import { DigestStore } from './digest-store';
import { nameOf, type SeedTask, type SharedSnapshot } from './execution';
import { JournalStore } from './journal-store';
import { Metrics } from './metrics';
import { Watch } from './watch';
import { systemClock } from '../../seed/clock';
import { SocketTransport } from '../../seed/http/socket-transport';
import { Retrier } from '../../seed/retrier';
import { S3Source } from '../../seed/s3-source';
import { clientConfiguration, withoutRetries } from '../../seed/sdk-client';
import type { Tag } from '../../seed/snapshot-transport';
import { REQUEST } from '../tags';

/** Blocks in flight: 32 at 100 ms make 320 a second, more than one function's network carries. */
export const CONCURRENCY = 32;
/** Milliseconds before Lambda ends the function, in which what is done is stored. */
const TIME_TO_STORE = 40_000;
/** Milliseconds. A permission that was granted with the same deployment takes a while to be known everywhere. */
const PERMISSION_GRACE = 120_000;

export type WorkerContext = Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>;

/** What a step works with, for one invocation. */
export class Worker {
  readonly concurrency = CONCURRENCY;
  readonly clock = systemClock;
  /** Its own: no other invocation has it. */
  readonly id: string;
  /** By this tag the snapshot is found when its id is not known. */
  readonly marker: Tag;
  readonly metrics: Metrics;
  readonly retrier: Retrier;
  readonly watch: Watch;
  readonly transport = new SocketTransport(CONCURRENCY);
  readonly source: S3Source;
  readonly journals: JournalStore;
  readonly digests: DigestStore;
  private readonly s3 = withoutRetries(new S3Client({ ...clientConfiguration(CONCURRENCY), responseChecksumValidation: 'WHEN_REQUIRED' }));

  constructor({ execution, seed }: SeedTask, context: WorkerContext) {
    this.id = context.awsRequestId;
    this.marker = { Key: REQUEST, Value: nameOf(execution) };
    this.metrics = new Metrics(seed.owner);
    this.retrier = new Retrier({
      clock: this.clock,
      permissionGrace: PERMISSION_GRACE,
      onRetry: ({ throttled }) => {
        this.metrics.add('Retries', 1);
        if (throttled) {
          this.metrics.add('Throttles', 1);
        }
      },
    });
    this.watch = new Watch(execution, this.retrier, context.getRemainingTimeInMillis() - TIME_TO_STORE);
    this.source = new S3Source(this.s3, seed.source, this.retrier);
    this.journals = new JournalStore(this.s3, seed.journalBucket, execution, this.retrier, this.watch.signal);
    this.digests = new DigestStore(this.s3, seed.journalBucket, this.retrier, this.watch.signal);
  }

  get signal(): AbortSignal {
    return this.watch.signal;
  }

  /** What completing a snapshot takes. */
  sharing({ snapshotId }: SharedSnapshot) {
    return { transport: this.transport, snapshotId, clock: this.clock, retrier: this.retrier, signal: this.signal };
  }

  async close(): Promise<void> {
    this.watch.end();
    this.metrics.end();
    await this.source.close();
    this.transport.close();
    this.s3.destroy();
  }
}
