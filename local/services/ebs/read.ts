import { createHash } from 'node:crypto';
import type {
  Block, ChangedBlock, GetSnapshotBlockRequest, GetSnapshotBlockResponse, ListChangedBlocksRequest, ListChangedBlocksResponse,
  ListSnapshotBlocksRequest, ListSnapshotBlocksResponse,
} from '@aws-sdk/client-ebs';
import { BLOCK_SIZE } from './block-store';
import { areRelated, changedBlocks, Contents, positionOf } from './lineage';
import { invalid, noSuchSnapshot } from './refusal';
import type { Store } from './store';
import type { Context, Given } from '../service';
import { snapshotsOf, stateOf, type Snapshot } from '../snapshots';

const MINUTE = 60_000;
const BLOCK_TOKEN_LIFE = 7 * 24 * 60 * MINUTE;
const PAGE_TOKEN_LIFE = 60 * MINUTE;
const MOST_RESULTS = 10_000;

export function getSnapshotBlock(
  store: Store, { SnapshotId: snapshotId, BlockIndex: index, BlockToken: token }: Given<GetSnapshotBlockRequest>, context: Context,
): Omit<GetSnapshotBlockResponse, 'BlockData'> & { BlockData: Buffer } {
  store.throttle.admit('GetSnapshotBlock', context.account, snapshotId);
  readable(store, snapshotId, context);
  const holder = Contents.of(store.blocks, context.state, snapshotId).holder(index);
  if (!holder || store.tokens.open(`block ${snapshotId}`, token, context.clock.time()) !== index) {
    throw invalid('INVALID_BLOCK_TOKEN', `The block token is not valid for block ${index} of snapshot '${snapshotId}', or has expired.`);
  }
  const answer = { DataLength: BLOCK_SIZE, ChecksumAlgorithm: 'SHA256' } as const;
  const block = holder.read(index);
  if (store.corruptBlocks.has(index)) {
    const other = Buffer.from(block);
    other[0] = 255 - other[0];
    // A service that lost what it was given does not know it: the checksum fits the bytes.
    return { ...answer, BlockData: other, Checksum: createHash('sha256').update(other).digest('base64') };
  }
  return { ...answer, BlockData: block, Checksum: holder.digest(index).toString('base64') };
}

export function listSnapshotBlocks(
  store: Store, input: Given<ListSnapshotBlocksRequest>, context: Context,
): ListSnapshotBlocksResponse {
  const { SnapshotId: snapshotId } = input;
  store.throttle.admit('ListSnapshotBlocks', context.account, snapshotId);
  const snapshot = readable(store, snapshotId, context);
  const contents = Contents.of(store.blocks, context.state, snapshotId);
  const { indices, ...page } = pageOf(store, `blocks ${snapshotId}`, contents.indices(), input, context);
  const token = blockTokens(store, snapshotId, page.ExpiryTime);
  const Blocks = Array.from(indices, (BlockIndex): Block => ({ BlockIndex, BlockToken: token(BlockIndex) }));
  return { Blocks, ...page, VolumeSize: snapshot.volumeSize };
}

export function listChangedBlocks(store: Store, input: Given<ListChangedBlocksRequest>, context: Context): ListChangedBlocksResponse {
  const { FirstSnapshotId: firstId, SecondSnapshotId: secondId } = input;
  store.throttle.admit('ListChangedBlocks', context.account, secondId);
  if (firstId === undefined) {
    throw invalid('INVALID_SNAPSHOT_ID', 'FirstSnapshotId must be specified together with SecondSnapshotId.');
  }
  readable(store, firstId, context);
  const snapshot = readable(store, secondId, context);
  if (!areRelated(context.state, firstId, secondId)) {
    throw invalid('UNRELATED_SNAPSHOTS', `The snapshots '${firstId}' and '${secondId}' do not belong to one lineage.`);
  }
  const first = Contents.of(store.blocks, context.state, firstId);
  const second = Contents.of(store.blocks, context.state, secondId);
  const { indices, ...page } = pageOf(store, `changes ${firstId} ${secondId}`, changedBlocks(first, second), input, context);
  const firstToken = blockTokens(store, firstId, page.ExpiryTime);
  const secondToken = blockTokens(store, secondId, page.ExpiryTime);
  const ChangedBlocks = Array.from(indices, (BlockIndex): ChangedBlock => ({
    BlockIndex,
    ...(first.holder(BlockIndex) && { FirstBlockToken: firstToken(BlockIndex) }),
    ...(second.holder(BlockIndex) && { SecondBlockToken: secondToken(BlockIndex) }),
  }));
  return { ChangedBlocks, ...page, VolumeSize: snapshot.volumeSize };
}

/** Snapshots can be read when they are completed; the direct APIs do not show what is in a pending one. */
function readable(store: Store, snapshotId: string, context: Context): Snapshot {
  const snapshot = snapshotsOf(context.state).get(snapshotId);
  if (!snapshot || context.clock.time() < snapshot.startTime + store.invisibleFor) {
    throw noSuchSnapshot(snapshotId);
  }
  const state = stateOf(snapshot, context.clock);
  if (state !== 'completed') {
    throw invalid('INVALID_SNAPSHOT_ID', `The snapshot '${snapshotId}' cannot be read: it is ${state}.`);
  }
  return snapshot;
}

interface Paging {
  readonly NextToken?: string;
  readonly MaxResults?: number;
  readonly StartingBlockIndex?: number;
}

/** A page begins at an index, not at a count; a token wins over StartingBlockIndex. */
function pageOf(store: Store, list: string, all: Uint32Array, { NextToken, MaxResults, StartingBlockIndex }: Paging, { clock }: Context) {
  const now = clock.time();
  const purpose = `page of ${list}`;
  let from = StartingBlockIndex ?? 0;
  if (NextToken !== undefined) {
    const opened = store.tokens.open(purpose, NextToken, now);
    if (opened === undefined) {
      throw invalid('INVALID_PAGE_TOKEN', 'The page token is not valid, or has expired.');
    }
    from = opened;
  }
  const start = positionOf(all, from);
  const indices = all.subarray(start, start + lengthOf(store, MaxResults ?? MOST_RESULTS, start, NextToken));
  const next = all[start + indices.length];
  return {
    indices,
    BlockSize: BLOCK_SIZE,
    ExpiryTime: new Date(now + BLOCK_TOKEN_LIFE),
    ...(next !== undefined && { NextToken: store.tokens.issue(purpose, next, now + PAGE_TOKEN_LIFE) }),
  };
}

/** The service may give less than was asked for, and nothing at all, as long as there is a token. */
function lengthOf({ shortPages }: Store, most: number, start: number, token: string | undefined): number {
  if (!shortPages) {
    return most;
  }
  // The first page is empty, the others differ.
  return token === undefined ? 0 : Math.max(1, Math.floor(most / (2 + (start % 3))));
}

const blockTokens = (store: Store, snapshotId: string, expiry: Date) => (index: number) => store.tokens.issue(`block ${snapshotId}`, index, expiry.getTime());
