import type { Play } from './plays';
import { IMAGE, OTHER_IMAGE, SEED, type SeedWorld } from './seed-world';
import { onEvent } from '../../lambda/index';

type Prepare = (world: SeedWorld) => Promise<Play>;

/** Each verb of the snapshot seed, in the circumstances that make it call something else. */
export const SEED_PLAYS: Record<string, Prepare> = {
  'Create': (world) => creatingAsWanted(world),

  'Create that leaves zeros out': (world) => creatingAsWanted(world, world.properties('one.img', { ZeroBlocks: 'OMIT' })),

  async 'Create that fails'(world) {
    const stack = world.stage.stack();
    const { act, rollBack } = creating(world, stack, world.properties('one.img', { SourceBucket: 'versions' }));
    const denied = { service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', nth: 1, times: Infinity, trouble: 'refused' } as const;
    const nothing = async () => {
      await rollBack();
      await world.expectSnapshots(stack);
    };
    return {
      async act() {
        world.front.inject(denied);
        await expect(act()).rejects.toThrow('PutSnapshotBlock of block 0 failed');
        // Already before its Delete.
        expect(await world.snapshotsOf(stack)).toEqual([]);
      },
      holds: nothing,
      recover: nothing,
      cleanUp: () => world.drop(stack),
    };
  },

  async 'Update of tags'(world) {
    const stack = world.stage.stack();
    const from = world.properties('one.img', { Tags: [{ Key: 'team', Value: 'storage' }, { Key: 'stage', Value: 'test' }] });
    const to = world.properties('one.img', { Tags: [{ Key: 'team', Value: 'archive' }] });
    const id = await world.deployed(stack, from);
    const tags = async () => {
      const [snapshot] = await world.snapshotsOf(stack);
      const own = (snapshot.Tags ?? []).filter(({ Key = '' }) => !Key.startsWith('cdk-storage-gateway:'));
      return Object.fromEntries(own.map(({ Key, Value }) => [Key, Value]));
    };
    return {
      act: () => world.update(stack.begin('UPDATE_IN_PROGRESS'), id, from, to),
      async holds() {
        await world.expectSnapshots(stack, IMAGE);
        expect(await tags()).toEqual({ team: 'archive' });
      },
      async recover() {
        await world.update(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS'), id, to, from);
        await world.expectSnapshots(stack, IMAGE);
        expect(await tags()).toEqual({ team: 'storage', stage: 'test' });
      },
      cleanUp: () => world.drop(stack),
    };
  },

  async 'Update of tags, long after the execution was forgotten'(world) {
    const stack = world.stage.stack();
    const to = world.properties('one.img', { Tags: [{ Key: 'team', Value: 'archive' }] });
    const id = await world.deployed(stack, world.properties());
    world.executions.all.clear();
    return {
      act: () => world.update(stack.begin('UPDATE_IN_PROGRESS'), id, world.properties(), to),
      holds: () => world.expectSnapshots(stack, IMAGE),
      async recover() {
        await world.update(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS'), id, to, world.properties());
        await world.expectSnapshots(stack, IMAGE);
      },
      cleanUp: () => world.drop(stack),
    };
  },

  async 'Update that replaces'(world) {
    const stack = world.stage.stack();
    const [from, to] = [world.properties(), world.properties('other.img')];
    const id = await world.deployed(stack, from);
    world.executions.instead = world.standIn;
    return {
      act: () => world.update(stack.begin('UPDATE_IN_PROGRESS'), id, from, to),
      holds: () => world.expectSnapshots(stack, IMAGE, OTHER_IMAGE),
      async recover() {
        await world.update(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS'), id, to, from);
        await world.expectSnapshots(stack, IMAGE);
      },
      cleanUp: () => world.drop(stack),
    };
  },

  async 'Update that replaced, rolled back'(world) {
    const stack = world.stage.stack();
    const [from, to] = [world.properties(), world.properties('other.img')];
    const id = await world.deployed(stack, from);
    const replacement = await world.deployed(stack.begin('UPDATE_IN_PROGRESS'), to);
    stack.turn('UPDATE_ROLLBACK_IN_PROGRESS');
    // After a failure the user has the rollback continued. The clean-up that follows takes what is not the old one.
    const act = async () => expect((await world.update(stack, replacement, to, from)).id).toBe(id);
    const holds = async () => {
      await world.delete(stack, replacement, to);
      await world.expectSnapshots(stack, IMAGE);
    };
    return { act, holds, recover: () => again(act, holds), cleanUp: () => world.drop(stack) };
  },

  async 'Delete'(world) {
    const stack = world.stage.stack();
    const id = await world.deployed(stack, world.properties());
    const act = () => world.delete(stack.begin('DELETE_IN_PROGRESS'), id, world.properties());
    const holds = () => world.expectSnapshots(stack);
    return { act, holds, recover: () => again(act, holds), cleanUp: () => world.drop(stack) };
  },

  'Delete while its worker writes': (world) => deletingAt(world, 'PutSnapshotBlock'),

  'Delete that overtakes its worker': (world) => deletingAt(world, 'StartSnapshot'),

  async 'Delete of a Create that was cancelled'(world) {
    const stack = world.stage.stack();
    await world.deployed(stack, world.properties());
    stack.turn('ROLLBACK_IN_PROGRESS');
    const act = () => world.delete(stack, 'Stack-Seed-1ABCDEF', world.properties());
    const holds = () => world.expectSnapshots(stack);
    return { act, holds, recover: () => again(act, holds), cleanUp: () => world.drop(stack) };
  },
};

async function again(act: Play['act'], holds: () => Promise<void>): Promise<void> {
  await act();
  await holds();
}

async function creatingAsWanted(world: SeedWorld, properties = world.properties()): Promise<Play> {
  const stack = world.stage.stack();
  const { act, rollBack } = creating(world, stack, properties);
  return {
    act,
    holds: () => world.expectSnapshots(stack, IMAGE),
    async recover() {
      await rollBack();
      await world.expectSnapshots(stack);
    },
    cleanUp: () => world.drop(stack),
  };
}

/** A Delete that comes when the worker is at a call, which then ends. */
async function deletingAt(world: SeedWorld, operation: string): Promise<Play> {
  const stack = world.stage.stack();
  const event = stack.event('Create', SEED, 'Seed', world.properties());
  let id = '';
  const release = await world.holdAt(operation, async () => {
    id = (await onEvent(event)).PhysicalResourceId ?? '';
  });
  const act = async () => {
    try {
      await world.delete(stack.turn('ROLLBACK_IN_PROGRESS'), id, world.properties());
    } finally {
      // Long enough that a snapshot which is not there is gone, and not too new to be seen: every try sends a whole block.
      world.stage.services.clock.advance(180);
      release();
      await world.executions.idle();
    }
  };
  const holds = () => world.expectSnapshots(stack);
  return { act, holds, recover: () => again(act, holds), cleanUp: () => world.drop(stack) };
}

/** A Create, and the Delete that follows its failure: with the id that it answered, or the one that the entry gave it. */
function creating(world: SeedWorld, stack: ReturnType<SeedWorld['stage']['stack']>, properties = world.properties()) {
  const event = stack.event('Create', SEED, 'Seed', properties);
  let id = `create-${event.RequestId}`;
  return {
    async act() {
      const answer = await onEvent(event);
      id = answer.PhysicalResourceId ?? id;
      await world.complete(event, answer);
    },
    async rollBack() {
      await world.delete(stack.turn('ROLLBACK_IN_PROGRESS'), id, properties);
      await world.executions.idle();
    },
  };
}
