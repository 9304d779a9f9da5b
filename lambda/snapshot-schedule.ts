import {
  DeleteSnapshotScheduleCommand, DescribeSnapshotScheduleCommand, StorageGatewayClient, UpdateSnapshotScheduleCommand,
  type DescribeSnapshotScheduleOutput,
} from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { isGone, NotThere } from './errors';
import type { Handler, Request, UpdateRequest } from './handler';
import type { Tag } from '../src/private/contract';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

type Type = 'Custom::StorageGatewaySnapshotSchedule';

const SETTING = '/snapshot-schedule';
const volumeOf = (id: string) => id.slice(0, -SETTING.length);

/** A cached volume has none from the start; the service has no call that creates one: the update makes it. */
export const snapshotSchedule: Handler<Type> = {
  ids: /\/volume\/[^/]+\/snapshot-schedule$/,
  deadline: { seconds: 10 * 60, reason: 'a schedule is there at once while the gateway is connected' },

  async create(request) {
    await put(request);
    return `${request.properties.VolumeARN}${SETTING}`;
  },

  async attributes(id, request) {
    const live = await describe(volumeOf(id));
    if (!live && request.event === 'Update') {
      throw new NotThere(`volume ${volumeOf(id)} has no snapshot schedule`);
    }
    return live && { Timezone: live.Timezone ?? 'GMT' };
  },

  async update(id, request) {
    const { VolumeARN } = request.properties;
    if (volumeOf(id) !== VolumeARN || differs(await describe(VolumeARN), request)) {
      await put(request);
    }
    return `${VolumeARN}${SETTING}`;
  },

  async delete(id, request) {
    const volume = volumeOf(id);
    // A volume that is retained keeps its schedule, and one that goes takes it along.
    if (await request.stack.isBeingDeleted() && await request.stack.hasOther(volume)) {
      return;
    }
    try {
      await client.send(new DeleteSnapshotScheduleCommand({ VolumeARN: volume }));
    } catch (error) {
      if (!isGone(error)) {
        throw error;
      }
    }
  },

  async abandoned(request) {
    const { VolumeARN } = request.properties;
    const live = await describe(VolumeARN);
    // It has neither tags nor a date: it is ours if it is just as we wanted it.
    return live && !differs(live, request) ? [`${VolumeARN}${SETTING}`] : [];
  },
};

async function put({ properties }: Request<Type>): Promise<void> {
  const { VolumeARN, StartAt, RecurrenceInHours, Description } = properties;
  await client.send(new UpdateSnapshotScheduleCommand({
    VolumeARN,
    StartAt: Number(StartAt),
    RecurrenceInHours: Number(RecurrenceInHours),
    Description,
    Tags: tagsOf(properties.Tags),
  }));
}

async function describe(volumeArn: string): Promise<DescribeSnapshotScheduleOutput | undefined> {
  try {
    const live = await client.send(new DescribeSnapshotScheduleCommand({ VolumeARN: volumeArn }));
    // A volume without a schedule is an error or an empty answer.
    return live.RecurrenceInHours === undefined ? undefined : live;
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw error;
  }
}

function differs(live: DescribeSnapshotScheduleOutput | undefined, request: Request<Type> | UpdateRequest<Type>): boolean {
  const { StartAt, RecurrenceInHours, Description, Tags } = request.properties;
  const formerDescription = 'oldProperties' in request ? request.oldProperties.Description : undefined;
  return !live
    || live.StartAt !== Number(StartAt)
    || live.RecurrenceInHours !== Number(RecurrenceInHours)
    // Where none is wanted the service writes its own.
    || (Description === undefined ? formerDescription !== undefined : live.Description !== Description)
    || canonical(live.Tags) !== canonical(Tags);
}

/** They go onto the snapshots, which the service makes, so ours are not among them. An empty list takes all away. */
function tagsOf(tags: readonly Tag[] | undefined): Tag[] {
  return (tags ?? []).map(({ Key, Value }) => ({ Key, Value }));
}

function canonical(tags: readonly { Key?: string; Value?: string }[] | undefined): string {
  return JSON.stringify((tags ?? []).map(({ Key, Value }) => [Key, Value]).sort());
}
