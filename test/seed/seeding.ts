import { createHash } from 'node:crypto';
import { VirtualClock } from './virtual-clock';
import { startLocalServices, type LocalServices, type LocalServicesOptions } from '../../local/services';
import type { BlockSource } from '../../seed/block-source';
import { planSeed } from '../../seed/plan';
import { SdkTransport } from '../../seed/sdk-transport';
import { seedSnapshot, type SeedOptions, type SeedResult } from '../../seed/seed';

export const BLOCK_SIZE = 524_288;
export const MARKER = { Key: 'request', Value: 'the-request' };

/** An image in memory. */
export class MemorySource implements BlockSource {
  readonly sizeInBytes: number;
  reads = 0;

  constructor(readonly bytes: Buffer) {
    this.sizeInBytes = bytes.length;
  }

  async readBlock(index: number, into: Buffer): Promise<void> {
    this.reads++;
    into.fill(0, this.bytes.copy(into, 0, index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE));
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

/** Bytes that differ from block to block; some blocks are zeros. */
export function anImage(sizeInBytes: number, zeroBlocks: readonly number[] = []): Buffer {
  const image = Buffer.alloc(sizeInBytes);
  for (let index = 0; index * BLOCK_SIZE < sizeInBytes; index++) {
    if (!zeroBlocks.includes(index)) {
      image.fill(createHash('sha256').update(String(index)).digest(), index * BLOCK_SIZE, Math.min(sizeInBytes, (index + 1) * BLOCK_SIZE));
    }
  }
  return image;
}

/** The local services, and an engine whose time is theirs. */
export class Seeding {
  static async start(ebs: LocalServicesOptions['ebs'] = { snapshotQuotas: {}, accountQuotas: {} }): Promise<Seeding> {
    return new Seeding(await startLocalServices({ clock: 'frozen', ebs }));
  }

  readonly clock: VirtualClock;
  readonly transport: SdkTransport;

  private constructor(readonly services: LocalServices) {
    Object.assign(process.env, {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_EBS: services.endpoint,
      AWS_ENDPOINT_URL_EC2: services.endpoint,
    });
    this.clock = new VirtualClock((seconds) => services.clock.advance(seconds));
    this.transport = new SdkTransport(16);
  }

  run(image: Buffer, options: Partial<SeedOptions> = {}): Promise<SeedResult> {
    return seedSnapshot({
      source: new MemorySource(image),
      plan: planSeed({ sizeInBytes: image.length }),
      transport: this.transport,
      name: 'the-seed',
      marker: MARKER,
      concurrency: 4,
      clock: this.clock,
      ...options,
    });
  }

  snapshots(): { id: string; state: string }[] {
    return [...this.services.control.state().snapshots];
  }

  calls(operation: string): number {
    return this.services.control.state().calls.filter((call) => call.operation === operation).length;
  }

  /** What the snapshot holds, absent blocks as zeros. */
  async contents(snapshotId: string, sizeInBytes: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.ceil(sizeInBytes / BLOCK_SIZE) * BLOCK_SIZE);
    let pageToken: string | undefined;
    do {
      const page = await this.transport.list(snapshotId, pageToken);
      for (const block of page.blocks) {
        let at = block.index * BLOCK_SIZE;
        for await (const chunk of (await this.transport.read(snapshotId, block)).data) {
          bytes.set(chunk, at);
          at += chunk.length;
        }
      }
      pageToken = page.nextToken;
    } while (pageToken !== undefined);
    return bytes;
  }

  async stop(): Promise<void> {
    this.transport.close();
    await this.services.close();
  }
}
