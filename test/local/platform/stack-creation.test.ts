import { CreateStackCommand, DeleteStackCommand, RollbackStackCommand } from '@aws-sdk/client-cloudformation';
import { TestCloud } from './cloud-formation';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
afterAll(async () => cloud.close());

/** Lets nobody through before a number of callers has arrived. */
function barrier(size: number): () => Promise<void> {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  let arrived = 0;
  return async () => {
    arrived += 1;
    if (arrived === size) open();
    return opened;
  };
}

/** A promise that a test keeps when it likes. */
function latch(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

describe('order', () => {
  test('independent resources are made at the same time, the others after what they refer to, and all are deleted in reverse', async () => {
    const together = barrier(2);
    cloud.script(async (event, verb) => {
      if (event.RequestType === 'Create' && verb === 'onEvent' && ['A', 'B'].includes(event.LogicalResourceId)) await together();
      return undefined;
    });
    await cloud.deploy('Order', {
      Resources: {
        ByDependsOn: cloud.custom({}, { DependsOn: ['BySub'] }),
        BySub: cloud.custom({ Text: { 'Fn::Sub': 'after ${ByRef}' } }),
        ByRef: cloud.custom({ Others: [{ Ref: 'A' }, { Ref: 'B' }] }),
        A: cloud.custom(),
        B: cloud.custom(),
      },
    });
    expect(cloud.journal('Order').slice(0, 2).sort()).toEqual(['Create A', 'Create B']);
    expect(cloud.journal('Order').slice(2)).toEqual(['Create ByRef', 'Create BySub', 'Create ByDependsOn']);
    expect(cloud.calls.find(({ event }) => event.LogicalResourceId === 'ByRef')?.event.ResourceProperties.Others).toEqual(['A-id', 'B-id']);

    const { StackStatus: status } = await cloud.destroy('Order');
    expect(status).toBe('DELETE_COMPLETE');
    expect(cloud.journal('Order').slice(5, 8)).toEqual(['Delete ByDependsOn ByDependsOn-id', 'Delete BySub BySub-id', 'Delete ByRef ByRef-id']);
    expect(cloud.journal('Order').slice(8).sort()).toEqual(['Delete A A-id', 'Delete B B-id']);
  });
});

describe('functions', () => {
  test('run at the same time, and more resources than a function has environments are no deadlock', async () => {
    const four = barrier(4);
    cloud.script(async (_, verb) => {
      if (verb === 'onEvent') await four();
      return undefined;
    });
    const ids = Array.from({ length: 12 }, (_, index) => `Thing${index}`);
    await cloud.deploy('Many', { Resources: Object.fromEntries(ids.map((id) => [id, cloud.custom()])) });
    expect(Object.keys(await cloud.resources('Many')).sort()).toEqual(ids.sort());
  });

  test('that are killed in the middle get the same request again', async () => {
    const { FrameworkOnEvent: name = '' } = Object.fromEntries(Object.entries(await cloud.resources('Provider'))
      .map(([id, physicalId]) => [id.startsWith('FrameworkframeworkonEvent') && !id.includes('Role') ? 'FrameworkOnEvent' : id, physicalId]));
    let killed = false;
    cloud.script(async (_, verb) => {
      if (verb === 'onEvent' && !killed) {
        killed = true;
        await fetch(`${cloud.platform.endpoint}/_local/functions/${name}/kill`, { method: 'POST' });
      }
      return undefined;
    });
    await cloud.deploy('Killed', { Resources: { Thing: cloud.custom() } });
    const requests = cloud.calls.filter(({ verb }) => verb === 'onEvent').map(({ event }) => event.RequestId);
    expect(requests).toEqual([requests[0], requests[0]]);
    expect(cloud.journal('Killed')).toEqual(['Create Thing']);
  });
});

describe('a Create that fails', () => {
  test.each([
    ['onEvent throws', 'onEvent', 'AWSCDK::CustomResourceProviderFramework::CREATE_FAILED'],
    ['isComplete throws', 'isComplete', 'Failing-id'],
  ])('is deleted by the id that it reported, then the others in reverse: %s', async (_, failingVerb, reportedId) => {
    cloud.script((event, verb) => {
      if (event.LogicalResourceId === 'Failing' && event.RequestType === 'Create' && verb === failingVerb) throw new RangeError('the disk is too small');
      return undefined;
    });
    const name = `Fails-${failingVerb}`;
    const { StackStatus: status } = await cloud.finish(name, {
      Resources: { First: cloud.custom(), Second: cloud.custom({ First: { Ref: 'First' } }), Failing: cloud.custom({ Second: { Ref: 'Second' } }) },
    });

    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason(name, 'Failing')).toContain('the disk is too small');
    expect(cloud.journal(name)).toEqual([
      'Create First', 'Create Second', 'Create Failing', `Delete Failing ${reportedId}`, 'Delete Second Second-id', 'Delete First First-id',
    ]);
    expect(await cloud.resources(name)).toEqual({});
  });

  test('is deleted by an id of its own when a function without the framework answers FAILED', async () => {
    cloud.script((event) => event.RequestType === 'Create' ? { Status: 'FAILED', Reason: 'no such luck', PhysicalResourceId: 'half-made' } : {});
    const { StackStatus: status } = await cloud.finish('FailsPlain', { Resources: { Failing: cloud.plain() } });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason('FailsPlain', 'Failing')).toMatch(/Received response status \[FAILED\] from custom resource\. Message returned: no such luck/);
    expect(cloud.journal('FailsPlain')).toEqual(['Create Failing', 'Delete Failing half-made']);
  });

  test('that cannot be deleted either ends in ROLLBACK_FAILED, and keeps what it depends on', async () => {
    const failing = cloud.plain({ First: { Ref: 'First' } });
    cloud.script((event) => event.LogicalResourceId === 'Failing' ? { Status: 'FAILED', PhysicalResourceId: 'stuck', Reason: `${event.RequestType} is refused` } : undefined);
    const { StackStatus: status } = await cloud.finish('StaysBehind', { Resources: { First: cloud.custom(), Failing: failing } });
    expect(status).toBe('ROLLBACK_FAILED');
    expect(await cloud.resources('StaysBehind')).toEqual({ First: 'First-id', Failing: 'stuck' });
  });

  test('stays as it is when rollback is disabled, and can be rolled back later', async () => {
    cloud.script((event) => {
      if (event.LogicalResourceId === 'Failing' && event.RequestType === 'Create') throw new Error('no');
      return undefined;
    });
    await cloud.cloudFormation.send(new CreateStackCommand({
      StackName: 'NoRollback',
      TemplateBody: JSON.stringify({ Resources: { First: cloud.custom(), Failing: cloud.custom({ First: { Ref: 'First' } }) } }),
      DisableRollback: true,
    }));
    expect((await cloud.settled('NoRollback')).StackStatus).toBe('CREATE_FAILED');
    expect(cloud.journal('NoRollback')).toEqual(['Create First', 'Create Failing']);
    await cloud.cloudFormation.send(new RollbackStackCommand({ StackName: 'NoRollback' }));
    expect((await cloud.settled('NoRollback')).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(cloud.journal('NoRollback')).toContain('Delete First First-id');
  });
});

