import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ISnapshotSeed } from './snapshot-seed';

/** Permissions on one snapshot. */
export class SnapshotGrants {
  /** The permissions that can be granted on the given snapshot. */
  public static fromSnapshotSeed(snapshot: ISnapshotSeed): SnapshotGrants {
    return new SnapshotGrants(snapshot);
  }

  private constructor(private readonly snapshot: ISnapshotSeed) {}

  /**
   * Any actions that EBS and EC2 allow on a snapshot.
   *
   * @param actions like `ec2:CreateVolume`
   * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticblockstore.html
   */
  public actions(grantee: iam.IGrantable, ...actions: string[]): iam.Grant {
    const stack = Stack.of(this.snapshot);
    // The ARN of a snapshot has no account.
    const arn = stack.formatArn({ service: 'ec2', account: '', resource: 'snapshot', resourceName: this.snapshot.snapshotId });
    return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [arn] });
  }

  /**
   * To read the snapshot's blocks through the EBS direct APIs, and what differs between it and another one.
   *
   * Who reads an encrypted snapshot needs its key as well: `key.grantDecrypt(grantee)`.
   */
  public read(grantee: iam.IGrantable): iam.Grant {
    return this.actions(grantee, 'ebs:GetSnapshotBlock', 'ebs:ListChangedBlocks', 'ebs:ListSnapshotBlocks');
  }
}
