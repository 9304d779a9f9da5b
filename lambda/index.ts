import { createHash } from 'node:crypto';
import type { CdkCustomResourceEvent, CdkCustomResourceIsCompleteEvent, CdkCustomResourceIsCompleteResponse, CdkCustomResourceResponse } from 'aws-lambda';
import { cache } from './cache';
import { cachedVolume } from './cached-volume';
import { withPatience } from './client';
import { clock } from './clock';
import { failedCreate } from './entry';
import { isGone, isTransient } from './errors';
import { gateway } from './gateway';
import type { Handler, Request, UpdateRequest } from './handler';
import { log } from './log';
import { snapshotSchedule } from './snapshot-schedule';
import { snapshotSeed } from './snapshot-seed';
import { EventStack } from './stack';
import { OWNER, REQUEST, reconcileTags } from './tags';
import { uploadBuffer } from './upload-buffer';
import type { Properties, ResourceType, Tag, Wire } from '../src/private/contract';

export { entry } from './entry';

/** A resource type without a handler does not compile. */
const HANDLERS: { [T in ResourceType]: Handler<T> } = {
  'Custom::EBSSnapshotSeed': snapshotSeed,
  'Custom::StorageGatewayCache': cache,
  'Custom::StorageGatewayCachedVolume': cachedVolume,
  'Custom::StorageGatewayGateway': gateway,
  'Custom::StorageGatewaySnapshotSchedule': snapshotSchedule,
  'Custom::StorageGatewayUploadBuffer': uploadBuffer,
};

/** Seconds. A permission that was granted with the same deployment takes a while to be known everywhere; later, a denial is one. */
const FRESH_PERMISSION = 120;
const TRANSIENT = { onEvent: 120, isComplete: 20 };

/** What onEvent tells isComplete, through the framework. */
interface Progress {
  /** Milliseconds since 1970. */
  readonly giveUpAt: number;
  /** What Delete is really deleting. */
  readonly deleting?: string[];
}

/** The framework sends each event here, once or more often. */
export function onEvent(event: CdkCustomResourceEvent): Promise<CdkCustomResourceResponse> {
  return serve('onEvent', event, async (handler, request, id): Promise<CdkCustomResourceResponse & Progress> => {
    const giveUpAt = clock.now() + handler.deadline.seconds * 1000;
    switch (request.event) {
      case 'Create':
        return { PhysicalResourceId: await create(handler, request), giveUpAt };
      case 'Update':
        return { PhysicalResourceId: await update(handler, id, request as UpdateRequest<ResourceType>), giveUpAt };
      case 'Delete':
        return { PhysicalResourceId: id, giveUpAt, deleting: await remove(handler, id, request) };
    }
  });
}

/** The framework asks here until it is so. */
export function isComplete(event: CdkCustomResourceIsCompleteEvent & Partial<Progress>): Promise<CdkCustomResourceIsCompleteResponse> {
  return serve('isComplete', event, async (handler, request, id) => {
    let seen = '';
    try {
      if (request.event === 'Delete') {
        if (await areGone(handler, event.deleting ?? [], request)) {
          return { IsComplete: true };
        }
      } else {
        const attributes = await handler.attributes(id, request);
        if (attributes) {
          return { IsComplete: true, Data: strings(attributes) };
        }
      }
    } catch (error) {
      if (request.event === 'Update' && isGone(error) && await request.stack.isRollingBack()) {
        return { IsComplete: true };
      }
      if (!isTransient(error)) {
        throw error;
      }
      seen = error instanceof Error ? ` (${error.message})` : '';
    }
    if (clock.now() >= (event.giveUpAt ?? Infinity)) {
      const state = request.event === 'Delete' ? 'gone' : 'ready';
      throw new Error(`${id} was not ${state} within ${handler.deadline.seconds / 60} minutes: ${handler.deadline.reason}${seen}`);
    }
    return { IsComplete: false };
  });
}

async function create(handler: Handler<ResourceType>, request: Request<ResourceType>): Promise<string> {
  const id = await handler.create(request);
  await undoIfCancelled(handler, id, request);
  return id;
}

async function update(handler: Handler<ResourceType>, id: string, request: UpdateRequest<ResourceType>): Promise<string> {
  const rollingBack = await request.stack.isRollingBack();
  let wanted: string;
  try {
    wanted = await handler.update(id, request);
    if (wanted !== id && !rollingBack) {
      await undoIfCancelled(handler, wanted, request);
    }
    if (handler.tags) {
      const former = request.oldProperties as { Tags?: Tag[] };
      // The request tag goes on to tell which Create made it.
      await reconcileTags(handler.tags, wanted, request.tags.filter(({ Key }) => Key !== REQUEST), former.Tags ?? []);
    }
  } catch (error) {
    if (!isGone(error)) {
      throw error;
    }
    if (!rollingBack) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`${id} cannot change, because it, or what it needs, is not there (any more): remove it from the app, then declare a new one (${text})`, { cause: error });
    }
    // Somebody deleted it by hand, and a rollback must succeed.
    log({ resource: request.logicalId, id, goneWhileRollingBack: error instanceof Error ? error.message : error });
    wanted = id;
  }
  if (rollingBack) {
    await removeUnfinishedReplacement(handler, [id, wanted], request);
  }
  return wanted;
}

