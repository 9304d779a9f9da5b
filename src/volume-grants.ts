import * as iam from 'aws-cdk-lib/aws-iam';
import type { ICachedVolume } from './cached-volume';

/** Permissions on one volume. */
export class VolumeGrants {
  /** The permissions that can be granted on the given volume. */
  public static fromVolume(volume: ICachedVolume): VolumeGrants {
    return new VolumeGrants(volume);
  }

  private constructor(private readonly volume: ICachedVolume) {}

  /**
   * Any actions that Storage Gateway allows on a volume.
   *
   * @param actions like `storagegateway:CreateSnapshot`
   * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstoragegateway.html
   */
  public actions(grantee: iam.IGrantable, ...actions: string[]): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [this.volume.volumeArn] });
  }

  /** To see the volume's state, its initiators, its snapshot schedule and its tags. */
  public read(grantee: iam.IGrantable): iam.Grant {
    return this.actions(
      grantee,
      'storagegateway:DescribeCachediSCSIVolumes',
      'storagegateway:DescribeSnapshotSchedule',
      'storagegateway:ListTagsForResource',
      'storagegateway:ListVolumeInitiators',
    );
  }

  /** To take snapshots of the volume: as it is now, or as of its last recovery point, which also works while the gateway cannot be reached. */
  public createSnapshot(grantee: iam.IGrantable): iam.Grant {
    return this.actions(grantee, 'storagegateway:CreateSnapshot', 'storagegateway:CreateSnapshotFromVolumeRecoveryPoint');
  }
}
