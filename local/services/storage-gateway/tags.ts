import {
  AddTagsToResource$, ListTagsForResource$, RemoveTagsFromResource$,
  type AddTagsToResourceInput, type AddTagsToResourceOutput, type ListTagsForResourceInput, type ListTagsForResourceOutput,
  type RemoveTagsFromResourceInput, type RemoveTagsFromResourceOutput, type Tag,
} from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { gatewaysOf, gatewayOf, type GatewayTag } from './gateway';
import { page } from './paging';
import { existingVolume, volumesOf } from './volume';
import { operation, type Context, type Operation } from '../service';

const MOST_TAGS = 50;

/** Tags as they are kept: a later one of the same key replaces an earlier one. */
export function mergedTags(present: readonly GatewayTag[], added: readonly Tag[] = []): GatewayTag[] {
  const tags = new Map(present.map(({ Key, Value }) => [Key, Value]));
  for (const { Key = '', Value = '' } of added) {
    if (/^aws:/i.test(Key)) {
      throw invalidRequest('InvalidParameters', `The tag key ${JSON.stringify(Key)} begins with aws:, which is reserved.`);
    }
    tags.set(Key, Value);
  }
  if (tags.size > MOST_TAGS) {
    throw invalidRequest('InvalidParameters', `A resource can have ${MOST_TAGS} tags at most.`);
  }
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

export const tagOperations = (): Operation[] => [
  operation<AddTagsToResourceInput, AddTagsToResourceOutput>(AddTagsToResource$, CONSTRAINTS.AddTagsToResource, ({ ResourceARN, Tags }, context) => {
    change(context, ResourceARN, (tags) => mergedTags(tags, Tags));
    return { ResourceARN };
  }),

  operation<RemoveTagsFromResourceInput, RemoveTagsFromResourceOutput>(
    RemoveTagsFromResource$, CONSTRAINTS.RemoveTagsFromResource, ({ ResourceARN, TagKeys }, context) => {
      change(context, ResourceARN, (tags) => tags.filter(({ Key }) => !TagKeys.includes(Key)));
      return { ResourceARN };
    }),

  operation<ListTagsForResourceInput, ListTagsForResourceOutput>(
    ListTagsForResource$, CONSTRAINTS.ListTagsForResource, ({ ResourceARN, ...paging }, context) => {
      const { items, Marker } = page(resource(context, ResourceARN ?? '').tags, ({ Key }) => Key, paging, context);
      return { ResourceARN, Tags: items, Marker };
    }),
];

type Change = (tags: readonly GatewayTag[]) => readonly GatewayTag[];

function change(context: Context, arn: string, changed: Change): void {
  resource(context, arn).put(changed);
}

/** Whatever the ARN names; tags are the control plane's, so that the appliance need not be there. */
function resource(context: Context, arn: string) {
  if (arn.includes('/volume/')) {
    const volume = existingVolume(context, arn);
    const put = (changed: Change) => volumesOf(context.state).put(arn, { ...volume, tags: changed(volume.tags) });
    return { tags: volume.tags, put };
  }
  const gateway = gatewayOf(context, arn);
  const put = (changed: Change) => gatewaysOf(context.state).put(arn, { ...gateway, tags: changed(gateway.tags) });
  return { tags: gateway.tags, put };
}