describe('a Create that is cancelled', () => {
  test('because a sibling failed is deleted by an invented id, and its late answer is ignored', async () => {
    const [slowBegan, slowMayAnswer, slowAnswered] = [latch(), latch(), latch()];
    cloud.script(async (event, verb) => {
      if (event.RequestType !== 'Create' || verb !== 'onEvent') return undefined;
      if (event.LogicalResourceId === 'Failing') {
        await slowBegan.opened;
        throw new Error('no');
      }
      slowBegan.open();
      await slowMayAnswer.opened;
      slowAnswered.open();
      return { PhysicalResourceId: 'too-late' };
    });
    const { StackStatus: status } = await cloud.finish('Cancelled', { Resources: { Slow: cloud.custom(), Failing: cloud.custom() } });
    slowMayAnswer.open();
    await slowAnswered.opened;

    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason('Cancelled', 'Slow')).toBe('Resource creation cancelled');
    const deleted = cloud.journal('Cancelled').find((entry) => entry.startsWith('Delete Slow'));
    expect(deleted).toMatch(/^Delete Slow Cancelled-Slow-[A-Z0-9]{12}$/);
    expect(await cloud.resources('Cancelled')).toEqual({});
    expect((await cloud.describe('Cancelled')).StackStatus).toBe('ROLLBACK_COMPLETE');
  });

  test('because no answer came within ServiceTimeout is deleted by an invented id', async () => {
    cloud.script((event) => event.RequestType === 'Create' ? null : {});
    const { StackStatus: status } = await cloud.finish('NoAnswer', { Resources: { Silent: cloud.plain({ ServiceTimeout: 1 }) } });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason('NoAnswer', 'Silent')).toMatch(/^CloudFormation did not receive a response from your Custom Resource/);
    expect(cloud.journal('NoAnswer')[1]).toMatch(/^Delete Silent NoAnswer-Silent-[A-Z0-9]{12}$/);
  });

  test('because the stack is deleted meanwhile is deleted by an invented id', async () => {
    const began = latch();
    cloud.script(async (event) => {
      if (event.RequestType !== 'Create') return {};
      began.open();
      return null;
    });
    const template = { Resources: { Slow: cloud.plain() } };
    const { StackId: id = '' } = await cloud.cloudFormation.send(new CreateStackCommand({ StackName: 'DeletedSoon', TemplateBody: JSON.stringify(template) }));
    await began.opened;
    await cloud.cloudFormation.send(new DeleteStackCommand({ StackName: 'DeletedSoon' }));
    expect((await cloud.settled(id)).StackStatus).toBe('DELETE_COMPLETE');
    expect(cloud.journal('DeletedSoon')[1]).toMatch(/^Delete Slow DeletedSoon-Slow-[A-Z0-9]{12}$/);
  });
});

