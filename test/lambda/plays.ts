import { CACHE, GATEWAY, gatewayProperties, SCHEDULE, scheduleProperties, UPLOAD_BUFFER, VOLUME, volumeProperties } from './declared';
import type { StackActor } from './stage';
import type { World } from './world';
import { askForKey, type KeyRequest } from '../../lambda/activation-key/exchange';
import { onEvent } from '../../lambda/index';
import type { ResourceType } from '../../src/private/contract';

/** What one verb does: the events that CloudFormation sends, and what must hold afterwards. */
export interface Play {
  act(): Promise<unknown>;
  /** After success: there is exactly what was wanted. */
  holds(): Promise<void> | void;
  /** After a failure: what CloudFormation sends then; afterwards nothing is left, or all is as it was. */
  recover(): Promise<void>;
  cleanUp(): Promise<void>;
}

type Values = Record<string, unknown>;

const LOG_GROUP = 'arn:aws:logs:eu-central-1:000000000000:log-group:gateway';

/** Each verb of each resource, in the circumstances that make it call something else. */
export const PLAYS: Record<string, (world: World) => Promise<Play>> = {
  async 'gateway: Create by address'(world) {
    const appliance = await world.appliance();
    return activating(world, appliance.id, gatewayProperties(appliance.address, { SettleTime: '10', CloudWatchLogGroupARN: LOG_GROUP }));
  },

  async 'gateway: Create by address, inside a VPC'(world) {
    const appliance = await world.appliance();
    world.stage.platform.functions.set('inside', (wanted) => askForKey(wanted as KeyRequest));
    return activating(world, appliance.id, gatewayProperties(appliance.address, { SettleTime: '0', ActivationKeyFunctionArn: 'inside' }));
  },

  async 'gateway: Create by key'(world) {
    const appliance = await world.appliance();
    const properties = { ...gatewayProperties(''), ApplianceAddress: undefined, ActivationKey: await world.keyOf(appliance.address), SettleTime: '0' };
    // A key that is used up or too old leads to its gateway by the ARN that the error names.
    return activating(world, appliance.id, properties, (arn) => ({ ...properties, ActivationKey: undefined, GatewayARN: arn }));
  },

  async 'gateway: Create that adopts'(world) {
    const stack = world.stack();
    const { address, applianceId } = await world.activate(`${stack.name}/Thing`);
    return activating(world, applianceId, gatewayProperties(address, { GatewayName: 'adopted', SettleTime: '0' }), undefined, stack);
  },

  async 'gateway: Create by ARN'(world) {
    const { arn, applianceId } = await world.activate();
    return activating(world, applianceId, { ...gatewayProperties(''), ApplianceAddress: undefined, GatewayARN: arn, SettleTime: '0' });
  },

  async 'gateway: Update'(world) {
    const stack = world.stack();
    const { arn, address } = await world.activate(`${stack.name}/Thing`);
    const from = gatewayProperties(address);
    const to = gatewayProperties(address, { GatewayName: 'archive', CloudWatchLogGroupARN: LOG_GROUP, Tags: [{ Key: 'stage', Value: 'test' }] });
    const name = () => world.gateways().find((found) => found.arn === arn)?.name;
    const { act, rollBack } = updating(stack, GATEWAY, arn, from, to);
    return {
      act,
      holds: () => expect(name()).toBe('archive'),
      async recover() {
        await rollBack();
        expect(name()).toBe('office');
      },
      cleanUp: () => world.dropGateway(arn),
    };
  },

  async 'gateway: Delete'(world) {
    const stack = world.stack();
    const { arn, address } = await world.activate(`${stack.name}/Thing`);
    return deleting(
      () => stack.begin('DELETE_IN_PROGRESS').delete(GATEWAY, 'Thing', arn, gatewayProperties(address)),
      () => expect(world.gateways().map((found) => found.arn)).not.toContain(arn),
      () => world.dropGateway(arn),
    );
  },

  'cache: Create': (world) => allocating(world, CACHE, 'CACHE STORAGE', [{ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdc' }], ['/dev/sdb', '/dev/sdc']),

  'upload buffer: Create': (world) => allocating(world, UPLOAD_BUFFER, 'UPLOAD BUFFER', [{ DiskPath: '/dev/xvdb' }], ['/dev/sdb']),

  async 'upload buffer: Update'(world) {
    const { arn } = await world.activate();
    const stack = world.stack();
    const from = { GatewayARN: arn, Disks: [{ DiskPath: '/dev/xvdb' }] };
    const { id } = await stack.create(UPLOAD_BUFFER, 'Thing', from);
    const { act, rollBack } = updating(stack, UPLOAD_BUFFER, id, from, { GatewayARN: arn, Disks: [{ AllUnallocated: 'true' }] });
    return {
      act,
      holds: () => expect(world.disksOf(arn, 'UPLOAD BUFFER')).toHaveLength(6),
      async recover() {
        await rollBack();
        // What was allocated stays so.
        expect(world.disksOf(arn, 'UPLOAD BUFFER')).toContain('/dev/sdb');
      },
      cleanUp: () => world.dropGateway(arn),
    };
  },

  async 'volume: Create'(world) {
    const name = world.newName();
    const create = creating(world, world.stack(), VOLUME, volumeProperties(world.gateway, { TargetName: name }));
    return {
      act: create.act,
      holds: () => expect(world.volumesNamed(name)).toEqual([create.id()]),
      async recover() {
        await create.rollBack();
        expect(world.volumesNamed(name)).toEqual([]);
      },
      cleanUp: () => world.dropVolumes(world.volumesNamed(name)),
    };
  },

  async 'volume: Create of a name that is taken'(world) {
    const name = world.newName();
    const taken = await world.volume('Other/Thing', name);
    const create = creating(world, world.stack(), VOLUME, volumeProperties(world.gateway, { TargetName: name }));
    const holds = () => expect(world.volumesNamed(name)).toEqual([taken]);
    return {
      act: () => expect(create.act()).rejects.toThrow(`is taken on gateway ${world.gateway} by ${taken}`),
      holds,
      recover: async () => holds(),
      cleanUp: () => world.dropVolumes([taken]),
    };
  },

  async 'volume: Update of tags'(world) {
    const [stack, name] = [world.stack(), world.newName()];
    const id = await world.volume(`${stack.name}/Thing`, name);
    const from = volumeProperties(world.gateway, { TargetName: name });
    const { act, rollBack } = updating(stack, VOLUME, id, from, { ...from, Tags: [{ Key: 'stage', Value: 'test' }] });
    const holds = () => expect(world.volumesNamed(name)).toEqual([id]);
    return {
      act,
      holds,
      async recover() {
        await rollBack();
        holds();
      },
      cleanUp: () => world.dropVolumes([id]),
    };
  },

  async 'volume: Update that replaces'(world) {
    const [stack, before, after] = [world.stack(), world.newName(), world.newName()];
    const id = await world.volume(`${stack.name}/Thing`, before);
    const [from, to] = [before, after].map((TargetName) => volumeProperties(world.gateway, { TargetName }));
    const { act, rollBack } = updating(stack, VOLUME, id, from, to);
    const both = () => [world.volumesNamed(before).length, world.volumesNamed(after).length];
    return {
      act,
      holds: () => expect(both()).toEqual([1, 1]),
      async recover() {
        await rollBack();
        expect(both()).toEqual([1, 0]);
      },
      cleanUp: () => world.dropVolumes(world.volumesNamed(before, after)),
    };
  },

  async 'volume: Update that replaced, rolled back'(world) {
    const [stack, before, after] = [world.stack(), world.newName(), world.newName()];
    const id = await world.volume(`${stack.name}/Thing`, before);
    const [from, to] = [before, after].map((TargetName) => volumeProperties(world.gateway, { TargetName }));
    const replaced = await stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Thing', id, from, to);
    return deleting(
      async () => expect(await stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(VOLUME, 'Thing', replaced.id, to, from)).toMatchObject({ id }),
      () => expect(world.volumesNamed(before)).toEqual([id]),
      () => world.dropVolumes(world.volumesNamed(before, after)),
    );
  },

  'volume: Delete': (world) => deletingVolume(world, {}),

  'volume: Delete with a final snapshot': (world) => deletingVolume(world, { FinalSnapshot: 'true' }),

  async 'volume: Delete of a cancelled Create'(world) {
    const [stack, name] = [world.stack(), world.newName()];
    const properties = volumeProperties(world.gateway, { TargetName: name });
    await onEvent(stack.event('Create', VOLUME, 'Thing', properties));
    return deleting(
      () => stack.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Thing', 'Stack-Thing-1ABCDEF', properties),
      () => expect(world.volumesNamed(name)).toEqual([]),
      () => world.dropVolumes(world.volumesNamed(name)),
    );
  },

  async 'schedule: Create'(world) {
    const volume = await world.volume('Other/Thing');
    const create = creating(world, world.stack(), SCHEDULE, scheduleProperties(volume));
    return {
      act: create.act,
      holds: async () => expect(await world.startOfSchedule(volume)).toBe(3),
      recover: create.rollBack,
      cleanUp: () => world.dropVolumes([volume]),
    };
  },

  async 'schedule: Update'(world) {
    const [stack, volume] = [world.stack(), await world.volume('Other/Thing')];
    const from = scheduleProperties(volume);
    const { id } = await stack.create(SCHEDULE, 'Thing', from);
    const { act, rollBack } = updating(stack, SCHEDULE, id, from, scheduleProperties(volume, { StartAt: '4' }));
    return {
      act,
      holds: async () => expect(await world.startOfSchedule(volume)).toBe(4),
      async recover() {
        await rollBack();
        expect(await world.startOfSchedule(volume)).toBe(3);
      },
      cleanUp: () => world.dropVolumes([volume]),
    };
  },

  async 'schedule: Delete'(world) {
    const [stack, volume] = [world.stack(), await world.volume('Other/Thing')];
    const { id } = await stack.create(SCHEDULE, 'Thing', scheduleProperties(volume));
    return deleting(
      () => stack.begin('DELETE_IN_PROGRESS').delete(SCHEDULE, 'Thing', id, scheduleProperties(volume)),
      async () => expect(await world.startOfSchedule(volume)).toBeUndefined(),
      () => world.dropVolumes([volume]),
    );
  },
};

/** A Create: if it fails in onEvent there is no Delete (the framework swallows it), otherwise one with the id that was given. */
function creating(world: World, stack: StackActor, type: ResourceType, properties: Values) {
  const event = stack.event('Create', type, 'Thing', properties);
  let id: string | undefined;
  return {
    id: () => id,
    async act() {
      const answer = await onEvent(event);
      id = answer.PhysicalResourceId;
      await stack.wait(event, answer);
    },
    async rollBack() {
      if (id !== undefined) {
        await stack.turn('ROLLBACK_IN_PROGRESS').delete(type, 'Thing', id, properties);
      }
      world.stage.services.clock.advance(10);
    },
    nextDeployment: (next = properties) => world.stack(stack.name).create(type, 'Thing', next),
  };
}

/** An Update; after a failure comes another one, with old and new swapped. */
function updating(stack: StackActor, type: ResourceType, id: string, from: Values, to: Values) {
  return {
    act: () => stack.begin('UPDATE_IN_PROGRESS').update(type, 'Thing', id, from, to),
    rollBack: () => stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(type, 'Thing', id, to, from),
  };
}

/** What is simply done once more after it failed. */
function deleting(act: Play['act'], holds: Play['holds'], cleanUp: Play['cleanUp']): Play {
  return {
    act,
    holds,
    async recover() {
      await act();
      await holds();
    },
    cleanUp,
  };
}

async function deletingVolume(world: World, more: Values): Promise<Play> {
  const [stack, name] = [world.stack(), world.newName()];
  const id = await world.volume(`${stack.name}/Thing`, name);
  const properties = volumeProperties(world.gateway, { TargetName: name, ...more });
  return deleting(
    () => stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Thing', id, properties),
    () => expect(world.volumesNamed(name)).toEqual([]),
    () => world.dropVolumes(world.volumesNamed(name)),
  );
}

/** A gateway is never taken away again: after a failure the next deployment has the one that there is, or activates it. */
function activating(world: World, applianceId: string, properties: Values, byArn?: (arn: string) => Values, stack = world.stack()): Play {
  const create = creating(world, stack, GATEWAY, properties);
  const own = () => world.stage.services.control.appliance(applianceId).gatewayArn;
  return {
    act: create.act,
    holds: () => expect(create.id()).toBe(own()),
    async recover() {
      await create.rollBack();
      const arn = own();
      const again = await create.nextDeployment(arn !== undefined && byArn ? byArn(arn) : properties);
      expect(again.id).toBe(own());
    },
    cleanUp: () => world.dropGateway(own()),
  };
}

/** A disk is never taken back: after a failure the next deployment finds it as it is. */
async function allocating(world: World, type: ResourceType, allocation: string, Disks: Values[], nodes: string[]): Promise<Play> {
  const { arn } = await world.activate();
  const create = creating(world, world.stack(), type, { GatewayARN: arn, Disks });
  const holds = () => expect(world.disksOf(arn, allocation)).toEqual(nodes);
  return {
    act: create.act,
    holds,
    async recover() {
      await create.rollBack();
      await create.nextDeployment();
      holds();
    },
    cleanUp: () => world.dropGateway(arn),
  };
}
