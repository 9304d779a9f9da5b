import type { Shard } from '../../seed/plan';
import type { PinnedObject } from '../../seed/s3-source';
import type { Verification } from '../../seed/verifier';
import type { ZeroBlocks } from '../../seed/writer';
import type { Properties, Tag } from '../../src/private/contract';

/** What makes a seed the seed that it is: another one of these is another snapshot. */
export type SeedIdentity = Pick<Properties<'Custom::EBSSnapshotSeed'>, 'SourceBucket' | 'SourceKey' | 'SourceVersionId' | 'KmsKeyArn' | 'ZeroBlocks'>
& { readonly VolumeSize?: string };

/** What a seed wants; the input of its execution holds it as `seed`. */
export interface SeedInput {
  readonly identity: SeedIdentity;
  readonly source: PinnedObject;
  /** GiB. */
  readonly volumeSize: number;
  readonly description?: string;
  readonly kmsKeyArn?: string;
  readonly zeroBlocks: ZeroBlocks;
  /** The snapshot that this one is a change of, and how many blocks its stored digests are of. */
  readonly parent?: { readonly snapshotId: string; readonly blockCount: number };
  readonly verify: Verification;
  /** Of all workers together. */
  readonly requestsPerSecond: number;
  /** How many write at a time. */
  readonly workers: number;
  readonly journalBucket: string;
  /** Which resource of which stack wants it. */
  readonly owner: string;
  readonly tags: readonly Tag[];
}

/** The input of an execution. */
export interface ExecutionInput {
  readonly seed: SeedInput;
}

/** The snapshot that the workers share. */
export interface SharedSnapshot {
  readonly snapshotId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The parent's, too, where it goes on behind the end of the image. */
  readonly blockCount: number;
}

/** What the step `plan` answers. */
export interface PlannedSeed {
  readonly snapshot: SharedSnapshot;
  /** Of each worker. */
  readonly requestsPerSecond: number;
  readonly shards: readonly Shard[];
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
}

/** What the step `complete` answers. */
export interface Completion {
  readonly blocksWritten: number;
  readonly blocksInherited: number;
  /** LINEAR, base64. */
  readonly checksum: string;
}

interface Step<Name extends string> {
  readonly step: Name;
  /** ARN of the execution. */
  readonly execution: string;
  readonly seed: SeedInput;
}

interface ShardStep<Name extends string> extends Step<Name> {
  readonly snapshot: SharedSnapshot;
  readonly requestsPerSecond: number;
  readonly shard: Shard;
}

export type PlanTask = Step<'plan'>;
export type WriteTask = ShardStep<'write'>;
export type CompleteTask = Step<'complete'> & { readonly plan: PlannedSeed };
/** Waits until the snapshot is completed. */
export type AwaitTask = Step<'await'> & { readonly snapshot: SharedSnapshot };
export type VerifyTask = ShardStep<'verify'> & { readonly completion: Completion };
export type FinishTask = Step<'finish'> & { readonly plan: PlannedSeed; readonly completion: Completion };
/** How far it came is in the state of the execution: nothing is planned if it failed before. */
export type CleanUpTask = Step<'clean-up'> & { readonly reached: { readonly plan?: PlannedSeed } };

/** What the state machine hands to the worker. */
export type SeedTask = PlanTask | WriteTask | CompleteTask | AwaitTask | VerifyTask | FinishTask | CleanUpTask;

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

/** Under it in the journal bucket lies what the workers of an execution leave for each other; it goes with the execution. */
export function journalPrefix(execution: string): string {
  return `journal/${nameOf(execution)}/`;
}

/** Under it in the journal bucket lie the digests of a snapshot's blocks; they go with the snapshot. One record of 33 bytes for each block. */
export function digestsKey(snapshotId: string): string {
  return `digests/${snapshotId}`;
}

export const DIGEST_RECORD_SIZE = 33;
