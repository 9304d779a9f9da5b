export type SnapshotState = 'pending' | 'completed' | 'error';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface StartRequest {
  readonly volumeSize: number;
  readonly clientToken: string;
  readonly description?: string;
  /** Of the key that the snapshot is encrypted with. */
  readonly kmsKeyArn?: string;
  /** The snapshot that this one is a change of; its encryption applies. */
  readonly parentSnapshotId?: string;
  readonly tags: readonly Tag[];
  /** Minutes after the last request in which the service gives the snapshot up. */
  readonly timeout: number;
}

export interface StartedSnapshot {
  readonly snapshotId: string;
  readonly state: SnapshotState;
  /** Milliseconds since the epoch, by the service's clock. */
  readonly startedAt?: number;
}

export interface ListedBlock {
  readonly index: number;
  readonly token: string;
}

export interface BlockPage {
  readonly blocks: readonly ListedBlock[];
  readonly nextToken?: string;
}

/** Which part of the list is wanted. */
export interface ListRange {
  /** The list begins with this block or with the first one behind it. */
  readonly startingBlockIndex: number;
  /** More than so many blocks are not needed. */
  readonly blockCount: number;
}

export interface ReadBlock {
  /** What the service says the digest is, base64. */
  readonly checksum?: string;
  readonly data: AsyncIterable<Uint8Array>;
}

export interface DescribedSnapshot {
  readonly snapshotId: string;
  readonly state: SnapshotState;
  readonly message?: string;
  /** GiB. */
  readonly volumeSize?: number;
  readonly encrypted?: boolean;
}

/**
 * The requests that a seed is made of, each tried once. Errors are the service's own.
 */
export interface SnapshotTransport {
  start(request: StartRequest, signal?: AbortSignal): Promise<StartedSnapshot>;
  /** `digest` is the SHA-256 of the block; answers the checksum that the service has computed, base64. */
  put(snapshotId: string, index: number, block: Buffer, digest: Buffer, signal?: AbortSignal): Promise<string | undefined>;
  complete(snapshotId: string, blocksWritten: number, linearChecksum: string, signal?: AbortSignal): Promise<void>;
  /** In ascending order of index. The range counts for the first page, the token for those that follow. */
  list(snapshotId: string, pageToken: string | undefined, signal?: AbortSignal, range?: ListRange): Promise<BlockPage>;
  read(snapshotId: string, block: ListedBlock, signal?: AbortSignal): Promise<ReadBlock>;
  /** Undefined if there is no such snapshot. */
  describe(snapshotId: string, signal?: AbortSignal): Promise<DescribedSnapshot | undefined>;
  /** The snapshots of this account that carry the tag. */
  find(tag: Tag, signal?: AbortSignal): Promise<readonly DescribedSnapshot[]>;
  /** Content if it is gone already. */
  delete(snapshotId: string, signal?: AbortSignal): Promise<void>;
}
