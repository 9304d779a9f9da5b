import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { S3Client } from '@aws-sdk/client-s3';
import { BLOCK_SIZE } from '../../seed/block';
import type { BlockSource } from '../../seed/block-source';
import { systemClock } from '../../seed/clock';
import { FileJournal } from '../../seed/file-journal';
import { FileSource } from '../../seed/file-source';
import { SocketTransport } from '../../seed/http/socket-transport';
import { linearChecksum, MemoryJournal } from '../../seed/journal';
import { Limiter } from '../../seed/limiter';
import { planSeed } from '../../seed/plan';
import { Retrier } from '../../seed/retrier';
import { pinObject, S3Source } from '../../seed/s3-source';
import { clientConfiguration, withoutRetries } from '../../seed/sdk-client';
import { SdkTransport } from '../../seed/sdk-transport';
import { writeBlocks } from '../../seed/writer';

// Node would rather have memory than collect garbage; here nearly all memory is in buffers that no collection can free.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');

/**
 * The engine in a process of its own, without waiting and without verification, as the peer is measured too: start, write, complete. It
 * takes the options of the command `seed` that matter here.
 */
async function main(): Promise<void> {
  const { values, positionals: [image] } = parseArgs({
    allowPositionals: true,
    options: {
      'workers': { type: 'string', default: '64' },
      'rate': { type: 'string', default: '1000' },
      'transport': { type: 'string', default: 'socket' },
      'no-wait': { type: 'boolean' },
      'verify': { type: 'string' },
      'journal': { type: 'string' },
      'zero-blocks': { type: 'string', default: 'write' },
    },
  });
  const concurrency = Number(values.workers);
  const retrier = new Retrier({ clock: systemClock });
  const puts = new Limiter({ clock: systemClock, ratePerSecond: Number(values.rate) });
  const transport = values.transport === 'sdk' ? new SdkTransport(concurrency) : new SocketTransport(concurrency);
  const source = await open(image, retrier, concurrency);
  const plan = planSeed({ sizeInBytes: source.sizeInBytes });
  const journal = values.journal === undefined ? new MemoryJournal(plan.blockCount) : FileJournal.open(values.journal, plan.blockCount);

  const { snapshotId } = await transport.start({ volumeSize: plan.volumeSize, clientToken: 'benchmark', tags: [], timeout: 60 });
  process.stderr.write(`${snapshotId}\n`);
  await writeBlocks({
    source,
    shards: plan.shards,
    journal,
    zeroBlocks: values['zero-blocks'] === 'omit' ? 'omit' : 'write',
    concurrency,
    store: async (index, block, digest, signal) => {
      await retrier.run(`PutSnapshotBlock of block ${index}`, () => transport.put(snapshotId, index, block, digest, signal), { signal, limiter: puts });
    },
  });
  await transport.complete(snapshotId, journal.blocksWritten, linearChecksum(journal));
  await source.close();
  transport.close();
  process.stdout.write(`${snapshotId}\n`);
}

async function open(image: string, retrier: Retrier, concurrency: number): Promise<BlockSource> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(image) ?? [];
  if (bucket === undefined) {
    return FileSource.open(image);
  }
  const s3 = withoutRetries(new S3Client({ ...clientConfiguration(concurrency), responseChecksumValidation: 'WHEN_REQUIRED', forcePathStyle: true }));
  const { object } = await pinObject(s3, bucket, key);
  return new S3Source(s3, object, retrier, Math.ceil(concurrency * BLOCK_SIZE / 2 ** 22) + 4);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
