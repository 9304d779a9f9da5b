import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { nameOf, outcomeTag, type SeedOutput, type SeedTask } from './execution';
import { systemClock } from '../../seed/clock';
import { planSeed } from '../../seed/plan';
import { Retrier } from '../../seed/retrier';
import { S3Source } from '../../seed/s3-source';
import { clientConfiguration, withoutRetries } from '../../seed/sdk-client';
import { SdkTransport } from '../../seed/sdk-transport';
import { seedSnapshot, type SeedProgress } from '../../seed/seed';
import { log } from '../log';
import { REQUEST } from '../tags';

/** Blocks in flight: 32 at 100 ms make 320 a second, more than one function's network carries. */
const CONCURRENCY = 32;
/** Milliseconds before Lambda ends the function, in which a seed that is not ready is stopped and its snapshot removed. */
const TIME_TO_CLEAN_UP = 45_000;
/** Milliseconds. A permission that was granted with the same deployment takes a while to be known everywhere. */
const PERMISSION_GRACE = 120_000;
const CHECK_EVERY = 3_000;
const LOG_EVERY = 5_000;

/** Runs one seed, from the first request to the last block read back. */
export async function handler(task: SeedTask, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SeedOutput> {
  const { execution, input } = task;
  const retrier = new Retrier({ clock: systemClock, permissionGrace: PERMISSION_GRACE });
  const s3 = withoutRetries(new S3Client({ ...clientConfiguration(CONCURRENCY), responseChecksumValidation: 'WHEN_REQUIRED' }));
  const transport = new SdkTransport(CONCURRENCY);
  const source = new S3Source(s3, input.source, retrier);
  const watch = new Watch(execution, retrier, context.getRemainingTimeInMillis() - TIME_TO_CLEAN_UP);
  try {
    const output = await seedSnapshot({
      source,
      plan: planSeed({ sizeInBytes: input.source.sizeInBytes, volumeSize: input.volumeSize }),
      transport,
      name: execution,
      marker: { Key: REQUEST, Value: nameOf(execution) },
      tags: input.tags,
      description: input.description,
      kmsKeyArn: input.kmsKeyArn,
      concurrency: CONCURRENCY,
      permissionGrace: PERMISSION_GRACE,
      signal: watch.signal,
      assertWanted: () => watch.assertWanted(),
      onProgress: (progress) => watch.report(progress),
    });
    await keep(output, retrier);
    log({ execution, outcome: 'done', ...output });
    return output;
  } catch (error) {
    log({ execution, outcome: 'failed', error: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    watch.end();
    await source.close();
    transport.close();
    s3.destroy();
  }
}

async function keep(output: SeedOutput, retrier: Retrier): Promise<void> {
  const ec2 = withoutRetries(new EC2Client(clientConfiguration(1)));
  try {
    await retrier.run('CreateTags', () => ec2.send(new CreateTagsCommand({ Resources: [output.snapshotId], Tags: [outcomeTag(output)] })));
  } finally {
    ec2.destroy();
  }
}

/** Stops the seed when nobody wants it any more, or when it cannot be ready in time; tells how far it is. */
class Watch {
  private readonly stop = new AbortController();
  private readonly states = withoutRetries(new SFNClient(clientConfiguration(1)));
  private readonly checks: NodeJS.Timeout;
  private readonly deadline: NodeJS.Timeout;
  private progress?: SeedProgress;
  private loggedAt = 0;

  constructor(private readonly execution: string, private readonly retrier: Retrier, milliseconds: number) {
    this.checks = setInterval(() => {
      this.assertWanted().catch((error: unknown) => this.stop.abort(error));
    }, CHECK_EVERY);
    this.deadline = setTimeout(() => {
      const { phase = 'start', blocksWritten = 0, blocksVerified = 0, blockCount = 0 } = this.progress ?? {};
      const state = `in phase "${phase}", ${blocksWritten} of ${blockCount} blocks written, ${blocksVerified} verified`;
      this.stop.abort(new Error(`the seed was not ready within ${Math.round(milliseconds / 1_000)} seconds: ${state}; seed a smaller image`));
    }, milliseconds);
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  /** The state machine does not end its worker when it is stopped; the worker has to look. */
  async assertWanted(): Promise<void> {
    const { status } = await this.retrier.run('DescribeExecution', () => this.states.send(new DescribeExecutionCommand({ executionArn: this.execution })));
    if (status !== 'RUNNING') {
      throw new Error(`the execution ${this.execution} is ${status}`);
    }
  }

  report(progress: SeedProgress): void {
    const isNews = progress.phase !== this.progress?.phase;
    this.progress = { ...progress };
    if (isNews || systemClock.now() - this.loggedAt >= LOG_EVERY) {
      this.loggedAt = systemClock.now();
      log({ execution: this.execution, ...progress });
    }
  }

  end(): void {
    clearInterval(this.checks);
    clearTimeout(this.deadline);
    this.states.destroy();
  }
}
