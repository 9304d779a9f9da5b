import { type Duration, Resource } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ICachedVolume } from './cached-volume';
import { AppMap } from './private/app-map';
import { checkEnvironment } from './private/environment';
import { ServiceResource } from './private/service-resource';
import { check, checkText, checkWhole } from './private/validate';

/** When to take snapshots of a volume. */
export interface SnapshotScheduleOptions {
  /** The hour of the first snapshot of a day, 0 to 23, in the gateway's time zone. */
  readonly startAt: number;

  /** The time between two snapshots: 1, 2, 4, 8, 12 or 24 hours. */
  readonly recurrence: Duration;

  /**
   * The description of the snapshots, 1 to 255 characters.
   *
   * @default - the service's own, with the ids of gateway and volume
   */
  readonly description?: string;

  /**
   * Tags of the snapshots, besides those that `Tags.of()` gives them.
   *
   * @default - only those from `Tags.of()`
   */
  readonly snapshotTags?: { [key: string]: string };
}

/** Properties of a SnapshotSchedule. */
export interface SnapshotScheduleProps extends SnapshotScheduleOptions {
  /** The volume of which snapshots are taken. */
  readonly volume: ICachedVolume;
}

const RECURRENCES = [1, 2, 4, 8, 12, 24];

/** By the volume's ARN. */
const SCHEDULES = new AppMap<SnapshotSchedule>();

/**
 * Takes snapshots of a volume at regular hours.
 *
 * The snapshots are EBS snapshots. Nothing removes them: not the service, and not the deletion of schedule, volume or gateway.
 *
 * @see https://docs.aws.amazon.com/storagegateway/latest/vgw/SchedulingSnapshot.html
 */
export class SnapshotSchedule extends Resource {
  /**
   * The time zone in which the hours count: the gateway's.
   *
   * @attribute
   */
  public readonly timezone: string;

  constructor(scope: Construct, id: string, props: SnapshotScheduleProps) {
    super(scope, id);
    const hours = props.recurrence.toHours({ integral: false });
    checkEnvironment(this, 'volume', props.volume.env);
    checkWhole('startAt', props.startAt, 0, 23);
    check('recurrence', hours, (value) => RECURRENCES.includes(value), `${RECURRENCES.slice(0, -1).join(', ')} or ${RECURRENCES.at(-1)} hours`);
    checkText('description', props.description, 1, 255);
    checkSingle(this, props.volume);

    const resource = new ServiceResource(this, 'Resource', {
      type: 'Custom::StorageGatewaySnapshotSchedule',
      properties: {
        VolumeARN: props.volume.volumeArn,
        StartAt: props.startAt,
        RecurrenceInHours: hours,
        Description: props.description,
      },
      tags: props.snapshotTags,
    });
    this.timezone = resource.attribute('Timezone');
  }
}

/** At the service a second schedule takes the place of the first, and nobody is told. */
function checkSingle(schedule: SnapshotSchedule, volume: ICachedVolume): void {
  const schedules = SCHEDULES.of(schedule);
  const other = schedules.get(volume.volumeArn);
  if (other) {
    throw new Error(`'volume' must not have another snapshot schedule, got ${volume.node.path}, which has ${other.node.path}`);
  }
  schedules.set(volume.volumeArn, schedule);
}
