import { type IResource, RemovalPolicy, Resource, type Size, SizeRoundingBehavior } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { SeedMachine } from './private/seed-machine';
import { ServiceResource } from './private/service-resource';
import { check, checkText, checkWhole, isSnapshotId } from './private/validate';
import type { SeedSource } from './seed-source';
import { SnapshotGrants } from './snapshot-grants';

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
  /** The raw disk image, at most 16 GiB of it. Another image makes another snapshot. */
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
   * What happens to the snapshot when it is no longer in the app. One whose creation fails is always removed.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}

const MAX_VOLUME_SIZE_IN_GIB = 65_536;
const GIB = 2 ** 30;

/** EBS takes fifty tags; three are ours: owner, request, and what came of the seed. */
const MAX_TAGS = 47;
const MAX_TAG_KEY = 127;
const MAX_TAG_VALUE = 255;

abstract class SnapshotSeedBase extends Resource implements ISnapshotSeed {
  public abstract readonly snapshotId: string;
  public readonly grants = SnapshotGrants.fromSnapshotSeed(this);
}

/**
 * An EBS snapshot with the contents of a disk image, written block by block through the EBS direct APIs, without any instance.
 *
 * Every block is written, zeros too, with its own checksum; before the snapshot is handed on, all of it was read back and compared.
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
   * How many blocks of 512 KiB were written.
   *
   * @attribute
   */
  public readonly blocksWritten: string;

  /**
   * The checksum of the whole: SHA-256 over the blocks' own SHA-256 digests in their order, in Base64. It is what the service calls LINEAR.
   *
   * @attribute
   */
  public readonly checksum: string;

  /**
   * How many seconds it took, from the first request to the last block read back.
   *
   * @attribute
   */
  public readonly seconds: string;

  constructor(scope: Construct, id: string, props: SnapshotSeedProps) {
    super(scope, id);
    const size = props.volumeSize?.isUnresolved() ? undefined : props.volumeSize?.toGibibytes({ rounding: SizeRoundingBehavior.NONE });
    checkWhole('volumeSize', size, 1, MAX_VOLUME_SIZE_IN_GIB, ' GiB');
    checkText('description', props.description, 0, 255);
    const imageSize = props.source._size;
    if (imageSize !== undefined) {
      check('volumeSize', size, (value) => value * GIB >= imageSize, `at least ${Math.ceil(imageSize / GIB)} GiB, the size of the image`);
    }

    const source = props.source._bind(this);
    const machine = SeedMachine.of(this);
    const keyArn = props.encryptionKey?.keyRef.keyArn;
    const resource = new ServiceResource(this, 'Resource', {
      type: 'Custom::EBSSnapshotSeed',
      properties: {
        StateMachineArn: machine.stateMachineArn,
        ...source.properties,
        VolumeSize: props.volumeSize?.toGibibytes(),
        Description: props.description,
        KmsKeyArn: keyArn,
      },
    });
    resource.node.addDependency(...machine.allowSource(source.fingerprint, source.statements));
    if (keyArn !== undefined) {
      resource.node.addDependency(machine.allowKey(keyArn));
    }
    resource.applyRemovalPolicy(props.removalPolicy, { default: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE });
    this.node.addValidation({ validate: () => tagErrors(resource.cdkTagManager.tagValues()) });

    this.snapshotId = resource.attribute('SnapshotId');
    this.volumeSizeInGiB = resource.attribute('VolumeSize');
    this.blocksWritten = resource.attribute('BlocksWritten');
    this.checksum = resource.attribute('Checksum');
    this.seconds = resource.attribute('Seconds');
  }
}

/** The direct APIs are narrower than other services. */
function tagErrors(tags: { [key: string]: string }): string[] {
  const errors = Object.entries(tags).flatMap(([key, value]) => [
    ...key.length > MAX_TAG_KEY ? [`tag key ${JSON.stringify(key)} of a snapshot seed must have at most ${MAX_TAG_KEY} characters, got ${key.length}`] : [],
    ...value.length > MAX_TAG_VALUE ? [`tag ${JSON.stringify(key)} of a snapshot seed must have a value of at most ${MAX_TAG_VALUE} characters, got ${value.length}`] : [],
  ]);
  const count = Object.keys(tags).length;
  return count > MAX_TAGS ? [...errors, `at most ${MAX_TAGS} tags of a snapshot seed are allowed (three more are this library's own), got ${count}`] : errors;
}