/** What is rolled back may have been making a replacement, of which CloudFormation never heard. */
async function removeUnfinishedReplacement(handler: Handler<ResourceType>, kept: string[], request: UpdateRequest<ResourceType>): Promise<void> {
  const undone = { ...request, properties: request.oldProperties };
  for (const orphan of await handler.abandoned?.(undone) ?? []) {
    if (!kept.includes(orphan) && !(await request.stack.hasOther(orphan))) {
      await handler.delete(orphan, undone);
    }
  }
}

/** A Create that was cancelled gets its Delete while it is still at work: what that one could not see yet is removed here. */
async function undoIfCancelled(handler: Handler<ResourceType>, id: string, request: Request<ResourceType>): Promise<void> {
  try {
    if (await request.stack.isGivingUp()) {
      throw new Error('cancelled: the stack is rolling back, or being deleted, already');
    }
  } catch (error) {
    if (handler.keptInRollback === undefined) {
      await handler.delete(id, request);
    }
    throw error;
  }
}

/** @returns the ids that are being deleted */
async function remove(handler: Handler<ResourceType>, id: string, request: Request<ResourceType>): Promise<string[]> {
  if (handler.keptInRollback !== undefined && await request.stack.isRollingBack()) {
    log({ resource: request.logicalId, id, keptInRollback: handler.keptInRollback });
    return [];
  }
  // Any other id is that of a Create that failed, or was made up by CloudFormation for one that it cancelled.
  const ids = handler.ids.test(id) ? [id] : await handler.abandoned?.({ ...request, failedCreate: failedCreate(id) }) ?? [];
  const deleting: string[] = [];
  for (const found of ids) {
    if (await request.stack.hasOther(found, request.logicalId)) {
      // The construct was renamed: what this one was, another one is now.
      log({ resource: request.logicalId, id: found, kept: 'another resource of the stack has the same physical id' });
    } else {
      await handler.delete(found, request);
      deleting.push(found);
    }
  }
  return deleting;
}

async function areGone(handler: Handler<ResourceType>, ids: readonly string[], request: Request<ResourceType>): Promise<boolean> {
  for (const id of ids) {
    if (handler.gone && !(await handler.gone(id, request))) {
      return false;
    }
  }
  return true;
}

type Work<Result> = (handler: Handler<ResourceType>, request: Request<ResourceType>, id: string) => Promise<Result>;

/** Turns an event into a request, and writes one line about what came of it. */
async function serve<Result extends object>(phase: keyof typeof TRANSIENT, event: CdkCustomResourceEvent, work: Work<Result>): Promise<Result> {
  const start = clock.now();
  const id = ('PhysicalResourceId' in event && event.PhysicalResourceId) || '';
  const line = { event: event.RequestType, phase, type: event.ResourceType, resource: event.LogicalResourceId, id, requestId: event.RequestId };
  try {
    const handler = HANDLERS[event.ResourceType as ResourceType] as Handler<ResourceType> | undefined;
    if (!handler) {
      throw new Error(`${JSON.stringify(event.ResourceType)} must be one of ${Object.keys(HANDLERS).join(', ')}`);
    }
    const denied = event.RequestType === 'Create' ? FRESH_PERMISSION : 0;
    const result = await withPatience({ transient: TRANSIENT[phase], denied }, () => work(handler, requestOf(event), id));
    if (!('IsComplete' in result && result.IsComplete === false)) {
      log({ ...line, ...result, outcome: 'done', milliseconds: clock.now() - start });
    }
    return result;
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    log({ ...line, outcome: 'failed', error: failure.message, at: placesIn(failure), milliseconds: clock.now() - start });
    // The framework shows people the stack in place of the message; places in bundled code say nothing to them.
    failure.stack = `${failure.name}: ${failure.message}`;
    throw failure;
  }
}

/** Without the first lines: they hold the message as it was before secrets were taken out of it. */
function placesIn({ stack = '' }: Error): string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}

function requestOf(event: CdkCustomResourceEvent): Request<ResourceType> {
  const stack = new EventStack(event.StackId);
  // Longer values are refused.
  const owner = { Key: OWNER, Value: `${stack.name}/${event.LogicalResourceId}`.slice(0, 256) };
  const properties = event.ResourceProperties as unknown as Wire<Properties<ResourceType>> & { Tags?: Tag[] };
  return {
    event: event.RequestType,
    properties,
    ...(event.RequestType === 'Update' && { oldProperties: event.OldResourceProperties }),
    requestId: event.RequestId,
    stackId: event.StackId,
    logicalId: event.LogicalResourceId,
    token: createHash('sha256').update(JSON.stringify([event.StackId, event.LogicalResourceId, event.RequestId])).digest('hex'),
    owner,
    tags: [...(properties.Tags ?? []), owner, { Key: REQUEST, Value: event.RequestId }],
    stack,
  };
}

/** All that CloudFormation takes as values; 4 KB together. */
function strings(attributes: object): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]));
}
