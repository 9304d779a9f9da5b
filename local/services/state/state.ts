import type { Journal } from './journal';

/** Values by key, in order of their creation. Values are never changed, only put again: what is not put is not kept. */
export interface Collection<T> {
  get(key: string): T | undefined;
  has(key: string): boolean;
  put(key: string, value: T): void;
  delete(key: string): boolean;
  values(): T[];
  entries(): [string, T][];
}

/** One change: collection, key, and the new value; no value means that the key is gone. */
export type Change = readonly [collection: string, key: string, value?: unknown];

/** Everything that the services remember, in named collections; what belongs to a Region is reached through `region`. */
export class State {
  private readonly collections = new Map<string, Map<string, unknown>>();
  private pending: Change[] = [];

  constructor(private readonly journal?: Journal) {
    for (const change of journal?.read() ?? []) {
      this.apply(change);
    }
    if (journal?.isLong()) {
      journal.rewrite(this.changes());
    }
  }

  collection<T>(name: string): Collection<T> {
    // Looked up each time: a collection comes into being with its first value.
    const values = () => (this.collections.get(name) ?? new Map()) as Map<string, T>;
    return {
      get: (key) => values().get(key),
      has: (key) => values().has(key),
      put: (key, value) => this.change([name, key, value]),
      delete: (key) => {
        const known = values().has(key);
        if (known) {
          this.change([name, key]);
        }
        return known;
      },
      values: () => [...values().values()],
      entries: () => [...values().entries()],
    };
  }

  region(region: string): RegionState {
    return { collection: (name) => this.collection(`${region}/${name}`) };
  }

  /** Regions in which a collection of this name has values. */
  regionsOf(name: string): string[] {
    return [...this.collections.entries()]
      .filter(([key, values]) => key.endsWith(`/${name}`) && values.size > 0)
      .map(([key]) => key.slice(0, -name.length - 1));
  }

  /** Makes everything that changed since the last commit survive the process, all of it or nothing. To be called before a call is answered. */
  commit(): void {
    if (this.journal && this.pending.length > 0) {
      this.journal.append(this.pending);
      if (this.journal.isLong()) {
        this.journal.rewrite(this.changes());
      }
    }
    this.pending = [];
  }

  close(): void {
    this.commit();
    this.journal?.close();
  }

  private change(change: Change): void {
    this.apply(change);
    this.pending.push(change);
  }

  private apply([name, key, ...value]: Change): void {
    const values = this.collections.get(name) ?? new Map<string, unknown>();
    this.collections.set(name, values);
    if (value.length === 0) {
      values.delete(key);
    } else {
      values.set(key, value[0]);
    }
  }

  private changes(): Change[] {
    return [...this.collections].flatMap(([name, values]) => [...values].map(([key, value]): Change => [name, key, value]));
  }
}

/** The part of the state that belongs to one Region. */
export interface RegionState {
  collection<T>(name: string): Collection<T>;
}
