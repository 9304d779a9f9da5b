import { availableParallelism } from 'node:os';
import { estimate, PRICES_OF, type Estimate } from './estimate';
import { EXIT, ExitError, refusal } from './exit';
import { forgetGoneSnapshots } from './housekeeping';
import type { Image } from './image';
import { Interruption } from './interruption';
import { SeedJournal, type Binding } from './journal-directory';
import { parentDigests, type Parent } from './parent';
import { preflight, scopeOf } from './preflight';
import { Progress, type Position } from './progress';
import { readSeedOrder, type SeedOrder } from './seed-order';
import { openImage } from './source';
import { bytesText, countText, dollarsText, durationText } from './text';
import { GIBIBYTE } from '../seed/block';
import { mayPass } from '../seed/condition';
import { ThreadHasher } from '../seed/hasher';
import { SocketTransport } from '../seed/http/socket-transport';
import { MemoryJournal } from '../seed/journal';
import { planSeed, LARGEST_VOLUME, type Plan } from '../seed/plan';
import { OperationError } from '../seed/retrier';
import { seedSnapshot, SnapshotLeftError, type SeedProgress, type SeedResult } from '../seed/seed';
import { blocksReadBack, VerificationError, type Verification } from '../seed/verifier';
import { writeBlocks, type WriteOptions } from '../seed/writer';

/** One thread cannot read, hash, encrypt and send as fast as the service takes blocks. */
const hasherFor: WriteOptions['hasherFor'] = availableParallelism() > 1 ? (slots) => new ThreadHasher(slots) : undefined;
/** By which the snapshot of a journal is found, when the journal does not know its id yet. */
const MARKER = 'cdk-storage-gateway:request';
/** Minutes that the service keeps a snapshot which nothing is written to: as long as it can, so that there is time to go on. */
const TIMEOUT = 4_320;
/** `seed IMAGE`: makes a snapshot of an image, or goes on making it. */
export async function seed(args: string[]): Promise<void> {
  const order = readSeedOrder(args);
  const interruption = new Interruption();
  const progress = new Progress();
  const transport = new SocketTransport(order.workers);
  let image: Image | undefined;
  try {
    const { signal } = interruption;
    image = await openImage(order.image, { ...order, signal, say: (line) => progress.say(line) });
    const run = new Run(order, image, await scopeOf(), transport, progress, signal);
    const output = order.dryRun ? await run.rehearse() : await run.perform();
    progress.end();
    process.stdout.write(order.json ? `${JSON.stringify(output)}\n` : 'snapshotId' in output ? `${output.snapshotId}\n` : '');
  } catch (error) {
    progress.end();
    if (order.json) {
      const { exitCode = EXIT.failed, message, snapshotId } = error as Partial<ExitError> & Error;
      process.stdout.write(`${JSON.stringify({ snapshotId, error: message, exitCode })}\n`);
    }
    throw error;
  } finally {
    interruption.end();
    transport.close();
    await image?.source.close();
  }
}

/** One seed of one image, as far as the terminal sees it. */
class Run {
  private snapshotId: string | undefined;
  private saidResumed: string | undefined;

  constructor(
    private readonly order: SeedOrder,
    private readonly image: Image,
    private readonly scope: string,
    private readonly transport: SocketTransport,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
  ) {}

  /** What it would do, and nothing that costs. */
  async rehearse() {
    const { plan, parent } = await this.prepare();
    const { order, image } = this;
    const journal = new MemoryJournal(plan.blockCount);
    await writeBlocks({
      source: await image.again?.() ?? image.source,
      shards: plan.shards,
      journal,
      zeroBlocks: 'omit',
      parent: parent?.digests,
      concurrency: 4,
      signal: this.signal,
      store: async () => undefined,
      onBlock: () => this.progress.show({
        phase: 'looking',
        done: journal.blocksWritten + journal.blocksOmitted + journal.blocksInherited,
        total: plan.blockCount,
        requests: journal.blocksWritten + journal.blocksOmitted + journal.blocksInherited,
        retries: 0,
        throttles: 0,
      }),
    });
    this.progress.end();
    const zeros = journal.blocksOmitted;
    const puts = journal.blocksWritten + (order.zeroBlocks === 'write' ? zeros : 0);
    const work = estimate({ ...order, puts, blocks: puts + journal.blocksInherited }, order.prices);
    this.sayEstimate(work, `${countText(zeros, 'block')} of zeros ${order.zeroBlocks === 'write' ? 'to be written' : 'to be left out'}`);
    this.progress.say('this was a dry run: nothing was started');
    const blocks = journal.blocksWritten + zeros + journal.blocksInherited;
    return { dryRun: true, volumeSize: plan.volumeSize, blocks, zeroBlocks: zeros, inheritedBlocks: journal.blocksInherited, ...work };
  }

