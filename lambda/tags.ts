import {
  AddTagsToResourceCommand, ListTagsForResourceCommand, RemoveTagsFromResourceCommand, StorageGatewayClient,
} from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import type { TagStore } from './handler';
import type { Tag } from '../src/private/contract';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

/** Which resource of which stack made it: `<stack name>/<logical id>`. */
export const OWNER = 'cdk-storage-gateway:owner';
/** Under which request it was made. */
export const REQUEST = 'cdk-storage-gateway:request';

export const valueOf = (tags: readonly Tag[], key: string): string | undefined => tags.find(({ Key }) => Key === key)?.Value;

/** The tags of gateways and volumes. */
export const storageGatewayTags: TagStore = {
  async list(id) {
    const tags: Tag[] = [];
    let Marker: string | undefined;
    do {
      const page = await client.send(new ListTagsForResourceCommand({ ResourceARN: id, Marker }));
      tags.push(...(page.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })));
      Marker = page.Marker;
    } while (Marker);
    return tags;
  },

  async add(id, tags) {
    await client.send(new AddTagsToResourceCommand({ ResourceARN: id, Tags: tags }));
  },

  async remove(id, keys) {
    await client.send(new RemoveTagsFromResourceCommand({ ResourceARN: id, TagKeys: keys }));
  },
};

/**
 * Makes the wanted tags true. Removes only what was ours and is no longer wanted: other people tag, too.
 *
 * @param former keys that we may have set before
 */
export async function reconcileTags(store: TagStore, id: string, wanted: readonly Tag[], former: readonly Tag[]): Promise<void> {
  const live = await store.list(id);
  const unwanted = former.map(({ Key }) => Key).filter((key) => valueOf(wanted, key) === undefined && valueOf(live, key) !== undefined);
  const missing = wanted.filter(({ Key, Value }) => valueOf(live, Key) !== Value);
  // In this order a full set of fifty can change.
  if (unwanted.length > 0) {
    await store.remove(id, unwanted);
  }
  if (missing.length > 0) {
    await store.add(id, missing);
  }
}