describe('a Delete that fails', () => {
  test('keeps what the resource depends on, its provider included, so that a second one can succeed', async () => {
    let initiators = ['host-1'];
    cloud.script((event) => {
      if (event.RequestType === 'Delete' && event.LogicalResourceId === 'Volume' && initiators.length > 0) throw new Error(`${initiators[0]} is connected`);
      return undefined;
    });
    const ServiceToken = cloud.providerServiceToken();
    await cloud.deploy('InUse', cloud.providerTemplate({
      Volume: cloud.custom({ ServiceToken, Gateway: { Ref: 'Gateway' } }),
      Gateway: cloud.custom({ ServiceToken }),
      Independent: cloud.custom(),
    }));

    const failed = await cloud.destroy('InUse');
    expect(failed).toMatchObject({ StackStatus: 'DELETE_FAILED', StackStatusReason: 'The following resource(s) failed to delete: [Volume]. ' });
    expect(await cloud.reason('InUse', 'Volume')).toContain('host-1 is connected');
    const left = Object.keys(await cloud.resources('InUse'));
    expect(left).toEqual(expect.arrayContaining(['Volume', 'Gateway', expect.stringMatching(/^FrameworkframeworkonEvent[0-9A-F]+$/)]));
    expect(left).not.toContain('Independent');

    initiators = [];
    expect((await cloud.destroy('InUse')).StackStatus).toBe('DELETE_COMPLETE');
    expect(cloud.journal('InUse').slice(-2)).toEqual(['Delete Volume Volume-id', 'Delete Gateway Gateway-id']);
  });
});

describe('retention', () => {
  test('a retained resource gets no Delete', async () => {
    cloud.script();
    const template = {
      Resources: {
        Retained: cloud.custom({}, { DeletionPolicy: 'Retain' }),
        Lasting: cloud.custom({}, { DeletionPolicy: 'RetainExceptOnCreate' }),
        Deleted: cloud.custom({}, { DeletionPolicy: 'Delete' }),
      },
    };
    await cloud.deploy('Retention', template);
    const { StackId: id = '', StackStatus: status } = await cloud.destroy('Retention');
    expect(status).toBe('DELETE_COMPLETE');
    expect(await cloud.events(id)).toEqual(expect.arrayContaining(['Retained DELETE_SKIPPED', 'Lasting DELETE_SKIPPED', 'Deleted DELETE_COMPLETE']));
    expect(cloud.journal('Retention').filter((entry) => entry.startsWith('Delete'))).toEqual(['Delete Deleted Deleted-id']);
  });

  test('the rollback of a creation deletes RetainExceptOnCreate and keeps Retain', async () => {
    cloud.script((event) => {
      if (event.LogicalResourceId === 'Failing' && event.RequestType === 'Create') throw new Error('no');
      return undefined;
    });
    const { StackStatus: status } = await cloud.finish('RetainedOnRollback', {
      Resources: {
        Retained: cloud.custom({}, { DeletionPolicy: 'Retain' }),
        Lasting: cloud.custom({}, { DeletionPolicy: 'RetainExceptOnCreate' }),
        Failing: cloud.custom({}, { DependsOn: ['Retained', 'Lasting'] }),
      },
    });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.events('RetainedOnRollback')).toEqual(expect.arrayContaining(['Retained DELETE_SKIPPED', 'Lasting DELETE_COMPLETE']));
    expect(cloud.journal('RetainedOnRollback')).not.toContain('Delete Retained Retained-id');
  });
});
