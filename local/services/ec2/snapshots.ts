import {
  DeleteSnapshot$, DescribeSnapshots$, type DeleteSnapshotRequest, type DescribeSnapshotsRequest, type DescribeSnapshotsResult,
  type Snapshot as DescribedSnapshot,
} from '@aws-sdk/client-ec2';
import { refuseDryRun } from './dry-run';
import { matches } from './filters';
import type { Clock } from '../clock';
import { ServiceError } from '../errors';
import { operation, type Context, type Operation } from '../service';
import { NO_VOLUME, snapshotsOf, stateOf, type Snapshot } from '../snapshots';
import type { RegionState } from '../state/state';

const SNAPSHOT_ID = /^snap-([0-9a-f]{8}|[0-9a-f]{17})$/;
const PAGE_PREFIX = 'snapshots:';

export const snapshotOperations = (): Operation[] => [
  operation<DescribeSnapshotsRequest, DescribeSnapshotsResult>(DescribeSnapshots$, { MaxResults: { range: [5, 1000] } }, (input, context) => {
    const { SnapshotIds, OwnerIds, RestorableByUserIds, Filters = [], MaxResults, NextToken } = input;
    if (MaxResults !== undefined && SnapshotIds !== undefined) {
      throw new ServiceError(400, 'InvalidParameterCombination', 'The parameter snapshotSet cannot be used with the parameter maxResults');
    }
    const asked = SnapshotIds?.map((id) => snapshotOf(context.state, id)) ?? snapshotsOf(context.state).values();
    const found = asked
      .filter(({ ownerId }) => isOneOf(ownerId, OwnerIds, context) && isOneOf(ownerId, RestorableByUserIds, context))
      .filter((snapshot) => Filters.every((filter) => matches(snapshot, stateOf(snapshot, context.clock), filter)));
    refuseDryRun(input);
    const start = NextToken === undefined ? 0 : offsetOf(NextToken);
    const end = start + (MaxResults ?? found.length);
    return {
      Snapshots: found.slice(start, end).map((snapshot) => describe(snapshot, context.clock)),
      ...(end < found.length && { NextToken: Buffer.from(`${PAGE_PREFIX}${end}`).toString('base64') }),
    };
  }),

  operation<DeleteSnapshotRequest, object>(DeleteSnapshot$, { SnapshotId: { required: true } }, (input, { state }) => {
    const { snapshotId } = snapshotOf(state, input.SnapshotId ?? '');
    refuseDryRun(input);
    snapshotsOf(state).delete(snapshotId);
    return {};
  }),
];

export function snapshotOf(state: RegionState, id: string): Snapshot {
  if (!SNAPSHOT_ID.test(id)) {
    throw new ServiceError(400, 'InvalidSnapshotID.Malformed', `Invalid id: "${id}" (expecting "snap-...")`);
  }
  const snapshot = snapshotsOf(state).get(id);
  if (!snapshot) {
    throw new ServiceError(400, 'InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  }
  return snapshot;
}

const isOneOf = (ownerId: string, owners: readonly string[] | undefined, { account }: Context) =>
  owners === undefined || owners.some((owner) => owner === ownerId || (owner === 'self' && ownerId === account));

function offsetOf(token: string): number {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (!text.startsWith(PAGE_PREFIX)) {
    throw new ServiceError(400, 'InvalidParameterValue', `Unable to parse pagination token '${token}'`);
  }
  return Number(text.slice(PAGE_PREFIX.length));
}

function describe(snapshot: Snapshot, clock: Clock): DescribedSnapshot {
  const state = stateOf(snapshot, clock);
  return {
    SnapshotId: snapshot.snapshotId,
    OwnerId: snapshot.ownerId,
    Description: snapshot.description,
    VolumeId: snapshot.volumeId ?? NO_VOLUME,
    VolumeSize: snapshot.volumeSize,
    StartTime: new Date(snapshot.startTime),
    State: state,
    ...(snapshot.stateMessage !== undefined && { StateMessage: snapshot.stateMessage }),
    Progress: state === 'completed' ? '100%' : '0%',
    ...(state === 'completed' && snapshot.completesAt !== undefined && { CompletionTime: new Date(snapshot.completesAt) }),
    Encrypted: snapshot.encrypted,
    ...(snapshot.kmsKeyId !== undefined && { KmsKeyId: snapshot.kmsKeyId }),
    StorageTier: 'standard',
    ...(snapshot.tags.length > 0 && { Tags: snapshot.tags.map(({ Key, Value }) => ({ Key, Value })) }),
  };
}
