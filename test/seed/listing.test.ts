import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BLOCK_SIZE } from './seeding';
import { VirtualClock } from './virtual-clock';
import { startLocalServices, type LocalServices } from '../../local/services';
import { ZEROS_DIGEST } from '../../seed/block';
import { linearChecksum, MemoryJournal } from '../../seed/journal';
import { Limiter } from '../../seed/limiter';
import { Retrier } from '../../seed/retrier';
import { SdkTransport } from '../../seed/sdk-transport';
import { readSnapshot } from '../../seed/snapshot-reader';

const BLOCKS = 25_000;
/** Every third block is there. */
const indices = Array.from({ length: BLOCKS }, (_, place) => place * 3);

const directory = mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-test-'));
let services: LocalServices | undefined;
afterEach(() => services?.close());
afterAll(() => rmSync(directory, { recursive: true }));

/** The services over the same data, with pages of the kind that is wanted. */
async function open(shortPages: boolean): Promise<SdkTransport> {
  services = await startLocalServices({ data: directory, clock: 'frozen', ebs: { shortPages, snapshotQuotas: {}, accountQuotas: {} } });
  Object.assign(process.env, {
    AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_ENDPOINT_URL_EBS: services.endpoint, AWS_ENDPOINT_URL_EC2: services.endpoint,
  });
  return new SdkTransport(4);
}

/** Blocks of zeros, written into the data directory as the service keeps them: to put so many would take half a minute. */
async function largeSnapshot(): Promise<string> {
  let transport = await open(false);
  const { snapshotId } = await transport.start({ volumeSize: 64, clientToken: 'large', tags: [], timeout: 60 });
  await transport.put(snapshotId, 0, Buffer.alloc(BLOCK_SIZE), ZEROS_DIGEST);
  transport.close();
  await services?.close();

  const records = indices.slice(1).map((index) => {
    const place = Buffer.alloc(8, 0xff);
    place.writeUInt32LE(index);
    return Buffer.concat([place, ZEROS_DIGEST]);
  });
  appendFileSync(join(directory, 'ebs', snapshotId, 'list'), Buffer.concat(records));
  transport = await open(false);
  const journal = new MemoryJournal(BLOCKS);
  indices.forEach((_, place) => journal.record(place, ZEROS_DIGEST));
  await transport.complete(snapshotId, BLOCKS, linearChecksum(journal));
  services?.clock.advance(5);
  transport.close();
  await services?.close();
  return snapshotId;
}

test('a listing of many pages is read whole and in order, whether its pages are full, short or empty', async () => {
  const snapshotId = await largeSnapshot();
  for (const shortPages of [false, true]) {
    const transport = await open(shortPages);
    const clock = new VirtualClock(() => undefined);
    const listed: number[] = [];
    await readSnapshot({
      transport,
      snapshotId,
      retrier: new Retrier({ clock }),
      limiter: new Limiter({ clock }),
      concurrency: 2,
      wants: (index) => {
        listed.push(index);
        return index === indices[BLOCKS - 1];
      },
      onBlock: (index, block) => {
        expect([index, block.equals(Buffer.alloc(BLOCK_SIZE))]).toEqual([indices[BLOCKS - 1], true]);
      },
    });

    expect(listed).toEqual(indices);
    const pages = services?.control.state().calls.filter(({ operation }) => operation === 'ListSnapshotBlocks').length;
    expect(pages).toBe(shortPages ? 1 + expectedShortPages() : 3);
    transport.close();
    await services?.close();
  }
});

/** After the empty first page: as many blocks as the place where a page begins lets it have. */
function expectedShortPages(): number {
  let pages = 0;
  for (let start = 0; start < BLOCKS; start += Math.floor(10_000 / (2 + (start % 3)))) {
    pages++;
  }
  return pages;
}
