import { createHash } from 'node:crypto';
import type { BlockSource } from './block-source';
import { systemClock, type Clock } from './clock';
import { isSnapshotMissing, isValidationError } from './condition';
import { linearChecksum, MemoryJournal, type Journal } from './journal';
import { Limiter } from './limiter';
import type { Plan } from './plan';
import { OperationError, Retrier, type RetrierOptions } from './retrier';
import type { SnapshotState, SnapshotTransport, StartedSnapshot, Tag } from './snapshot-transport';
import { verifySnapshot, type Verification } from './verifier';
import { writeBlocks, type ParentDigests, type ZeroBlocks } from './writer';

export interface SeedOptions {
  readonly source: BlockSource;
  readonly plan: Plan;
  readonly transport: SnapshotTransport;
  /** Names the seed: the same name and parameters end in the same snapshot, however often they are run. */
  readonly name: string;
  /** A tag that nothing but the snapshot of this seed carries; by it the snapshot is found when its id is not known. */
  readonly marker: Tag;
  readonly tags?: readonly Tag[];
  readonly description?: string;
  readonly kmsKeyArn?: string;
  /** The snapshot that this one is a change of: only blocks that differ from it are put. */
  readonly parent?: { readonly snapshotId: string; readonly digests: ParentDigests };
  /** 'write' unless said otherwise: an absent block of an encrypted snapshot does not read as zeros. */
  readonly zeroBlocks?: ZeroBlocks;
  /** 'full' unless said otherwise. */
  readonly verify?: Verification;
  /** False: the seed is done when its completion was accepted; it cannot be verified then. */
  readonly wait?: boolean;
  /** Minutes after the last request in which the service gives the snapshot up. */
  readonly timeout?: number;
  /** The journal of the snapshot, if it is to outlive the run; otherwise one in memory. */
  readonly openJournal?: (snapshotId: string) => Journal;
  /** Whether to leave what there is to a later run, which opens the same journal, rather than to remove it. */
  readonly mayResume?: (error: unknown) => boolean;
  /** Blocks in flight. */
  readonly concurrency?: number;
  readonly requestsPerSecond?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Milliseconds in which a refused permission is retried. */
  readonly permissionGrace?: number;
  readonly signal?: AbortSignal;
  /** Throws if nobody wants the seed any more; asked right before and after a snapshot is started. */
  readonly assertWanted?: () => Promise<void>;
  readonly onProgress?: (progress: SeedProgress) => void;
  readonly onRetry?: RetrierOptions['onRetry'];
}

export type SeedPhase = 'start' | 'write' | 'complete' | 'verify';

export interface SeedProgress {
  readonly phase: SeedPhase;
  readonly snapshotId?: string;
  readonly blockCount: number;
  readonly blocksWritten: number;
  /** The same as the parent's. */
  readonly blocksInherited: number;
  /** Zeros. */
  readonly blocksOmitted: number;
  readonly blocksVerified: number;
  readonly retries: number;
  readonly throttles: number;
  readonly requestsPerSecond: number;
}

export interface SeedResult {
  readonly snapshotId: string;
  /** GiB. */
  readonly volumeSize: number;
  readonly blocksWritten: number;
  /** LINEAR, base64. */
  readonly checksum: string;
  readonly seconds: number;
}

const CONCURRENCY = 32;
/** Snapshots that the service gave up under earlier tokens of the same seed. */
const MOST_SALTS = 5;
/** Milliseconds by which the service's clock may differ from ours. */
const CLOCK_DIFFERENCE = 10_000;
/** Minutes; the service gives a snapshot up that nothing was written to for so long. */
const SNAPSHOT_TIMEOUT = 60;
/** Milliseconds between two looks at a snapshot that is being completed. */
const FIRST_LOOK = 500;
const SLOWEST_LOOK = 5_000;
/** Milliseconds in which DescribeSnapshots may not know a snapshot yet. */
const VISIBILITY_GRACE = 180_000;
/** Milliseconds in which a snapshot that was sealed by another run of the same seed is expected to complete. */
const TWIN_GRACE = 30_000;
/** Milliseconds for the removal of a failed seed's snapshot. */
const CLEAN_UP_BUDGET = 30_000;

/** A seed failed, and its snapshot could not be removed. */
export class SnapshotLeftError extends Error {
  override readonly name = 'SnapshotLeftError';
}

/**
 * Makes a snapshot that holds the image, and proves that it does. Fails with a reason, and then leaves no snapshot behind, unless a
 * later run may go on with it.
 */
export async function seedSnapshot(options: SeedOptions): Promise<SeedResult> {
  const seed = new Seed(options);
  try {
    return await seed.run();
  } catch (error) {
    const left = options.mayResume?.(error) ? undefined : await seed.cleanUp();
    if (left === undefined) {
      throw error;
    }
    throw new SnapshotLeftError(`${messageOf(error)}; its snapshot could not be deleted either: ${messageOf(left)}`, { cause: error });
  }
}

