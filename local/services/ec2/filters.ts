import type { Filter } from '@aws-sdk/client-ec2';
import { ServiceError } from '../errors';
import { NO_VOLUME, type Snapshot, type SnapshotState } from '../snapshots';

type Values = (snapshot: Snapshot, state: SnapshotState) => readonly string[];

const FILTERS: Readonly<Record<string, Values>> = {
  'description': ({ description }) => [description],
  'encrypted': ({ encrypted }) => [String(encrypted)],
  // Only Amazon's own snapshots have one.
  'owner-alias': () => [],
  'owner-id': ({ ownerId }) => [ownerId],
  'progress': (_, state) => [state === 'completed' ? '100%' : '0%'],
  'snapshot-id': ({ snapshotId }) => [snapshotId],
  'start-time': ({ startTime }) => [new Date(startTime).toISOString()],
  'status': (_, state) => [state],
  'storage-tier': () => ['standard'],
  'tag-key': ({ tags }) => tags.map(({ Key }) => Key),
  'volume-id': ({ volumeId }) => [volumeId ?? NO_VOLUME],
  'volume-size': ({ volumeSize }) => [String(volumeSize)],
};

/** Whether one of the filter's values is one of the snapshot's; `*` and `?` stand for anything. */
export function matches(snapshot: Snapshot, state: SnapshotState, { Name = '', Values = [] }: Filter): boolean {
  const found = valuesOf(Name)(snapshot, state);
  return Values.some((wanted) => found.some((value) => patternOf(wanted).test(value)));
}

function valuesOf(name: string): Values {
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return ({ tags }) => tags.filter(({ Key }) => Key === key).map(({ Value }) => Value);
  }
  if (!Object.hasOwn(FILTERS, name)) {
    throw new ServiceError(400, 'InvalidParameterValue', `The filter '${name}' is invalid`);
  }
  return FILTERS[name];
}

/** A backslash takes a wildcard's meaning away. */
function patternOf(wanted: string): RegExp {
  const source = wanted.replace(/\\([*?\\])|[*?]|[^*?\\]+|\\/g, (part, escaped: string | undefined) => {
    if (escaped !== undefined) {
      return `\\${escaped}`;
    }
    return { '*': '.*', '?': '.' }[part] ?? part.replace(/[.+^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 's');
}
