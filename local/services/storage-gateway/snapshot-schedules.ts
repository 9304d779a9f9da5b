import {
  DeleteSnapshotSchedule$, DescribeSnapshotSchedule$, UpdateSnapshotSchedule$, type DeleteSnapshotScheduleInput,
  type DeleteSnapshotScheduleOutput, type DescribeSnapshotScheduleInput, type DescribeSnapshotScheduleOutput,
  type UpdateSnapshotScheduleInput, type UpdateSnapshotScheduleOutput,
} from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { connectedGateway, requireType, type Gateway } from './gateway';
import { mergedTags } from './tags';
import { existingVolume, volumesOf, type Volume } from './volume';
import type { Appliances } from '../appliances/appliances';
import { operation, type Context, type Operation } from '../service';

export const snapshotScheduleOperations = (appliances: Appliances): Operation[] => [
  operation<UpdateSnapshotScheduleInput, UpdateSnapshotScheduleOutput>(
    UpdateSnapshotSchedule$, CONSTRAINTS.UpdateSnapshotSchedule, ({ VolumeARN, StartAt, RecurrenceInHours, Description, Tags }, context) => {
      const { volume, gateway } = connectedVolume(context, appliances, VolumeARN);
      const schedule = {
        StartAt,
        RecurrenceInHours,
        Description: Description ?? volume.schedule?.Description ?? `${gateway.id}:${volume.id}:Schedule`,
        tags: Tags === undefined ? volume.schedule?.tags ?? [] : mergedTags([], Tags),
      };
      volumesOf(context.state).put(VolumeARN, { ...volume, schedule });
      return { VolumeARN };
    }),

  operation<DescribeSnapshotScheduleInput, DescribeSnapshotScheduleOutput>(
    DescribeSnapshotSchedule$, CONSTRAINTS.DescribeSnapshotSchedule, ({ VolumeARN }, context) => {
      const { volume, gateway } = connectedVolume(context, appliances, VolumeARN);
      if (!volume.schedule) {
        throw invalidRequest('SnapshotScheduleNotFound');
      }
      const { tags, ...schedule } = volume.schedule;
      return { VolumeARN, ...schedule, Timezone: gateway.timezone, Tags: [...tags] };
    }),

  operation<DeleteSnapshotScheduleInput, DeleteSnapshotScheduleOutput>(
    DeleteSnapshotSchedule$, CONSTRAINTS.DeleteSnapshotSchedule, ({ VolumeARN }, context) => {
      const { volume: { schedule, ...volume }, gateway } = connectedVolume(context, appliances, VolumeARN);
      // A stored volume always has a schedule.
      requireType(gateway, 'CACHED');
      if (!schedule) {
        throw invalidRequest('SnapshotScheduleNotFound');
      }
      volumesOf(context.state).put(VolumeARN, volume);
      return { VolumeARN };
    }),
];

function connectedVolume(context: Context, appliances: Appliances, arn: string): { volume: Volume; gateway: Gateway } {
  const volume = existingVolume(context, arn);
  return { volume, gateway: connectedGateway(context, appliances, volume.gatewayArn).gateway };
}
