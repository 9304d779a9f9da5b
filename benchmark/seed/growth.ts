import { GIBIBYTE } from '../../seed/block';
import type { BlockSource } from '../../seed/block-source';
import { linearChecksum, MemoryJournal } from '../../seed/journal';
import { planSeed } from '../../seed/plan';
import { writeBlocks } from '../../seed/writer';

/** Writes an image of so many GiB from nowhere to nowhere: what is left to be measured is the engine's own memory. */
async function main(): Promise<void> {
  const plan = planSeed({ sizeInBytes: Number(process.argv[2]) * GIBIBYTE });
  const source: BlockSource = {
    sizeInBytes: plan.sizeInBytes,
    readBlock: async (index, into) => {
      into.writeUInt32LE(index);
    },
    close: async () => undefined,
  };
  const journal = new MemoryJournal(plan.blockCount);
  await writeBlocks({ source, shards: plan.shards, journal, concurrency: 64, store: () => new Promise((resolve) => setImmediate(resolve)) });
  process.stdout.write(`${linearChecksum(journal)}\n`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
