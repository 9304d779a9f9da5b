import { CreateTags$, DeleteTags$, type CreateTagsRequest, type DeleteTagsRequest } from '@aws-sdk/client-ec2';
import { refuseDryRun } from './dry-run';
import { snapshotOf } from './snapshots';
import type { Constraints } from '../constraints';
import { ServiceError } from '../errors';
import { operation, type Operation } from '../service';
import { snapshotsOf, type SnapshotTag } from '../snapshots';

const MOST_TAGS = 50;
const TAG_LISTS: Constraints = {
  Resources: { count: [1, 1000] },
  Tags: { each: { members: { Key: { length: [1, 127] }, Value: { length: [0, 256] } } } },
};

export const tagOperations = (): Operation[] => [
  operation<CreateTagsRequest, object>(CreateTags$, TAG_LISTS, (input, { state }) => {
    const added = input.Tags.map(({ Key = '', Value = '' }): SnapshotTag => ({ Key, Value }));
    const reserved = added.find(({ Key }) => /^aws:/i.test(Key));
    if (reserved) {
      const message = `Value ( ${reserved.Key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`;
      throw new ServiceError(400, 'InvalidParameterValue', message);
    }
    const changed = input.Resources.map((id) => {
      const snapshot = snapshotOf(state, id);
      const kept = snapshot.tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key));
      return { ...snapshot, tags: [...kept, ...added] };
    });
    if (changed.some(({ tags }) => tags.length > MOST_TAGS)) {
      throw new ServiceError(400, 'TagLimitExceeded', `The maximum number of Tags for a resource is ${MOST_TAGS}.`);
    }
    refuseDryRun(input);
    changed.forEach((snapshot) => snapshotsOf(state).put(snapshot.snapshotId, snapshot));
    return {};
  }),

  operation<DeleteTagsRequest, object>(DeleteTags$, TAG_LISTS, (input, { state }) => {
    const { Tags } = input;
    // Without tags all go; a tag without a value goes whatever its value is.
    const isDeleted = (tag: SnapshotTag) =>
      Tags === undefined || Tags.some(({ Key, Value }) => Key === tag.Key && (Value === undefined || Value === tag.Value));
    const changed = input.Resources
      .map((id) => snapshotOf(state, id))
      .map((snapshot) => ({ ...snapshot, tags: snapshot.tags.filter((tag) => !isDeleted(tag)) }));
    refuseDryRun(input);
    changed.forEach((snapshot) => snapshotsOf(state).put(snapshot.snapshotId, snapshot));
    return {};
  }),
];
