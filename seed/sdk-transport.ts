import {
  CompleteSnapshotCommand, EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand, PutSnapshotBlockCommand, StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DeleteSnapshotCommand, DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import { BLOCK_SIZE } from './block';
import { clientConfiguration, withoutRetries } from './sdk-client';
import type { DescribedSnapshot, SnapshotState, SnapshotTransport, StartRequest, ListedBlock, ListRange, Tag } from './snapshot-transport';

/** What the service takes for MaxResults. */
const FEWEST_LISTED = 100;
const MOST_LISTED = 10_000;

/** The service by the AWS SDK; endpoints, Region and credentials come from its standard environment. */
export class SdkTransport implements SnapshotTransport {
  private readonly ebs: EBSClient;
  private readonly ec2: EC2Client;

  constructor(concurrency: number) {
    this.ebs = withoutRetries(new EBSClient(clientConfiguration(concurrency)));
    this.ec2 = withoutRetries(new EC2Client(clientConfiguration(2)));
    signWithoutHashingAgain(this.ebs);
  }

  async start(request: StartRequest, abortSignal?: AbortSignal) {
    const { SnapshotId, Status, StartTime } = await this.ebs.send(new StartSnapshotCommand({
      VolumeSize: request.volumeSize,
      ClientToken: request.clientToken,
      Description: request.description,
      Encrypted: request.kmsKeyArn === undefined ? undefined : true,
      KmsKeyArn: request.kmsKeyArn,
      ParentSnapshotId: request.parentSnapshotId,
      Tags: request.tags.map(({ Key, Value }) => ({ Key, Value })),
      Timeout: request.timeout,
    }), { abortSignal });
    return {
      snapshotId: present(SnapshotId, 'StartSnapshot', 'SnapshotId'),
      state: present(Status, 'StartSnapshot', 'Status') as SnapshotState,
      startedAt: StartTime?.getTime(),
    };
  }

  async put(snapshotId: string, index: number, block: Buffer, digest: Buffer, abortSignal?: AbortSignal) {
    const { Checksum } = await this.ebs.send(new PutSnapshotBlockCommand({
      SnapshotId: snapshotId,
      BlockIndex: index,
      BlockData: block,
      DataLength: BLOCK_SIZE,
      Checksum: digest.toString('base64'),
      ChecksumAlgorithm: 'SHA256',
    }), { abortSignal });
    return Checksum;
  }

  async complete(snapshotId: string, blocksWritten: number, linearChecksum: string, abortSignal?: AbortSignal) {
    await this.ebs.send(new CompleteSnapshotCommand({
      SnapshotId: snapshotId,
      ChangedBlocksCount: blocksWritten,
      Checksum: linearChecksum,
      ChecksumAlgorithm: 'SHA256',
      ChecksumAggregationMethod: 'LINEAR',
    }), { abortSignal });
  }

  async list(snapshotId: string, pageToken: string | undefined, abortSignal?: AbortSignal, range?: ListRange) {
    const command = new ListSnapshotBlocksCommand({
      SnapshotId: snapshotId,
      ...(pageToken === undefined ? { StartingBlockIndex: range?.startingBlockIndex } : { NextToken: pageToken }),
      MaxResults: Math.min(MOST_LISTED, Math.max(FEWEST_LISTED, range?.blockCount ?? MOST_LISTED)),
    });
    const { Blocks, NextToken } = await this.ebs.send(command, { abortSignal });
    const blocks = (Blocks ?? []).map(({ BlockIndex, BlockToken }) => ({
      index: present(BlockIndex, 'ListSnapshotBlocks', 'BlockIndex'),
      token: present(BlockToken, 'ListSnapshotBlocks', 'BlockToken'),
    }));
    return { blocks, nextToken: NextToken };
  }

  async read(snapshotId: string, { index, token }: ListedBlock, abortSignal?: AbortSignal) {
    const { BlockData, Checksum } = await this.ebs.send(
      new GetSnapshotBlockCommand({ SnapshotId: snapshotId, BlockIndex: index, BlockToken: token }), { abortSignal },
    );
    return { checksum: Checksum, data: present(BlockData, 'GetSnapshotBlock', 'BlockData') as unknown as AsyncIterable<Uint8Array> };
  }

  async describe(snapshotId: string, abortSignal?: AbortSignal) {
    try {
      const { Snapshots } = await this.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }), { abortSignal });
      return Snapshots?.map(described)[0];
    } catch (error) {
      if (isSnapshotNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  async find({ Key, Value }: Tag, abortSignal?: AbortSignal) {
    const found: DescribedSnapshot[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.ec2.send(
        new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [{ Name: `tag:${Key}`, Values: [Value] }], NextToken }), { abortSignal },
      );
      found.push(...(page.Snapshots ?? []).map(described));
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }

  async delete(snapshotId: string, abortSignal?: AbortSignal) {
    try {
      await this.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }), { abortSignal });
    } catch (error) {
      if (!isSnapshotNotFound(error)) {
        throw error;
      }
    }
  }

  close(): void {
    this.ebs.destroy();
    this.ec2.destroy();
  }
}

/**
 * The signature wants a hash of the body; the SDK would compute it, although PutSnapshotBlock already carries one. Over HTTPS the
 * body may stay unsigned, because the signed checksum header protects it.
 */
function signWithoutHashingAgain(client: EBSClient): void {
  client.middlewareStack.add((next) => async (args) => {
    const request = args.request as { protocol: string; method: string; headers: Record<string, string> };
    const checksum = request.headers['x-amz-checksum'] ?? request.headers['x-amz-Checksum'];
    if (request.method === 'PUT' && checksum !== undefined) {
      request.headers['x-amz-content-sha256'] = request.protocol === 'https:' ? 'UNSIGNED-PAYLOAD' : Buffer.from(checksum, 'base64').toString('hex');
    }
    return next(args);
  }, { step: 'build', name: 'signWithoutHashingAgain' });
}

function isSnapshotNotFound(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === 'InvalidSnapshot.NotFound';
}

function described({ SnapshotId, State, StateMessage, VolumeSize, Encrypted }: Snapshot): DescribedSnapshot {
  return {
    snapshotId: present(SnapshotId, 'DescribeSnapshots', 'SnapshotId'),
    state: present(State, 'DescribeSnapshots', 'State') as SnapshotState,
    message: StateMessage,
    volumeSize: VolumeSize,
    encrypted: Encrypted,
  };
}

function present<T>(value: T | undefined, operation: string, member: string): T {
  if (value === undefined) {
    throw new Error(`${operation} answered without ${member}`);
  }
  return value;
}
