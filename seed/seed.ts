import { BlockPutter } from './block-putter';
import type { BlockSource } from './block-source';
import { systemClock, type Clock } from './clock';
import { completed, sealSnapshot } from './completion';
import { isValidationError } from './condition';
import { linearChecksum, MemoryJournal, type Journal } from './journal';
import { Limiter } from './limiter';
import type { Plan } from './plan';
import { deleteSnapshots } from './removal';
import { OperationError, Retrier, type RetrierOptions } from './retrier';
import { startSnapshot, type SnapshotStartOptions, type UsableSnapshot } from './snapshot-start';
import { verifySnapshot, type Verification } from './verifier';
import { writeBlocks, type ParentDigests, type WriteOptions, type ZeroBlocks } from './writer';

type StartOptions = Omit<SnapshotStartOptions, 'volumeSize' | 'parentSnapshotId' | 'clock' | 'retrier' | 'onStart' | 'onStarted'>;

export interface SeedOptions extends StartOptions {
  readonly source: BlockSource;
  readonly plan: Plan;
  /** The snapshot that this one is a change of: only blocks that differ from it are put. */
  readonly parent?: { readonly snapshotId: string; readonly digests: ParentDigests };
  /** 'write' unless said otherwise: an absent block of an encrypted snapshot does not read as zeros. */
  readonly zeroBlocks?: ZeroBlocks;
  /** 'full' unless said otherwise. */
  readonly verify?: Verification;
  /** False: the seed is done when its completion was accepted; it cannot be verified then. */
  readonly wait?: boolean;
  /** The journal of the snapshot, if it is to outlive the run; otherwise one in memory. */
  readonly openJournal?: (snapshotId: string) => Journal;
  /** Whether to leave what there is to a later run, which opens the same journal, rather than to remove it. */
  readonly mayResume?: (error: unknown) => boolean;
  /** Blocks in flight. */
  readonly concurrency?: number;
  readonly hasherFor?: WriteOptions['hasherFor'];
  readonly requestsPerSecond?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Milliseconds in which a refused permission is retried. */
  readonly permissionGrace?: number;
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
/** Milliseconds in which a snapshot that was sealed by another run of the same seed is expected to complete. */
const TWIN_GRACE = 30_000;

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

  run(): Promise<SeedResult> {
    const { plan, parent, openJournal } = this.options;
    this.enter('start');
    return startSnapshot({
      ...this.options,
      volumeSize: plan.volumeSize,
      parentSnapshotId: parent?.snapshotId,
      clock: this.clock,
      retrier: this.retrier,
      onStart: () => this.started = true,
      onStarted: (snapshotId) => {
        this.progress.snapshotId = snapshotId;
        this.report();
      },
    }, async ({ snapshotId, state }) => {
      this.journal = openJournal?.(snapshotId) ?? new MemoryJournal(plan.blockCount);
      this.countBlocks();
      return this.fill(snapshotId, state);
    });
  }

  /** What could not be removed, as an error; undefined when nothing is left. */
  async cleanUp(): Promise<unknown> {
    if (!this.started) {
      return undefined;
    }
    const { snapshotId } = this.progress;
    const { transport, marker } = this.options;
    try {
      await deleteSnapshots(transport, this.retrier, marker, ...snapshotId === undefined ? [] : [snapshotId]);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private async fill(snapshotId: string, state: UsableSnapshot['state']): Promise<SeedResult> {
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
    const completion = { ...this.options, snapshotId, clock: this.clock, retrier: this.retrier };
    this.enter('write');
    try {
      const putter = new BlockPutter({ ...completion, limiter: this.puts });
      await this.eachBlock(putter.put);
      await this.options.source.assertUnchanged?.();
      this.enter('complete');
      this.journal.flush?.();
      await sealSnapshot(completion, this.journal);
      if (this.options.wait ?? true) {
        await completed(completion);
      }
    } catch (error) {
      // The same seed may run twice at a time; the slower run finds the snapshot sealed.
      const mayBeSealed = error instanceof OperationError && isValidationError(error.cause);
      if (!(mayBeSealed && await completed(completion, this.clock.now() + TWIN_GRACE))) {
        throw error;
      }
      await this.readDigests();
    }
  }

  private async eachBlock(store: WriteOptions['store']): Promise<void> {
    const { source, plan, zeroBlocks, parent, hasherFor, signal } = this.options;
    await writeBlocks({
      source,
      shards: plan.shards,
      zeroBlocks,
      parent: parent?.digests,
      journal: this.journal,
      concurrency: this.concurrency,
      hasherFor,
      signal,
      store,
      onBlock: () => {
        this.countBlocks();
        this.report();
      },
    });
  }

  /** The digests of blocks that another run has stored. */
  private readDigests(): Promise<void> {
    return this.eachBlock(async () => undefined);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
