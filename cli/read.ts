import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, ExitError, refusal } from './exit';
import { Interruption } from './interruption';
import { defaultDirectory, SeedJournal } from './journal-directory';
import { positionals, snapshotIdOf, wholeNumber } from './options';
import { scopeOf } from './preflight';
import { Progress } from './progress';
import { readable, readBlocks } from './readable';
import { countText } from './text';
import { BLOCK_SIZE, GIBIBYTE, isZeros } from '../seed/block';
import { mayPass } from '../seed/condition';
import type { FileJournal } from '../seed/file-journal';
import { LARGEST_VOLUME } from '../seed/plan';
import { OperationError } from '../seed/retrier';
import { SdkTransport } from '../seed/sdk-transport';

const WORKERS = 64;
const BLOCKS_PER_GIBIBYTE = GIBIBYTE / BLOCK_SIZE;

interface Order {
  readonly snapshotId: string;
  readonly path: string;
  readonly workers: number;
  readonly ratePerSecond?: number;
  readonly directory: string;
  readonly restart: boolean;
  readonly json: boolean;
}

function read(args: string[]): Order {
  const { values, positionals: words } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      workers: { type: 'string' },
      rate: { type: 'string' },
      journal: { type: 'string' },
      restart: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [snapshotId, path] = positionals(words, 'SNAPSHOT', 'FILE');
  return {
    snapshotId: snapshotIdOf('SNAPSHOT', snapshotId),
    path: resolve(path),
    workers: wholeNumber('workers', values.workers, 1, 1_024) ?? WORKERS,
    ratePerSecond: wholeNumber('rate', values.rate, 1, 100_000),
    directory: values.journal ?? defaultDirectory(),
    restart: values.restart,
    json: values.json,
  };
}

/** `read SNAPSHOT FILE`: writes a snapshot into a file, under another name until it is whole. */
export async function readBack(args: string[]): Promise<void> {
  const order = read(args);
  const { snapshotId, path, workers } = order;
  const interruption = new Interruption();
  const { signal } = interruption;
  const progress = new Progress();
  const transport = new SdkTransport(workers);
  const part = `${path}.part`;
  try {
    const scope = await scopeOf();
    if (await stat(path).then(() => true, () => false)) {
      throw refusal(`file ${JSON.stringify(path)} exists already`);
    }
    const found = await readable(transport, snapshotId, progress, signal);
    const { journal, file } = await openPart(order, scope, part, found?.volumeSize);
    try {
      const digests = journal.open(snapshotId);
      if (journal.resumedBlocks > 0) {
        progress.say(`going on: ${countText(journal.resumedBlocks, 'block')} are there already`);
      }
      await copy(order, transport, file, digests, progress, signal);
      await file.sync();
      await file.close();
      await rename(part, path);
      journal.remove();
      progress.end();
      report(order, digests.blocksWritten);
    } catch (error) {
      await file.close();
      journal.close();
      if (signal.aborted || (error instanceof OperationError && mayPass(error.cause))) {
        const exitCode = signal.aborted ? (signal.reason as ExitError).exitCode : EXIT.resumable;
        throw new ExitError(exitCode, `${error instanceof Error ? error.message : String(error)}; ${part} is kept: the same command goes on`, snapshotId);
      }
      throw error;
    }
  } finally {
    progress.end();
    interruption.end();
    transport.close();
  }
}

/** The unfinished file and the journal belong together: without one the other is worth nothing. */
async function openPart({ snapshotId, path, directory, restart }: Order, scope: string, part: string, volumeSize: number | undefined) {
  const place = `read ${scope} ${path}`;
  const blockCount = (volumeSize ?? LARGEST_VOLUME) * BLOCKS_PER_GIBIBYTE;
  const known = SeedJournal.find(directory, place);
  const inode = await stat(part).then(({ ino }) => ino, () => undefined);
  if (known && !restart && inode !== undefined) {
    const difference = known.difference({ place, source: { snapshot: snapshotId, inode }, options: {} });
    if (difference === undefined) {
      return { journal: known, file: await open(part, 'r+') };
    }
    known.close();
    throw refusal(`${JSON.stringify(part)} is of another kind: ${difference}; --restart begins again`);
  }
  if (!known && inode !== undefined && !restart) {
    throw refusal(`${JSON.stringify(part)} exists and has no journal; --restart overwrites it`);
  }
  known?.remove();
  await rm(part, { force: true });
  const file = await open(part, 'wx+');
  if (volumeSize !== undefined) {
    await file.truncate(volumeSize * GIBIBYTE);
  }
  const { ino } = await file.stat();
  return { journal: SeedJournal.create(directory, { place, source: { snapshot: snapshotId, inode: ino }, options: {} }, blockCount), file };
}

async function copy(
  { snapshotId, workers, ratePerSecond }: Order, transport: SdkTransport,
  file: FileHandle, digests: FileJournal, progress: Progress, signal: AbortSignal,
): Promise<void> {
  await readBlocks({
    transport,
    snapshotId,
    workers,
    ratePerSecond,
    signal,
    progress,
    phase: 'reading',
    position: () => ({ done: digests.blocksWritten, total: digests.blockCount }),
    wants: (index) => !digests.has(index),
    onBlock: async (index, block, digest) => {
      // The file is new: where nothing was written, it holds zeros.
      if (!isZeros(block)) {
        await writeWhole(file, block, index * BLOCK_SIZE);
      }
      digests.record(index, digest);
    },
  });
}

async function writeWhole(file: FileHandle, block: Buffer, position: number): Promise<void> {
  for (let done = 0; done < block.length;) {
    done += (await file.write(block, done, block.length - done, position + done)).bytesWritten;
  }
}

function report({ snapshotId, path, json }: Order, blocks: number): void {
  process.stderr.write(`${path} holds ${snapshotId}: ${countText(blocks, 'block')} read\n`);
  process.stdout.write(json ? `${JSON.stringify({ snapshotId, file: path, blocksRead: blocks })}\n` : `${snapshotId}\n`);
}
