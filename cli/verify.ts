import { parseArgs } from 'node:util';
import { EXIT, ExitError } from './exit';
import type { Image } from './image';
import { Interruption } from './interruption';
import { positionals, snapshotIdOf, wholeNumber } from './options';
import { scopeOf } from './preflight';
import { Progress } from './progress';
import { readable, readBlocks } from './readable';
import { openImage } from './source';
import { countText } from './text';
import { BLOCK_SIZE, ZEROS_DIGEST, blocksIn } from '../seed/block';
import { MemoryJournal } from '../seed/journal';
import { LARGEST_VOLUME } from '../seed/plan';
import { SdkTransport } from '../seed/sdk-transport';
import { writeBlocks } from '../seed/writer';

const WORKERS = 64;
const MOST_NAMED = 10;

/** `verify SNAPSHOT IMAGE`: says whether the snapshot holds the image. */
export async function verify(args: string[]): Promise<void> {
  const { values, positionals: words } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'workers': { type: 'string' }, 'rate': { type: 'string' }, 'volume-size': { type: 'string' }, 'json': { type: 'boolean', default: false } },
  });
  const [id, name] = positionals(words, 'SNAPSHOT', 'IMAGE');
  const snapshotId = snapshotIdOf('SNAPSHOT', id);
  const workers = wholeNumber('workers', values.workers, 1, 1_024) ?? WORKERS;
  const ratePerSecond = wholeNumber('rate', values.rate, 1, 100_000);
  const volumeSize = wholeNumber('volume-size', values['volume-size'], 1, LARGEST_VOLUME);

  const interruption = new Interruption();
  const { signal } = interruption;
  const progress = new Progress();
  const transport = new SdkTransport(workers);
  let image: Image | undefined;
  try {
    await scopeOf();
    image = await openImage(name, { volumeSize, workers, signal, say: (line) => progress.say(line) });
    const described = await readable(transport, snapshotId, progress, signal);
    const expected = await digestsOf(image, workers, progress, signal);
    const differing: number[] = [];
    const seen = new Uint8Array(expected.blockCount);
    let blocksRead = 0;
    await readBlocks({
      transport,
      snapshotId,
      workers,
      ratePerSecond,
      signal,
      progress,
      phase: 'comparing',
      position: () => ({ done: blocksRead, total: Math.max(expected.blockCount, blocksRead) }),
      onBlock: (index, _, digest) => {
        blocksRead++;
        // What lies behind the end of the image is compared with zeros, and no block of the image.
        if (index < seen.length) {
          seen[index] = 1;
        }
        if (!digest.equals(index < expected.blockCount && expected.fate(index) === 'written' ? expected.digest(index) : ZEROS_DIGEST)) {
          differing.push(index);
        }
      },
    });
    let absentZeros = 0;
    for (let index = 0; index < expected.blockCount; index++) {
      if (seen[index] === 0) {
        if (expected.fate(index) === 'written') {
          differing.push(index);
        } else if (expected.fate(index) === 'omitted') {
          absentZeros++;
        }
      }
    }
    progress.end();
    if (absentZeros > 0 && described?.encrypted) {
      progress.say(`${countText(absentZeros, 'block')} of zeros are absent, and absent blocks of an encrypted snapshot do not read as zeros`);
    }
    differing.sort((a, b) => a - b);
    report(snapshotId, name, blocksRead, differing, values.json);
  } finally {
    progress.end();
    interruption.end();
    transport.close();
    await image?.source.close();
  }
}

/** What the image holds: 'written' with a digest, or 'omitted' where it is zeros. */
async function digestsOf({ source }: Image, workers: number, progress: Progress, signal: AbortSignal): Promise<MemoryJournal> {
  const blockCount = blocksIn(source.sizeInBytes);
  const journal = new MemoryJournal(blockCount);
  await writeBlocks({
    source,
    shards: [{ firstBlock: 0, blockCount }],
    journal,
    zeroBlocks: 'omit',
    concurrency: Math.min(workers, 8),
    signal,
    store: async () => undefined,
    onBlock: () => {
      const done = journal.blocksWritten + journal.blocksOmitted;
      progress.show({ phase: 'reading the image', done, total: blockCount, requests: done, retries: 0, throttles: 0 });
    },
  });
  await source.assertUnchanged?.();
  return journal;
}

function report(snapshotId: string, image: string, blocks: number, differing: readonly number[], json: boolean): void {
  const equal = differing.length === 0;
  if (json) {
    process.stdout.write(`${JSON.stringify({ snapshotId, equal, blocksRead: blocks, differingBlocks: differing.length, firstDifferingBlocks: differing.slice(0, MOST_NAMED) })}\n`);
  }
  if (!equal) {
    const named = differing.slice(0, MOST_NAMED).map((index) => `${index} (byte ${index * BLOCK_SIZE})`).join(', ');
    throw new ExitError(EXIT.differs, `${snapshotId} differs from ${image} in ${countText(differing.length, 'block')}: ${named}${differing.length > MOST_NAMED ? ' and more' : ''}`, snapshotId);
  }
  process.stderr.write(`${snapshotId} holds ${image}: ${countText(blocks, 'block')} read and compared\n`);
  if (!json) {
    process.stdout.write(`${snapshotId}\n`);
  }
}
