import type { IConstruct } from 'constructs';

/** A map for each app, so that two apps in one process know nothing of each other. */
export class AppMap<V> {
  private readonly maps = new WeakMap<IConstruct, Map<string, V>>();

  public of(construct: IConstruct): Map<string, V> {
    const { root } = construct.node;
    const map = this.maps.get(root) ?? new Map<string, V>();
    this.maps.set(root, map);
    return map;
  }
}
