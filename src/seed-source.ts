import { createHash } from 'crypto';
import { statSync } from 'fs';
import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { Properties } from './private/contract';
import { check, checkText } from './private/validate';

/** Which object of a bucket is the image. */
export interface BucketSeedSourceOptions {
  /**
   * The version of the object. With it, the image is the same for ever; another version makes another snapshot.
   *
   * @default - the version that is current when the seed is deployed; one that is uploaded later has no effect
   */
  readonly objectVersion?: string;
}

/** What a source says about itself. */
interface Binding {
  readonly properties: Pick<Properties<'Custom::EBSSnapshotSeed'>, 'SourceBucket' | 'SourceKey' | 'SourceVersionId'>;
  /** Tells one object from another, and is the same in two synths of one app. */
  readonly fingerprint: string;
  /** What reading it needs. */
  readonly statements: () => iam.PolicyStatement[];
}

/**
 * Where the image is that a snapshot is seeded from: a raw disk image, as `qemu-img convert -O raw` writes it.
 */
export class SeedSource {
  /**
   * An object in a bucket.
   *
   * @param bucket in the stack's own Region, or a copy over Regions is paid for
   * @param key the object's key
   */
  public static fromBucket(bucket: s3.IBucket, key: string, options: BucketSeedSourceOptions = {}): SeedSource {
    checkText('key', key, 1, 1024);
    checkText('objectVersion', options.objectVersion, 1, 1024);
    return new SeedSource((scope) => bind(scope, bucket, key, options.objectVersion));
  }

  /**
   * A file of the machine on which the app is synthesized. It is uploaded with the app's other assets; a file with other contents makes
   * another snapshot.
   *
   * @param path a raw disk image
   */
  public static fromAsset(path: string): SeedSource {
    const file = statSync(path, { throwIfNoEntry: false });
    check('path', path, () => file?.isFile() === true, 'an existing file');
    check('path', path, () => (file?.size ?? 0) > 0, 'a file that is not empty');
    return new SeedSource((scope) => {
      const asset = new s3assets.Asset(scope, 'Image', { path });
      return bind(scope, asset.bucket, asset.s3ObjectKey);
    }, file?.size);
  }

  private constructor(
    /** @internal */
    public readonly _bind: (scope: Construct) => Binding,
    /**
     * Bytes, where they are known already.
     *
     * @internal
     */
    public readonly _size?: number,
  ) {}
}

function bind(scope: Construct, bucket: s3.IBucket, key: string, version?: string): Binding {
  const stack = Stack.of(scope);
  return {
    properties: { SourceBucket: bucket.bucketName, SourceKey: key, SourceVersionId: version },
    fingerprint: createHash('sha256').update(JSON.stringify(stack.resolve([bucket.bucketArn, key]))).digest('hex').slice(0, 8),
    statements: () => [
      new iam.PolicyStatement({
        actions: ['s3:GetObject', 's3:GetObjectVersion'],
        resources: [bucket.arnForObjects(literal(key))],
      }),
      ...bucket.encryptionKey ? [new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [bucket.encryptionKey.keyArn] })] : [],
    ],
  };
}

/** In a resource of IAM, `*`, `?` and `$` mean something else than in a key. */
function literal(key: string): string {
  return Token.isUnresolved(key) ? key : key.replace(/[*?$]/g, (character) => `\${${character}}`);
}