  async perform() {
    const { plan, parent } = await this.prepare();
    const { order, image } = this;
    const journal = await this.openJournal(plan);
    let result: SeedResult;
    try {
      this.sayPlan(plan);
      result = await seedSnapshot({
        ...order,
        source: image.source,
        plan,
        transport: this.transport,
        name: journal.name,
        marker: { Key: MARKER, Value: journal.name },
        parent,
        concurrency: order.workers,
        hasherFor,
        timeout: TIMEOUT,
        signal: this.signal,
        openJournal: (snapshotId) => journal.open(snapshotId),
        mayResume: (error) => this.mayResume(error),
        onProgress: (state) => this.report(state, journal.resumedBlocks),
        onRetry: (verdict, operation, error) => {
          if (!verdict.throttled && !operation.startsWith('PutSnapshotBlock')) {
            this.progress.say(`${operation} is tried again: ${error instanceof Error ? error.message : String(error)}`);
          }
        },
      });
    } catch (error) {
      throw this.failed(error, journal);
    }
    const { blocksInherited, blocksOmitted } = journal.counts;
    await forgetGoneSnapshots(order.directory, this.scope).catch((error: Error) => {
      this.progress.say(`digests of snapshots that are gone: not looked for (${error.message})`);
    });
    journal.finish(order.directory, this.scope);
    const { snapshotId, blocksWritten, checksum, seconds } = result;
    this.progress.end();
    this.progress.say([
      `${snapshotId} ${order.wait ? 'is completed' : 'is being completed'} after ${durationText(seconds)}: ${countText(blocksWritten, 'block')} written`,
      ...(blocksInherited > 0 ? [`${countText(blocksInherited, 'block')} inherited`] : []),
      ...(blocksOmitted > 0 ? [`${countText(blocksOmitted, 'block')} of zeros left out`] : []),
      `verified: ${order.verify}`,
    ].join(', '));
    return {
      snapshotId,
      volumeSize: plan.volumeSize,
      blocksWritten,
      blocksInherited,
      blocksOmitted,
      resumedBlocks: journal.resumedBlocks,
      checksum,
      seconds,
      verified: order.verify,
    };
  }

  /** Everything that can be found out before the first request that is paid for. */
  private async prepare(): Promise<{ plan: Plan; parent?: Parent }> {
    const { order, image, transport, signal } = this;
    const needed = Math.ceil(image.source.sizeInBytes / GIBIBYTE);
    if (image.source.sizeInBytes < 1 || needed > LARGEST_VOLUME) {
      throw refusal(`image ${JSON.stringify(image.name)} must have 1 byte to ${LARGEST_VOLUME} GiB, got ${image.source.sizeInBytes} bytes`);
    }
    const { notes, parent: described } = await preflight(transport, order, signal);
    const volumeSize = order.volumeSize ?? Math.max(needed, described?.volumeSize ?? 1);
    const least = Math.max(needed, described?.volumeSize ?? 1);
    if (volumeSize < least) {
      throw refusal(`--volume-size must be at least ${least}, as ${needed < least ? 'the parent' : 'the image'} has so many GiB, got ${volumeSize}`);
    }
    const parent = order.parentSnapshotId === undefined ? undefined : await parentDigests({
      ...order,
      snapshotId: order.parentSnapshotId,
      volumeSize: described?.volumeSize ?? volumeSize,
      scope: this.scope,
      transport,
      progress: this.progress,
      signal,
    });
    const plan = planSeed({ sizeInBytes: image.source.sizeInBytes, volumeSize, parentBlockCount: parent?.blockCount });
    const size = `${image.sizeIsLimit ? 'at most ' : ''}${bytesText(image.source.sizeInBytes)}, ${countText(plan.blockCount, 'block')}`;
    this.progress.say(`${image.name}: ${size}, for a volume of ${volumeSize} GiB`);
    notes.forEach((note) => this.progress.say(note));
    return { plan, parent };
  }

