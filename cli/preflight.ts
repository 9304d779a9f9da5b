import { createHash } from 'node:crypto';
import { EBSClient } from '@aws-sdk/client-ebs';
import { DescribeSnapshotsCommand, EC2Client, GetEbsDefaultKmsKeyIdCommand, GetEbsEncryptionByDefaultCommand } from '@aws-sdk/client-ec2';
import { refusal } from './exit';
import { systemClock } from '../seed/clock';
import { describeError } from '../seed/condition';
import { OperationError, Retrier } from '../seed/retrier';
import { clientConfiguration, withoutRetries } from '../seed/sdk-client';
import type { DescribedSnapshot, SnapshotTransport } from '../seed/snapshot-transport';
import type { ZeroBlocks } from '../seed/writer';

export interface Wish {
  readonly zeroBlocks: ZeroBlocks;
  readonly kmsKeyArn?: string;
  readonly parentSnapshotId?: string;
}

export interface Findings {
  /** What was found out, and what was not, for the user to read. */
  readonly notes: readonly string[];
  readonly parent?: DescribedSnapshot;
}

/** Milliseconds that one question may take: it is only a question. */
const BUDGET = 10_000;
const PENDING_QUOTA = 100;
const MISSING: DescribedSnapshot = { snapshotId: '', state: 'error' };

/**
 * Asks what could fail, before anything is paid for. A question that is not answered is no reason to stop.
 */
export async function preflight(
  transport: SnapshotTransport, { zeroBlocks, kmsKeyArn, parentSnapshotId }: Wish, signal?: AbortSignal,
): Promise<Findings> {
  const ec2 = withoutRetries(new EC2Client(clientConfiguration(2)));
  const retrier = new Retrier({ clock: systemClock });
  const notes: string[] = [];
  const ask = async <T>(what: string, operation: string, question: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await retrier.run(operation, question, { budget: BUDGET, signal });
    } catch (error) {
      signal?.throwIfAborted();
      notes.push(`${what}: not checked (${describeError(error instanceof OperationError ? error.cause : error)})`);
      return undefined;
    }
  };

  try {
    await ec2.config.credentials().catch((error: Error) => {
      throw refusal(`there are no AWS credentials: ${error.message}`);
    });
    const byDefault = await ask('encryption by default', 'GetEbsEncryptionByDefault', async () =>
      (await ec2.send(new GetEbsEncryptionByDefaultCommand({}), { abortSignal: signal })).EbsEncryptionByDefault ?? false);
    const parent = parentSnapshotId === undefined ? undefined : await ask('parent', 'DescribeSnapshots', async () =>
      await transport.describe(parentSnapshotId, signal) ?? MISSING);
    if (parentSnapshotId !== undefined && parent !== undefined) {
      assertParent(parentSnapshotId, parent, byDefault ?? false);
    }
    const why = kmsKeyArn !== undefined ? '--kms-key' : parent?.encrypted ? 'its encrypted parent' : byDefault ? 'the account\'s encryption by default' : undefined;
    if (zeroBlocks === 'omit' && why !== undefined) {
      throw refusal(`--zero-blocks omit is refused: the snapshot will be encrypted because of ${why}, and blocks that an encrypted snapshot lacks do not read as zeros; use --zero-blocks write`);
    }
    if (why !== undefined) {
      const key = kmsKeyArn ?? (parent?.encrypted ? undefined : await ask('default key', 'GetEbsDefaultKmsKeyId', async () =>
        (await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}), { abortSignal: signal })).KmsKeyId));
      notes.push(`encryption: because of ${why}${key === undefined ? '' : `, with ${key}`}`);
    } else if (byDefault === false) {
      notes.push('encryption: none');
    }
    const pending = await ask('pending snapshots', 'DescribeSnapshots', async () => (await ec2.send(
      new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [{ Name: 'status', Values: ['pending'] }], MaxResults: 1_000 }), { abortSignal: signal },
    )).Snapshots?.length ?? 0);
    if (pending !== undefined && pending >= PENDING_QUOTA) {
      notes.push(`pending snapshots: ${pending}, and the quota is ${PENDING_QUOTA} (L-94D7AB7D): StartSnapshot may be refused`);
    }
    return { notes, parent };
  } finally {
    ec2.destroy();
  }
}

/** Names the service that is spoken to: what is remembered of one Region means nothing in another. */
export async function scopeOf(): Promise<string> {
  const client = new EBSClient({});
  try {
    const region = await client.config.region().catch((error: Error) => {
      throw refusal(`there is no AWS Region: ${error.message}; set AWS_REGION or the profile's region`);
    });
    const endpoint = process.env.AWS_ENDPOINT_URL_EBS ?? process.env.AWS_ENDPOINT_URL;
    return endpoint === undefined ? region : `${region}-${createHash('sha256').update(endpoint).digest('hex').slice(0, 12)}`;
  } finally {
    client.destroy();
  }
}

function assertParent(id: string, parent: DescribedSnapshot, byDefault: boolean): void {
  if (parent === MISSING) {
    throw refusal(`--parent ${id} does not exist in this account and Region`);
  }
  if (parent.state !== 'completed') {
    throw refusal(`--parent ${id} must be completed, it is ${parent.state}`);
  }
  if (byDefault && parent.encrypted === false) {
    throw refusal(`--parent ${id} is not encrypted, and the account encrypts by default: copy the parent with encryption first`);
  }
}
