import { createHash } from 'node:crypto';
import type { LocalServices } from '../../../../local/services';
import { authorization } from '../plain-http';

export const BLOCK_SIZE = 524_288;

export const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** A block that is told from others by its number. */
export const block = (number: number) => Buffer.alloc(BLOCK_SIZE, `block ${number} `);

export interface DirectAnswer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly body: { SnapshotId: string; Message?: string; Reason?: string; NextToken?: string } & Record<string, unknown>;
}

/** The direct APIs over plain HTTP, so that no SDK can make a call better than it is. */
export class Direct {
  constructor(private readonly services: LocalServices) {}

  async call(method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array | string): Promise<DirectAnswer> {
    const response = await fetch(`${this.services.endpoint}${path}`, { method, headers: { ...authorization('ebs'), ...headers }, body });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get('content-type') === 'application/json' && bytes.length > 0;
    return {
      status: response.status,
      type: response.headers.get('x-amzn-errortype'),
      headers: response.headers,
      bytes,
      body: isJson ? JSON.parse(bytes.toString()) as DirectAnswer['body'] : { SnapshotId: '' },
    };
  }

  start(input: object = {}): Promise<DirectAnswer> {
    return this.call('POST', '/snapshots', { 'content-type': 'application/json' }, JSON.stringify({ VolumeSize: 1, ...input }));
  }

  async started(input: object = {}): Promise<string> {
    return (await this.start(input)).body.SnapshotId;
  }

  put(snapshotId: string, index: number, data: Uint8Array = block(index), headers: Record<string, string> = {}): Promise<DirectAnswer> {
    return this.call('PUT', `/snapshots/${snapshotId}/blocks/${index}`, {
      'x-amz-data-length': String(BLOCK_SIZE),
      'x-amz-checksum': digestOf(data).toString('base64'),
      'x-amz-checksum-algorithm': 'SHA256',
      ...headers,
    }, data);
  }

  complete(snapshotId: string, count: number, headers: Record<string, string> = {}): Promise<DirectAnswer> {
    return this.call('POST', `/snapshots/completion/${snapshotId}`, { 'x-amz-changedblockscount': String(count), ...headers });
  }

  /** A snapshot with these blocks, completed. */
  async completed(blocks: readonly number[], input: object = {}, content: (index: number) => Uint8Array = block): Promise<string> {
    const snapshotId = await this.started(input);
    for (const index of blocks) {
      await this.put(snapshotId, index, content(index));
    }
    await this.complete(snapshotId, blocks.length);
    this.services.clock.advance(5);
    return snapshotId;
  }

  list(snapshotId: string, query: Record<string, string | number> = {}): Promise<DirectAnswer> {
    return this.call('GET', `/snapshots/${snapshotId}/blocks?${queryOf(query)}`);
  }

  changes(secondSnapshotId: string, query: Record<string, string | number> = {}): Promise<DirectAnswer> {
    return this.call('GET', `/snapshots/${secondSnapshotId}/changedblocks?${queryOf(query)}`);
  }

  get(snapshotId: string, index: number, blockToken: string): Promise<DirectAnswer> {
    return this.call('GET', `/snapshots/${snapshotId}/blocks/${index}?${queryOf({ blockToken })}`);
  }

  async tokens(snapshotId: string): Promise<Map<number, string>> {
    const { body } = await this.list(snapshotId);
    return new Map((body.Blocks as { BlockIndex: number; BlockToken: string }[]).map(({ BlockIndex, BlockToken }) => [BlockIndex, BlockToken]));
  }
}

function queryOf(query: Record<string, string | number>): URLSearchParams {
  return new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]));
}

export const indicesOf = ({ body }: DirectAnswer): number[] =>
  ((body.Blocks ?? body.ChangedBlocks) as { BlockIndex: number }[]).map(({ BlockIndex }) => BlockIndex);

export const linear = (digests: Buffer[]) => digestOf(Buffer.concat(digests)).toString('base64');

/** How the service refuses: HTTP status, type, reason. */
export const refusal = ({ status, type, body }: DirectAnswer) => [status, type, body.Reason];
