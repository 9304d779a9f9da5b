import {
  CompleteSnapshot$, GetSnapshotBlock$, ListChangedBlocks$, ListSnapshotBlocks$, PutSnapshotBlock$, StartSnapshot$,
  type CompleteSnapshotRequest, type CompleteSnapshotResponse, type GetSnapshotBlockRequest, type ListChangedBlocksRequest,
  type ListChangedBlocksResponse, type ListSnapshotBlocksRequest, type ListSnapshotBlocksResponse, type PutSnapshotBlockResponse,
  type StartSnapshotRequest, type StartSnapshotResponse,
} from '@aws-sdk/client-ebs';
import { BLOCK_SIZE } from './block-store';
import { getSnapshotBlock, listChangedBlocks, listSnapshotBlocks } from './read';
import { refuse } from './refusal';
import { Store, type ElasticBlockStoreOptions } from './store';
import { completeSnapshot, putSnapshotBlock, startSnapshot } from './write';
import type { Constraint, Constraints } from '../constraints';
import { operation, type Environment, type Service } from '../service';
import { restJson } from '../wire/rest-json';

export type { ElasticBlockStoreOptions } from './store';

const snapshotId: Constraint = { length: [1, 64], pattern: /^snap-[0-9a-f]+$/ };
const checksum: Constraint = { length: [0, 64], pattern: /^[A-Za-z0-9+/=]+$/ };
const algorithm: Constraint = { length: [0, 32], values: ['SHA256'] };
const token: Constraint = { length: [0, 256], pattern: /^[A-Za-z0-9+/=]+$/ };
const block: Constraint = { range: [0] };
const paging: Constraints = { NextToken: token, MaxResults: { range: [100, 10_000] }, StartingBlockIndex: block };

/** The six operations of the EBS direct APIs, with what they demand of each member alone. */
export function elasticBlockStore(environment: Environment, options: ElasticBlockStoreOptions = {}): Service {
  const store = new Store(environment, options);
  return {
    name: 'ebs',
    protocol: restJson,
    refuse,
    operations: [
      operation<StartSnapshotRequest, StartSnapshotResponse>(StartSnapshot$, {
        VolumeSize: { range: [1, 65_536] },
        ParentSnapshotId: snapshotId,
        Tags: { count: [0, 50], each: { members: { Key: { length: [1, 127], required: true }, Value: { length: [0, 255] } } } },
        Description: { length: [0, 255] },
        ClientToken: { length: [0, 255], pattern: /^[\S]+$/ },
        KmsKeyArn: { length: [1, 2048], pattern: /^arn:aws[a-z0-9-]*:kms:.*:[0-9]{12}:key\/[a-z0-9-]{36}$/ },
        Timeout: { range: [10, 4_320] },
      }, (input, context) => startSnapshot(store, input, context)),
      operation<Parameters<typeof putSnapshotBlock>[1], PutSnapshotBlockResponse>(PutSnapshotBlock$, {
        SnapshotId: snapshotId,
        BlockIndex: block,
        DataLength: { range: [BLOCK_SIZE, BLOCK_SIZE] },
        Checksum: checksum,
        ChecksumAlgorithm: algorithm,
        Progress: { range: [0, 100] },
      }, (input, context) => putSnapshotBlock(store, input as Parameters<typeof putSnapshotBlock>[1], context)),
      operation<CompleteSnapshotRequest, CompleteSnapshotResponse>(CompleteSnapshot$, {
        SnapshotId: snapshotId,
        ChangedBlocksCount: { range: [0] },
        Checksum: checksum,
        ChecksumAlgorithm: algorithm,
        ChecksumAggregationMethod: { length: [0, 32], values: ['LINEAR'] },
      }, (input, context) => completeSnapshot(store, input, context)),
      operation<GetSnapshotBlockRequest, object>(GetSnapshotBlock$, { SnapshotId: snapshotId, BlockIndex: block, BlockToken: token },
        (input, context) => getSnapshotBlock(store, input, context)),
      operation<ListSnapshotBlocksRequest, ListSnapshotBlocksResponse>(ListSnapshotBlocks$, { SnapshotId: snapshotId, ...paging },
        (input, context) => listSnapshotBlocks(store, input, context)),
      operation<ListChangedBlocksRequest, ListChangedBlocksResponse>(ListChangedBlocks$, {
        FirstSnapshotId: snapshotId,
        SecondSnapshotId: snapshotId,
        ...paging,
      }, (input, context) => listChangedBlocks(store, input, context)),
    ],
    close: async () => store.blocks.close(),
  };
}
