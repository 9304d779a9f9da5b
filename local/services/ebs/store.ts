import { join } from 'node:path';
import { BlockStores } from './block-store';
import { ancestry } from './lineage';
import { SERVICE_QUOTAS, Throttle, type Quotas } from './throttle';
import { Tokens } from './token';
import type { Context, Environment } from '../service';
import { snapshotsOf } from '../snapshots';

/** Where the service may be better or worse than it usually is. */
export interface ElasticBlockStoreOptions {
  /** Requests per second of one snapshot. */
  readonly snapshotQuotas?: Quotas;
  /** Requests per second of the account. */
  readonly accountQuotas?: Quotas;
  /** Seconds of the clock in which a snapshot that was just started is not found. */
  readonly invisibleForSeconds?: number;
  /** Pages that are shorter than asked for, and empty ones before the end. */
  readonly shortPages?: boolean;
  /** Indices of blocks of which other bytes are given back than were put. */
  readonly corruptBlocks?: readonly number[];
}

/** What the operations share. */
export class Store {
  readonly blocks: BlockStores;
  readonly throttle: Throttle;
  readonly tokens: Tokens;
  /** Milliseconds. */
  readonly invisibleFor: number;
  readonly shortPages: boolean;
  readonly corruptBlocks: ReadonlySet<number>;

  constructor(private readonly environment: Environment, options: ElasticBlockStoreOptions) {
    this.blocks = new BlockStores(join(environment.directory, 'ebs'));
    this.throttle = new Throttle(options.snapshotQuotas ?? SERVICE_QUOTAS, options.accountQuotas ?? SERVICE_QUOTAS);
    this.tokens = new Tokens(environment.state);
    this.invisibleFor = (options.invisibleForSeconds ?? 0) * 1_000;
    this.shortPages = options.shortPages ?? false;
    this.corruptBlocks = new Set(options.corruptBlocks);
  }

  /** Frees the blocks of snapshots that were deleted and that no other snapshot is based on. */
  removeOrphans({ state }: Context): void {
    const regions = [state, ...this.environment.state.regionsOf('snapshots').map((region) => this.environment.state.region(region))];
    const needed = regions.flatMap((region) => snapshotsOf(region).values().flatMap(({ snapshotId }) => ancestry(region, snapshotId)));
    this.blocks.keepOnly(new Set(needed));
  }
}
