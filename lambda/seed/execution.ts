import type { PinnedObject } from '../../seed/s3-source';
import type { Properties, Tag } from '../../src/private/contract';

/** What makes a seed the seed that it is: another one of these is another snapshot. */
export type SeedIdentity = Pick<Properties<'Custom::EBSSnapshotSeed'>, 'SourceBucket' | 'SourceKey' | 'SourceVersionId' | 'KmsKeyArn'> & { readonly VolumeSize?: string };

/** The input of an execution. */
export interface SeedInput {
  readonly identity: SeedIdentity;
  readonly source: PinnedObject;
  /** GiB. */
  readonly volumeSize: number;
  readonly description?: string;
  readonly kmsKeyArn?: string;
  /** Which resource of which stack wants it. */
  readonly owner: string;
  readonly tags: readonly Tag[];
}

/** What the state machine hands to the worker. */
export interface SeedTask {
  /** ARN of the execution. */
  readonly execution: string;
  readonly input: SeedInput;
}

/** The output of an execution. */
export interface SeedOutput {
  readonly snapshotId: string;
  readonly volumeSize: number;
  readonly blocksWritten: number;
  readonly checksum: string;
  readonly seconds: number;
}

/**
 * Carries what an execution has put out, on its snapshot: Step Functions forgets an execution after 90 days, the stack goes on asking.
 */
export const OUTCOME = 'cdk-storage-gateway:seed';

export function outcomeTag({ blocksWritten, checksum, seconds }: SeedOutput): Tag {
  return { Key: OUTCOME, Value: [blocksWritten, checksum, seconds].join(' ') };
}

export function readOutcome(value: string): Pick<SeedOutput, 'blocksWritten' | 'checksum' | 'seconds'> {
  const [blocksWritten, checksum, seconds] = value.split(' ');
  return { blocksWritten: Number(blocksWritten), checksum, seconds: Number(seconds) };
}

/** Executions are named after the request that wanted them. */
export function nameOf(execution: string): string {
  return execution.slice(execution.lastIndexOf(':') + 1);
}