class Seed {
  private readonly clock: Clock;
  private readonly startedAt: number;
  private readonly concurrency: number;
  private journal: Journal;
  private readonly retrier: Retrier;
  private readonly puts: Limiter;
  private readonly gets: Limiter;
  private readonly progress: { -readonly [K in keyof SeedProgress]: SeedProgress[K] };
  /** Whether a StartSnapshot was sent, so that a snapshot can exist. */
  private started = false;

  constructor(private readonly options: SeedOptions) {
    const { plan, clock = systemClock, random, permissionGrace, requestsPerSecond: ratePerSecond } = options;
    this.clock = clock;
    this.startedAt = clock.now();
    this.concurrency = options.concurrency ?? CONCURRENCY;
    this.journal = new MemoryJournal(plan.blockCount);
    this.puts = new Limiter({ clock, ratePerSecond });
    this.gets = new Limiter({ clock, ratePerSecond });
    this.progress = {
      phase: 'start',
      blockCount: plan.blockCount,
      blocksWritten: 0,
      blocksInherited: 0,
      blocksOmitted: 0,
      blocksVerified: 0,
      retries: 0,
      throttles: 0,
      requestsPerSecond: this.puts.ratePerSecond,
    };
    this.retrier = new Retrier({
      clock,
      random,
      permissionGrace,
      onRetry: (verdict, operation, error) => {
        this.progress.retries++;
        this.progress.throttles += verdict.throttled ? 1 : 0;
        options.onRetry?.(verdict, operation, error);
      },
    });
  }

  async run(): Promise<SeedResult> {
    for (let salt = 0; salt < MOST_SALTS; salt++) {
      const { snapshotId, state, startedAt = this.clock.now() } = await this.start(salt);
      this.progress.snapshotId = snapshotId;
      this.report();
      this.retrier.snapshotIsNew(startedAt);
      if (state === 'error') {
        await this.delete(snapshotId);
        continue;
      }
      this.journal = this.options.openJournal?.(snapshotId) ?? new MemoryJournal(this.options.plan.blockCount);
      this.countBlocks();
      try {
        return await this.fill(snapshotId, state);
      } catch (error) {
        const isOld = startedAt < this.startedAt - CLOCK_DIFFERENCE;
        if (!(isOld && error instanceof OperationError && isSnapshotMissing(error.cause))) {
          throw error;
        }
        // The token led to a snapshot of an earlier run that was deleted since.
      }
    }
    throw new Error(`StartSnapshot answered ${MOST_SALTS} times with a snapshot that had ended in error or was deleted`);
  }