  private async openJournal(plan: Plan): Promise<SeedJournal> {
    const { order, image } = this;
    const options = {
      'volume-size': plan.volumeSize,
      'description': order.description,
      'tag': order.tags,
      'kms-key': order.kmsKeyArn,
      'zero-blocks': order.zeroBlocks,
      'parent': order.parentSnapshotId,
    };
    const place = `seed ${this.scope} ${image.identity?.place ?? `standard input ${JSON.stringify(options)}`}`;
    const binding: Binding = { place, source: image.identity?.state ?? {}, options };
    const found = SeedJournal.find(order.directory, place);
    if (found) {
      const difference = found.difference(binding);
      if (!order.restart && image.identity && difference === undefined) {
        return found;
      }
      if (!order.restart && image.identity) {
        found.close();
        const wayOut = 'finish it as it was begun, or give it up with --restart';
        throw refusal(`an unfinished seed of ${image.identity.place} is of another kind: ${difference}; ${wayOut}`);
      }
      await this.giveUp(found);
    }
    return SeedJournal.create(order.directory, binding, plan.blockCount);
  }

  private async giveUp(journal: SeedJournal): Promise<void> {
    const left = await this.transport.find({ Key: MARKER, Value: journal.name }, this.signal);
    for (const { snapshotId } of left) {
      this.progress.say(`${snapshotId} of the earlier, unfinished seed is deleted`);
      await this.transport.delete(snapshotId, this.signal);
    }
    journal.remove();
  }

  private mayResume(error: unknown): boolean {
    return this.image.identity !== undefined && (this.signal.aborted || (error instanceof OperationError && mayPass(error.cause)));
  }

  /** What the program ends with. */
  private failed(error: unknown, journal: SeedJournal): ExitError {
    const message = error instanceof Error ? error.message : String(error);
    const stopped = this.signal.aborted ? (this.signal.reason as ExitError).exitCode : undefined;
    if (this.mayResume(error)) {
      journal.close();
      const state = this.snapshotId === undefined ? '' : `; ${this.snapshotId} is kept`;
      return new ExitError(stopped ?? EXIT.resumable, `${message}${state}: the same command goes on`, this.snapshotId);
    }
    if (error instanceof SnapshotLeftError) {
      journal.close();
      return new ExitError(EXIT.resumable, `${message}: the same command goes on, --restart deletes it`, this.snapshotId);
    }
    journal.remove();
    if (error instanceof VerificationError) {
      return new ExitError(EXIT.differs, `${message}; it was deleted`, this.snapshotId);
    }
    return new ExitError(stopped === EXIT.interrupted ? stopped : EXIT.failed, `${message}; nothing is pending`);
  }

  private report(state: SeedProgress, resumed: number): void {
    if (state.snapshotId !== undefined && this.snapshotId === undefined) {
      this.snapshotId = state.snapshotId;
      this.progress.say(`snapshot ${state.snapshotId}`);
    }
    if (state.snapshotId !== undefined && resumed > 0 && this.saidResumed !== state.snapshotId) {
      this.saidResumed = state.snapshotId;
      this.progress.say(`going on: ${countText(resumed, 'block')} of ${state.blockCount} are there already`);
    }
    if (state.phase !== 'start') {
      this.progress.show(positionOf(state, this.order.verify));
    }
  }

  private sayPlan({ blockCount }: Plan): void {
    const { order } = this;
    this.sayEstimate(estimate({ ...order, puts: blockCount, blocks: blockCount }, order.prices));
  }

  private sayEstimate({ puts, gets, lists, dollars, seconds }: Estimate, more?: string): void {
    const requests = [countText(puts, 'put'), ...(gets > 0 ? [countText(gets, 'get')] : []), ...(lists > 0 ? [countText(lists, 'list')] : [])];
    this.progress.say([
      `at most ${requests.join(', ')}`,
      `${dollarsText(dollars)} at the prices of ${PRICES_OF}`,
      `${durationText(seconds)} at ${this.order.requestsPerSecond ?? 'the quota\'s 1,000'} requests/s`,
      ...(more === undefined ? [] : [more]),
    ].join('; '));
  }
}

function positionOf(state: SeedProgress, verify: Verification): Position {
  const { phase, blockCount, blocksWritten, blocksInherited, blocksOmitted, blocksVerified, retries, throttles } = state;
  if (phase === 'verify') {
    const total = Math.max(blocksVerified, blocksReadBack(blocksWritten + blocksInherited, verify));
    return { phase: 'verifying', done: blocksVerified, total, requests: blocksVerified, retries, throttles };
  }
  const done = blocksWritten + blocksInherited + blocksOmitted;
  return { phase: phase === 'complete' ? 'completing' : 'writing', done, total: blockCount, requests: blocksWritten, retries, throttles };
}
