import type { Construct } from 'constructs';
import type { LocalDisk } from '../local-disk';
import { ServiceResource } from './service-resource';

/**
 * Allocates a gateway's disks: first one list, then the other, since an appliance takes one disk call at a time,
 * and the list that asks for everything that is left comes last.
 */
export function allocateDisks(gateway: Construct, gatewayArn: string, cache: LocalDisk[], uploadBuffer: LocalDisk[]): Construct[] {
  checkDisks({ cache, uploadBuffer });

  const properties = (disks: LocalDisk[]) => ({ GatewayARN: gatewayArn, Disks: disks.map((disk) => disk._selector) });
  const cacheResource = new ServiceResource(gateway, 'Cache', { type: 'Custom::StorageGatewayCache', properties: properties(cache) });
  const bufferResource = new ServiceResource(gateway, 'UploadBuffer', { type: 'Custom::StorageGatewayUploadBuffer', properties: properties(uploadBuffer) });
  if (cache.some((disk) => disk._selector.AllUnallocated)) {
    cacheResource.addDependency(bufferResource);
  } else {
    bufferResource.addDependency(cacheResource);
  }
  return [cacheResource, bufferResource];
}

function checkDisks(lists: { readonly [property: string]: LocalDisk[] }): void {
  const seen = new Map<string, string>();
  for (const [property, disks] of Object.entries(lists)) {
    if (disks.length === 0) {
      throw new Error(`'${property}' must name at least one disk, got []`);
    }
    for (const disk of disks) {
      const before = seen.get(disk.toString());
      if (before !== undefined) {
        throw new Error(before === property
          ? `'${property}' must name every disk once, got ${disk} twice`
          : `'${before}' and '${property}' must name different disks, got ${disk} in both`);
      }
      seen.set(disk.toString(), property);
    }
  }
}