  /** What could not be removed, as an error; undefined when nothing is left. */
  async cleanUp(): Promise<unknown> {
    if (!this.started) {
      return undefined;
    }
    const { transport, marker } = this.options;
    try {
      const known = this.progress.snapshotId;
      const found = await this.retrier.run('DescribeSnapshots', () => transport.find(marker), { budget: CLEAN_UP_BUDGET });
      for (const snapshotId of new Set([...(known === undefined ? [] : [known]), ...found.map((snapshot) => snapshot.snapshotId)])) {
        await this.delete(snapshotId);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** The service answers a token that it knows with the snapshot of that token, whatever has become of it. */
  private async start(salt: number): Promise<StartedSnapshot> {
    const { transport, plan, name, marker, tags = [], description, kmsKeyArn, parent, signal, assertWanted } = this.options;
    this.enter('start');
    const started = await this.retrier.run('StartSnapshot', async () => {
      await assertWanted?.();
      this.started = true;
      return transport.start({
        volumeSize: plan.volumeSize,
        clientToken: clientToken(name, salt),
        description,
        kmsKeyArn,
        parentSnapshotId: parent?.snapshotId,
        tags: [...tags.filter(({ Key }) => Key !== marker.Key), marker],
        timeout: this.options.timeout ?? SNAPSHOT_TIMEOUT,
      }, signal);
    }, { signal });
    await assertWanted?.();
    return started;
  }

  private async fill(snapshotId: string, state: SnapshotState): Promise<SeedResult> {
    const { plan, verify = 'full', wait = true } = this.options;
    if (state === 'pending') {
      await this.write(snapshotId);
    } else {
      await this.readDigests();
    }
    if (wait && verify !== 'none') {
      this.enter('verify');
      await verifySnapshot({
        ...this.options,
        verify,
        snapshotId,
        journal: this.journal,
        retrier: this.retrier,
        limiter: this.gets,
        concurrency: this.concurrency,
        onBlock: () => {
          this.progress.blocksVerified++;
          this.report();
        },
      });
    }
    return {
      snapshotId,
      volumeSize: plan.volumeSize,
      blocksWritten: this.journal.blocksWritten,
      checksum: linearChecksum(this.journal),
      seconds: (this.clock.now() - this.startedAt) / 1_000,
    };
  }

  private async write(snapshotId: string): Promise<void> {
    const { plan } = this.options;
    this.enter('write');
    try {
      // One block alone first: what is wrong for all of them is found out by a single request.
      await this.writeShards(snapshotId, [{ firstBlock: 0, blockCount: 1 }]);
      await this.writeShards(snapshotId, plan.shards);
      await this.options.source.assertUnchanged?.();
      this.enter('complete');
      await this.complete(snapshotId);
    } catch (error) {
      if (!(error instanceof OperationError && isValidationError(error.cause) && await this.completedByTwin(snapshotId))) {
        throw error;
      }
      await this.readDigests();
    }
  }

  private async writeShards(snapshotId: string, shards: Plan['shards']): Promise<void> {
    const { source, zeroBlocks, transport, signal } = this.options;
    await writeBlocks({
      source,
      shards,
      zeroBlocks,
      parent: this.options.parent?.digests,
      journal: this.journal,
      concurrency: this.concurrency,
      signal,
      store: async (index, block, digest, stop) => {
        const operation = `PutSnapshotBlock of block ${index}`;
        const put = () => transport.put(snapshotId, index, block, digest, stop);
        const checksum = await this.retrier.run(operation, put, { signal: stop, limiter: this.puts });
        if (checksum !== undefined && checksum !== digest.toString('base64')) {
          throw new Error(`${operation} was answered with the checksum ${checksum}, sent was ${digest.toString('base64')}`);
        }
      },
      onBlock: () => {
        this.countBlocks();
        this.report();
      },
    });
  }

  private async complete(snapshotId: string): Promise<void> {
    const { transport, signal, wait = true } = this.options;
    this.journal.flush?.();
    const checksum = linearChecksum(this.journal);
    let answerLost = false;
    await this.retrier.run('CompleteSnapshot', async (tries) => {
      try {
        await transport.complete(snapshotId, this.journal.blocksWritten, checksum, signal);
      } catch (error) {
        // A sealed snapshot refuses to be sealed again; then the answer to an earlier try was lost.
        answerLost = tries > 1 && isValidationError(error);
        if (!answerLost) {
          throw error;
        }
      }
    }, { signal });
    if (wait) {
      await this.completed(snapshotId);
    }
  }

  /** A snapshot that was just started can be unknown to DescribeSnapshots for a while. */
  private async completed(snapshotId: string, until = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { transport, signal } = this.options;
    const visibleBy = this.clock.now() + VISIBILITY_GRACE;
    for (let pause = FIRST_LOOK; this.clock.now() < until; pause = Math.min(SLOWEST_LOOK, pause * 1.5)) {
      const snapshot = await this.retrier.run('DescribeSnapshots', () => transport.describe(snapshotId, signal), { signal });
      if (snapshot?.state === 'completed') {
        // For the listing it is as new as it was for the puts.
        this.retrier.snapshotIsNew(this.clock.now());
        return true;
      }
      if (snapshot?.state === 'error') {
        throw new Error(`snapshot ${snapshotId} ended in error${snapshot.message ? `: ${snapshot.message}` : ''}`);
      }
      if (snapshot === undefined && this.clock.now() > visibleBy) {
        throw new Error(`snapshot ${snapshotId} is gone; was it deleted while it was being completed?`);
      }
      await this.clock.sleep(pause, signal);
    }
    return false;
  }

  /** The same seed may run twice at a time; the slower run finds the snapshot sealed. */
  private async completedByTwin(snapshotId: string): Promise<boolean> {
    return this.completed(snapshotId, this.clock.now() + TWIN_GRACE);
  }

  /** The digests of blocks that another run has stored. */
  private async readDigests(): Promise<void> {
    const { source, plan, zeroBlocks, parent, signal } = this.options;
    await writeBlocks({
      source,
      shards: plan.shards,
      zeroBlocks,
      parent: parent?.digests,
      journal: this.journal,
      concurrency: this.concurrency,
      signal,
      store: async () => undefined,
    });
    this.countBlocks();
  }

  /** Goes on when the run was stopped: that is when it is needed most. */
  private async delete(snapshotId: string): Promise<void> {
    await this.retrier.run(`DeleteSnapshot of ${snapshotId}`, () => this.options.transport.delete(snapshotId), { budget: CLEAN_UP_BUDGET });
  }

  private countBlocks(): void {
    this.progress.blocksWritten = this.journal.blocksWritten;
    this.progress.blocksInherited = this.journal.blocksInherited;
    this.progress.blocksOmitted = this.journal.blocksOmitted;
  }

  private enter(phase: SeedPhase): void {
    this.progress.phase = phase;
    this.report();
  }

  private report(): void {
    this.progress.requestsPerSecond = this.puts.ratePerSecond;
    this.options.onProgress?.(this.progress);
  }
}

/** At most 64 characters, which is what the user guide allows; the API's own model would allow 255. */
function clientToken(name: string, salt: number): string {
  return createHash('sha256').update(`${name}\n${salt}`).digest('hex');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
