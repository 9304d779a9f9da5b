import { CancelUpdateStackCommand, ContinueUpdateRollbackCommand, RollbackStackCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { TestCloud } from './cloud-formation';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
afterAll(async () => cloud.close());

/** The journal of a stack from some point on. */
function journalSince(name: string): () => string[] {
  const before = cloud.journal(name).length;
  return () => cloud.journal(name).slice(before);
}

describe('an update', () => {
  test('in place reaches the changed resource only, with its old properties', async () => {
    cloud.script();
    const template = (size: number) => ({ Resources: { Changed: cloud.custom({ Size: size, Colour: 'red' }), Same: cloud.custom({ Size: 1 }) } });
    await cloud.deploy('InPlace', template(1));
    const journal = journalSince('InPlace');
    await cloud.deploy('InPlace', template(2));

    expect(journal()).toEqual(['Update Changed Changed-id']);
    const { event } = cloud.calls.filter(({ verb }) => verb === 'onEvent')[2];
    expect(event.ResourceProperties).toMatchObject({ Size: '2', Colour: 'red' });
    expect(event.OldResourceProperties).toMatchObject({ Size: '1', Colour: 'red' });
  });

  test('that changes nothing is refused, and no resource hears of it', async () => {
    cloud.script();
    const template = { Resources: { Thing: cloud.custom({ Size: 1 }) } };
    await cloud.deploy('Unchanged', template);
    const journal = journalSince('Unchanged');
    await expect(cloud.deploy('Unchanged', template)).rejects.toThrow('No updates are to be performed.');
    expect(journal()).toEqual([]);
  });

  test('reaches a resource whose reference answers something new', async () => {
    cloud.script((event, verb) => verb === 'isComplete' ? { IsComplete: true, Data: { Shown: `${event.ResourceProperties.Size}`, Constant: 'x' } } : undefined);
    const template = (size: number) => ({
      Resources: {
        Source: cloud.custom({ Size: size }),
        Reader: cloud.custom({ Source: { 'Fn::GetAtt': ['Source', 'Shown'] } }),
        Indifferent: cloud.custom({ Source: { 'Fn::GetAtt': ['Source', 'Constant'] } }),
      },
    });
    await cloud.deploy('References', template(1));
    const journal = journalSince('References');
    await cloud.deploy('References', template(2));
    expect(journal()).toEqual(['Update Source Source-id', 'Update Reader Reader-id']);
  });

  test('that answers another physical id is a replacement: the old one goes when everything else has succeeded', async () => {
    cloud.script((event) => ({ PhysicalResourceId: event.RequestType === 'Delete' ? event.PhysicalResourceId : `${event.LogicalResourceId}-${event.ResourceProperties.Size}`, IsComplete: true }));
    const template = (size: number) => ({ Resources: { Replaced: cloud.custom({ Size: size }), Reader: cloud.custom({ Size: 0, Of: { Ref: 'Replaced' } }) } });
    await cloud.deploy('Replacement', template(1));
    const journal = journalSince('Replacement');
    await cloud.deploy('Replacement', template(2));

    expect(journal()).toEqual(['Update Replaced Replaced-1', 'Update Reader Reader-0', 'Delete Replaced Replaced-1']);
    const events = await cloud.events('Replacement');
    expect(events.indexOf('Replaced DELETE_IN_PROGRESS')).toBeGreaterThan(events.indexOf('Replacement UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'));
    expect(await cloud.resources('Replacement')).toEqual({ Replaced: 'Replaced-2', Reader: 'Reader-0' });
  });

  test('keeps the replaced one where UpdateReplacePolicy says Retain', async () => {
    cloud.script((event) => ({ PhysicalResourceId: `${event.LogicalResourceId}-${event.ResourceProperties.Size}`, IsComplete: true }));
    const template = (size: number) => ({ Resources: { Replaced: cloud.custom({ Size: size }, { UpdateReplacePolicy: 'Retain' }) } });
    await cloud.deploy('KeptReplacement', template(1));
    const journal = journalSince('KeptReplacement');
    await cloud.deploy('KeptReplacement', template(2));
    expect(journal()).toEqual(['Update Replaced Replaced-1']);
    expect(await cloud.events('KeptReplacement')).toContain('Replaced DELETE_SKIPPED');
  });

  test('under another logical id makes the new one first, and deletes the old one in the clean-up', async () => {
    cloud.script();
    await cloud.deploy('Renamed', { Resources: { Before: cloud.custom({ Size: 1 }) } });
    const journal = journalSince('Renamed');
    await cloud.deploy('Renamed', { Resources: { After: cloud.custom({ Size: 1 }) } });
    expect(journal()).toEqual(['Create After', 'Delete Before Before-id']);
    const events = await cloud.events('Renamed');
    expect(events.indexOf('Before DELETE_IN_PROGRESS')).toBeGreaterThan(events.indexOf('Renamed UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'));
  });

  test('that takes a resource away retains it where its policy says so', async () => {
    cloud.script();
    const kept = cloud.custom({}, { DeletionPolicy: 'RetainExceptOnCreate' });
    await cloud.deploy('TakenAway', { Resources: { Kept: kept, Other: cloud.custom() } });
    const journal = journalSince('TakenAway');
    await cloud.deploy('TakenAway', { Resources: { Other: cloud.custom() } });
    expect(journal()).toEqual([]);
    expect(await cloud.events('TakenAway')).toContain('Kept DELETE_SKIPPED');
    expect(await cloud.resources('TakenAway')).toEqual({ Other: 'Other-id' });
  });
});

describe('an update that fails', () => {
  const failing = (refused: (size: unknown) => boolean) => cloud.script((event, verb) => {
    if (event.LogicalResourceId === 'Failing' && event.RequestType === 'Update' && refused(event.ResourceProperties.Size)) throw new Error('too large');
    const size = event.LogicalResourceId === 'Replaced' ? `-${event.ResourceProperties.Size}` : '';
    return verb === 'onEvent' ? { PhysicalResourceId: event.RequestType === 'Delete' ? event.PhysicalResourceId : `${event.LogicalResourceId}${size}` } : undefined;
  });

  test('is taken back: old and new swapped for what was updated, new physical ids deleted, new resources too', async () => {
    failing((size) => size === '2');
    const template = (size: number) => ({
      Resources: {
        Updated: cloud.custom({ Size: size }),
        Replaced: cloud.custom({ Size: size }),
        Same: cloud.custom({ Size: 0 }),
        Failing: cloud.custom({ Size: size }, { DependsOn: ['Updated', 'Replaced', 'Same', ...(size === 2 ? ['New'] : [])] }),
        ...(size === 2 && { New: cloud.custom() }),
      },
    });
    await cloud.deploy('UpdateFails', template(1));
    const journal = journalSince('UpdateFails');
    const { StackStatus: status } = await cloud.finish('UpdateFails', template(2));

    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await cloud.reason('UpdateFails', 'Failing')).toContain('too large');
    expect(journal().slice(0, 3).sort()).toEqual(['Create New', 'Update Replaced Replaced-1', 'Update Updated Updated']);
    expect(journal().slice(3, 6)).toEqual(['Update Failing Failing', 'Update Updated Updated', 'Update Failing Failing']);
    expect(journal().slice(6).sort()).toEqual(['Delete New New', 'Delete Replaced Replaced-2']);
    expect(await cloud.resources('UpdateFails')).toEqual({ Updated: 'Updated', Replaced: 'Replaced-1', Same: 'Same', Failing: 'Failing' });

    const back = cloud.calls.filter(({ event, verb }) => event.LogicalResourceId === 'Updated' && verb === 'onEvent').map(({ event }) => event).at(-1);
    expect(back).toMatchObject({ ResourceProperties: { Size: '1' }, OldResourceProperties: { Size: '2' } });
    const events = await cloud.events('UpdateFails');
    expect(events.indexOf('New DELETE_IN_PROGRESS')).toBeGreaterThan(events.indexOf('UpdateFails UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'));
  });

  test('and whose way back fails too ends in UPDATE_ROLLBACK_FAILED, from where it can be continued', async () => {
    failing(() => true);
    const template = (size: number) => ({ Resources: { Failing: cloud.custom({ Size: size }) } });
    await cloud.deploy('NoWayBack', template(1));
    const { StackStatus: status } = await cloud.finish('NoWayBack', template(2));
    expect(status).toBe('UPDATE_ROLLBACK_FAILED');
    await expect(cloud.deploy('NoWayBack', template(3))).rejects.toThrow(/is in UPDATE_ROLLBACK_FAILED state and can not be updated/);

    cloud.script((_, verb) => verb === 'onEvent' ? { PhysicalResourceId: 'Failing' } : undefined);
    await cloud.cloudFormation.send(new ContinueUpdateRollbackCommand({ StackName: 'NoWayBack' }));
    expect((await cloud.settled('NoWayBack')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(cloud.calls[0].event).toMatchObject({ RequestType: 'Update', ResourceProperties: { Size: '1' } });
  });

  test('stays as it is when rollback is disabled, and can be rolled back later', async () => {
    failing((size) => size === '2');
    const template = (size: number) => ({ Resources: { Updated: cloud.custom({ Size: size }), Failing: cloud.custom({ Size: size }, { DependsOn: 'Updated' }) } });
    await cloud.deploy('RolledBackLater', template(1));
    const journal = journalSince('RolledBackLater');
    await cloud.cloudFormation.send(new UpdateStackCommand({ StackName: 'RolledBackLater', TemplateBody: JSON.stringify(template(2)), DisableRollback: true }));
    expect((await cloud.settled('RolledBackLater')).StackStatus).toBe('UPDATE_FAILED');
    expect(journal()).toEqual(['Update Updated Updated', 'Update Failing Failing']);

    await cloud.cloudFormation.send(new RollbackStackCommand({ StackName: 'RolledBackLater' }));
    expect((await cloud.settled('RolledBackLater')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(journal().slice(2)).toEqual(['Update Updated Updated', 'Update Failing Failing']);
  });

  test('because the user cancelled it is taken back', async () => {
    let begin = (): void => undefined;
    const began = new Promise<void>((resolve) => (begin = resolve));
    cloud.script((event) => {
      if (event.RequestType !== 'Update' || event.ResourceProperties.Size !== '2') return { PhysicalResourceId: event.LogicalResourceId };
      begin();
      return null;
    });
    const template = (size: number) => ({ Resources: { Slow: cloud.plain({ Size: size }) } });
    await cloud.deploy('UserCancelled', template(1));
    await cloud.begin('UserCancelled', template(2));
    await began;
    await cloud.cloudFormation.send(new CancelUpdateStackCommand({ StackName: 'UserCancelled' }));
    expect((await cloud.settled('UserCancelled')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(cloud.calls.at(-1)?.event).toMatchObject({ ResourceProperties: { Size: '1' }, OldResourceProperties: { Size: '2' } });
  });

  test('because a sibling failed is sent back from what it was sent', async () => {
    let slowBegan = (): void => undefined;
    const began = new Promise<void>((resolve) => (slowBegan = resolve));
    cloud.script(async (event) => {
      if (event.RequestType !== 'Update' || event.ResourceProperties.Size !== '2') return { PhysicalResourceId: event.LogicalResourceId };
      if (event.LogicalResourceId === 'Slow') {
        slowBegan();
        return null;
      }
      await began;
      return { Status: 'FAILED', Reason: 'no' };
    });
    const template = (size: number) => ({ Resources: { Slow: cloud.plain({ Size: size }), Failing: cloud.plain({ Size: size }) } });
    await cloud.deploy('UpdateCancelled', template(1));
    const { StackStatus: status } = await cloud.finish('UpdateCancelled', template(2));
    expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await cloud.reason('UpdateCancelled', 'Slow')).toBe('Resource update cancelled');
    const { event } = cloud.calls.filter((call) => call.event.LogicalResourceId === 'Slow').at(-1) ?? {};
    expect(event).toMatchObject({ PhysicalResourceId: 'Slow', ResourceProperties: { Size: '1' }, OldResourceProperties: { Size: '2' } });
  });
});
