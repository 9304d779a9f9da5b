import type { BlockStore, BlockStores } from './block-store';
import type { Collection, RegionState } from '../state/state';

/** Parents by snapshot. Kept for as long as descendants live: they go on holding the blocks of a parent that was deleted. */
const parentsOf = (state: RegionState): Collection<string> => state.collection('ebs-parents');

export function rememberParent(state: RegionState, snapshotId: string, parentSnapshotId: string): void {
  parentsOf(state).put(snapshotId, parentSnapshotId);
}

/** A snapshot and its ancestors, the youngest first. */
export function ancestry(state: RegionState, snapshotId: string): string[] {
  const chain: string[] = [];
  for (let id: string | undefined = snapshotId; id !== undefined; id = parentsOf(state).get(id)) {
    chain.push(id);
  }
  return chain;
}

/** Snapshots can be compared when they come from one first snapshot. */
export function areRelated(state: RegionState, first: string, second: string): boolean {
  return ancestry(state, first).at(-1) === ancestry(state, second).at(-1);
}

/** What a snapshot reads as: its own blocks, and its ancestors' where it has none. */
export class Contents {
  static of(stores: BlockStores, state: RegionState, snapshotId: string): Contents {
    return new Contents(ancestry(state, snapshotId).map((id) => stores.of(id)));
  }

  private constructor(private readonly layers: readonly BlockStore[]) {}

  /** In ascending order. */
  indices(): Uint32Array {
    if (this.layers.length === 1) {
      return this.layers[0].indices();
    }
    return Uint32Array.from(new Set(this.layers.flatMap((layer) => [...layer.indices()]))).sort();
  }

  /** The store that holds the block. */
  holder(index: number): BlockStore | undefined {
    return this.layers.find((layer) => layer.has(index));
  }
}

/** Indices of the blocks that differ, in ascending order: those that were written since, whatever was written. */
export function changedBlocks(first: Contents, second: Contents): Uint32Array {
  const all = new Set([...first.indices(), ...second.indices()]);
  return Uint32Array.from([...all].filter((index) => first.holder(index) !== second.holder(index))).sort();
}

/** The index in a sorted list of the first entry that is not smaller. */
export function positionOf(indices: Uint32Array, index: number): number {
  let low = 0;
  let high = indices.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (indices[middle] < index) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
