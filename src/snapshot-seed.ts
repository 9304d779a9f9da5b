import { CfnOutput, Duration, type IResource, RemovalPolicy, Resource, type Size, type Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import type { Construct } from 'constructs';
import { checkSeed, markSeed, seedTagErrors } from './private/seed-checks';
import { SeedMachine } from './private/seed-machine';
import { SEED_METRICS, type SeedMetric } from './private/seed-metrics';
import { ServiceResource } from './private/service-resource';
import { check, isSnapshotId } from './private/validate';
import type { SeedSource } from './seed-source';
import type { SeedVerification } from './seed-verification';
import { SnapshotGrants } from './snapshot-grants';
import type { ZeroBlocks } from './zero-blocks';

/** An EBS snapshot that holds a disk image. */
export interface ISnapshotSeed extends IResource {
  /**
   * The id of the snapshot, like `snap-0123456789abcdef0`.
   *
   * @attribute
   */
  readonly snapshotId: string;

  /** Permissions on the snapshot. */
  readonly grants: SnapshotGrants;
}

/** Properties of a SnapshotSeed. */
export interface SnapshotSeedProps {
  /** The raw disk image, of less than 4,000 GiB. Another image makes another snapshot. */
  readonly source: SeedSource;

  /**
   * The size of the volumes that the snapshot is for, 1 GiB to 64 TiB, in whole GiB. A volume can be made larger than its snapshot
   * at any time, never smaller. A change makes another snapshot.
   *
   * @default - the size of the image, rounded up
   */
  readonly volumeSize?: Size;

  /**
   * What the snapshot is, in at most 255 characters. A later change has no effect.
   *
   * @default - no description
   */
  readonly description?: string;

  /**
   * The key that encrypts the snapshot. A change makes another snapshot.
   *
   * @default - the snapshot is encrypted only if the account encrypts by default
   */
  readonly encryptionKey?: kms.IKeyRef;

  /**
   * What becomes of blocks that hold zeros alone. Where the snapshot will be encrypted they have to be written. A change makes another snapshot.
   *
   * @default ZeroBlocks.WRITE
   */
  readonly zeroBlocks?: ZeroBlocks;

  /**
   * A seed of the same stack, no larger than this one. Only the blocks that differ from it are written; the key that encrypts it encrypts this one as well.
   * A later change has no effect.
   *
   * @default - all blocks are written
   */
  readonly parent?: ISnapshotSeed;

  /**
   * How much is read back and compared before the snapshot counts as made.
   *
   * @default SeedVerification.FULL
   */
  readonly verify?: SeedVerification;

  /**
   * How many blocks are written, and read back, in a second, 1 to 1,000. The account's quota, 1,000 unless it was raised, is for all that write snapshots.
   *
   * @default 1000
   */
  readonly maxPutsPerSecond?: number;

  /**
   * How many functions write at once, 1 to 40. Sixteen reach what the service grants a snapshot.
   *
   * @default 16
   */
  readonly workers?: number;

  /**
   * Whether the deployment waits until the snapshot is complete and verified, which must be within the hour that CloudFormation has for a resource. If not, it ends
   * as soon as the snapshot has begun: then a seed that fails fails unseen, and its snapshot goes.
   *
   * @default true
   */
  readonly waitForCompletion?: boolean;

  /**
   * Whether the stack's outputs lead to the seed's execution in the console of Step Functions.
   *
   * @default false
   */
  readonly outputExecutionUrl?: boolean;

  /**
   * Tags of the snapshot besides those that come from `Tags.of()`.
   *
   * @default - no others
   */
  readonly tags?: { [key: string]: string };

  /**
   * What happens to the snapshot when it is no longer in the app. One whose creation fails is always removed.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}

const UNITS = { Bytes: cloudwatch.Unit.BYTES, Count: cloudwatch.Unit.COUNT };

/** The console's address in the partitions that have one of their own. */
const CONSOLES: { readonly [partition: string]: string } = { 'aws-cn': 'console.amazonaws.cn', 'aws-us-gov': 'console.amazonaws-us-gov.com' };

abstract class SnapshotSeedBase extends Resource implements ISnapshotSeed {
  public abstract readonly snapshotId: string;
  public readonly grants = SnapshotGrants.fromSnapshotSeed(this);
}

/**
 * An EBS snapshot with the contents of a disk image, written block by block through the EBS direct APIs, by many functions at once, without any instance.
 *
 * Unless told otherwise, every block is written, zeros too, with its own checksum; before the snapshot is handed on, all of it was read back and compared.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-accessing-snapshot.html
 */
export class SnapshotSeed extends SnapshotSeedBase {
  /** A snapshot that this app does not make. */
  public static fromSnapshotId(scope: Construct, id: string, snapshotId: string): ISnapshotSeed {
    check('snapshotId', snapshotId, isSnapshotId, 'like snap-0123456789abcdef0');
    class Import extends SnapshotSeedBase {
      public readonly snapshotId = snapshotId;
    }
    return new Import(scope, id);
  }

  public readonly snapshotId: string;

  /**
   * The size of the snapshot's volumes, in GiB.
   *
   * @attribute
   */
  public readonly volumeSizeInGiB: string;

  /**
   * The ARN of the execution that makes the snapshot. Step Functions remembers it for 90 days.
   *
   * @attribute
   */
  public readonly executionArn: string;

  /** Where the execution is shown in the console of Step Functions. */
  public readonly executionUrl: string;

  private readonly resource: ServiceResource<'Custom::EBSSnapshotSeed'>;
  private readonly isAwaited: boolean;

  constructor(scope: Construct, id: string, props: SnapshotSeedProps) {
    super(scope, id);
    markSeed(this);
    checkSeed(this, props);

    const source = props.source._bind(this);
    const machine = SeedMachine.of(this);
    const keyArn = props.encryptionKey?.keyRef.keyArn;
    const resource = new ServiceResource(this, 'Resource', {
      type: 'Custom::EBSSnapshotSeed',
      properties: {
        StateMachineArn: machine.stateMachineArn,
        JournalBucket: machine.journalBucketName,
        ...source.properties,
        VolumeSize: props.volumeSize?.toGibibytes(),
        Description: props.description,
        KmsKeyArn: keyArn,
        ZeroBlocks: props.zeroBlocks,
        ParentSnapshotId: props.parent?.snapshotId,
        Verify: props.verify,
        MaxPutsPerSecond: props.maxPutsPerSecond,
        Workers: props.workers,
        WaitForCompletion: props.waitForCompletion,
      },
      tags: props.tags,
    });
    resource.node.addDependency(...machine.allowSource(source.fingerprint, source.statements));
    if (keyArn !== undefined) {
      resource.node.addDependency(machine.allowKey(keyArn));
    }
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
    resource.applyRemovalPolicy(removalPolicy);
    machine.mustOutlive(removalPolicy);
    this.node.addValidation({ validate: () => seedTagErrors(resource.cdkTagManager.tagValues()) });

    this.resource = resource;
    this.isAwaited = props.waitForCompletion ?? true;
    this.snapshotId = resource.attribute('SnapshotId');
    this.volumeSizeInGiB = resource.attribute('VolumeSize');
    this.executionArn = resource.ref;
    this.executionUrl = `https://${consoleOf(this.stack)}/states/home?region=${this.stack.region}#/v2/executions/details/${resource.ref}`;
    if (props.outputExecutionUrl) {
      new CfnOutput(this, 'ExecutionUrl', { value: this.executionUrl, description: `The execution that seeds ${this.node.path}` });
    }
  }

  /**
   * How many blocks of 512 KiB were written. Not known of a seed that is not waited for.
   *
   * @attribute
   */
  public get blocksWritten(): string {
    return this.result('blocksWritten', 'BlocksWritten');
  }

  /**
   * The checksum of the whole: SHA-256 over the blocks' own SHA-256 digests in their order, in Base64. It is what the service calls LINEAR. Not known of a seed that is
   * not waited for.
   *
   * @attribute
   */
  public get checksum(): string {
    return this.result('checksum', 'Checksum');
  }

  /**
   * How many seconds it took, from the first request to the last block read back. Not known of a seed that is not waited for.
   *
   * @attribute
   */
  public get seconds(): string {
    return this.result('seconds', 'Seconds');
  }

  /**
   * A metric of the functions that write the snapshot, in the namespace cdk-storage-gateway. They report what was added since their last report, every few seconds.
   *
   * @default - the sum over one minute
   */
  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: SEED_METRICS.namespace,
      metricName,
      dimensionsMap: { [SEED_METRICS.dimension]: `${this.stack.stackName}/${this.resource.logicalId}` },
      statistic: cloudwatch.Stats.SUM,
      period: Duration.minutes(1),
      ...options,
    }).attachTo(this);
  }

  /**
   * Blocks of 512 KiB that the service took.
   *
   * @default - the sum over one minute
   */
  public metricBlocksWritten(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.ownMetric('BlocksWritten', options);
  }

  /**
   * Bytes that the service took.
   *
   * @default - the sum over one minute
   */
  public metricBytesWritten(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.ownMetric('BytesWritten', options);
  }

  /**
   * Blocks that were read back and held what was written.
   *
   * @default - the sum over one minute
   */
  public metricBlocksVerified(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.ownMetric('BlocksVerified', options);
  }

  /**
   * Requests that the service throttled; the functions then slow down. Many of them say that others use the account's quota, too.
   *
   * @default - the sum over one minute
   */
  public metricThrottles(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.ownMetric('Throttles', options);
  }

  /**
   * Requests that were repeated, for whatever reason.
   *
   * @default - the sum over one minute
   */
  public metricRetries(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.ownMetric('Retries', options);
  }

  private ownMetric(name: SeedMetric, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(name, { unit: UNITS[SEED_METRICS.metrics[name]], ...options });
  }

  private result(property: string, attribute: 'BlocksWritten' | 'Checksum' | 'Seconds'): string {
    if (!this.isAwaited) {
      throw new Error(`'${property}' of ${this.node.path} is not known when the stack is deployed, because 'waitForCompletion' is false`);
    }
    return this.resource.attribute(attribute);
  }
}

function consoleOf({ region }: Stack): string {
  const partition = Token.isUnresolved(region) ? undefined : RegionInfo.get(region).partition;
  return `${region}.${CONSOLES[partition ?? 'aws'] ?? 'console.aws.amazon.com'}`;
}
