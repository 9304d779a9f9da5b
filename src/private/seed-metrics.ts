/** What workers report of a seed, and a construct shows. Data only: both sides name the same. */
export const SEED_METRICS = {
  namespace: 'cdk-storage-gateway',
  /** Its value is the owner of the snapshot: `<stack name>/<logical id>`. */
  dimension: 'SnapshotSeed',
  /** With the units that CloudWatch knows. Each line says what was added since the one before it. */
  metrics: {
    BlocksWritten: 'Count',
    BytesWritten: 'Bytes',
    BlocksVerified: 'Count',
    Throttles: 'Count',
    Retries: 'Count',
  },
} as const;

export type SeedMetric = keyof typeof SEED_METRICS.metrics;
