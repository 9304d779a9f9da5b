import { ServiceError } from '../errors';

/** Requests per second; absent operations are not limited. */
export type Quotas = Readonly<Partial<Record<'PutSnapshotBlock' | 'GetSnapshotBlock' | 'StartSnapshot' | 'CompleteSnapshot' | 'ListSnapshotBlocks' | 'ListChangedBlocks', number>>>;

/** What the service grants, each snapshot and each account. */
export const SERVICE_QUOTAS: Quotas = {
  PutSnapshotBlock: 1_000,
  GetSnapshotBlock: 1_000,
  StartSnapshot: 10,
  CompleteSnapshot: 10,
  ListSnapshotBlocks: 50,
  ListChangedBlocks: 50,
};

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Token buckets that hold one second's worth, at least one request. They follow the wall clock: requests are as fast as they are, whatever time the services play. */
export class Throttle {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly ofSnapshot: Quotas, private readonly ofAccount: Quotas) {}

  /** Counts the request, or throws what the service answers to one too many. */
  admit(operation: keyof Quotas, account: string, snapshotId?: string): void {
    if (snapshotId !== undefined && !this.take(`${snapshotId}/${operation}`, this.ofSnapshot[operation])) {
      throw new ServiceError(400, 'RequestThrottledException', 'The maximum request rate for the snapshot was exceeded.', { reason: 'RESOURCE_LEVEL_THROTTLE' });
    }
    if (!this.take(`${account}/${operation}`, this.ofAccount[operation])) {
      throw new ServiceError(400, 'ThrottlingException', 'Rate exceeded');
    }
  }

  private take(key: string, rate: number | undefined): boolean {
    if (rate === undefined) {
      return true;
    }
    const now = performance.now();
    const capacity = Math.max(1, rate);
    const bucket = this.buckets.get(key) ?? { tokens: capacity, filledAt: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.filledAt) / 1_000) * rate);
    bucket.filledAt = now;
    this.buckets.set(key, bucket);
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens -= 1;
    return true;
  }
}
