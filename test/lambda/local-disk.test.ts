import { CACHE, deployGateway, GIB, UPLOAD_BUFFER } from './declared';
import { startStage, type Stage } from './stage';
import { clock } from '../../lambda/clock';
import { onEvent } from '../../lambda/index';

let stage: Stage;

beforeAll(async () => (stage = await startStage()));
afterAll(() => stage.close());
afterEach(() => stage.services.control.clearFaults());

async function gateway(disks?: { node: string; sizeInBytes: number }[]) {
  const stack = stage.stack();
  const deployed = await deployGateway(stage, stack, 'Gateway', disks);
  const of = (allocation: string) => {
    const { disks: all } = stage.services.control.appliance(deployed.appliance.id);
    return all.filter((disk) => disk.allocation === allocation).map(({ node }) => node);
  };
  return { stack, ...deployed, of, with: (...Disks: object[]) => ({ GatewayARN: deployed.id, Disks }) };
}

test.each([
  ['its node', { DiskNode: '/dev/sdd' }],
  ['its path', { DiskPath: '/dev/xvdd' }],
  ['its size', { DiskSizeInBytes: String(180 * GIB) }],
])('a disk is chosen by %s', async (_what, selector) => {
  const { id, stack, of, with: disks } = await gateway();
  const cache = await stack.create(CACHE, 'Cache', disks(selector));
  expect(cache).toEqual({ id: `${id}/cache`, data: { DiskPaths: '/dev/xvdd', AllocatedInBytes: String(180 * GIB) } });
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdd']);
});

test('all unallocated disks are what others left', async () => {
  const { id, stack, of, with: disks } = await gateway();
  await stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdc' }));
  const buffer = await stack.create(UPLOAD_BUFFER, 'UploadBuffer', disks({ AllUnallocated: 'true' }));
  expect(buffer).toMatchObject({ id: `${id}/upload-buffer`, data: { DiskPaths: '/dev/xvdd,/dev/xvde,/dev/xvdf,/dev/xvdg' } });
  expect(of('UPLOAD BUFFER')).toEqual(['/dev/sdd', '/dev/sde', '/dev/sdf', '/dev/sdg']);
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdb', '/dev/sdc']);
});

test('two disks of one size serve two equal selectors', async () => {
  const { stack, of, with: disks } = await gateway([{ node: '/dev/sdb', sizeInBytes: 200 * GIB }, { node: '/dev/sdc', sizeInBytes: 200 * GIB }]);
  const selector = { DiskSizeInBytes: String(200 * GIB) };
  await stack.create(CACHE, 'Cache', disks(selector, selector));
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdb', '/dev/sdc']);
});

test('two disks of one size are ambiguous for one selector, and are named', async () => {
  const { stack, with: disks } = await gateway([{ node: '/dev/sdb', sizeInBytes: 200 * GIB }, { node: '/dev/sdc', sizeInBytes: 200 * GIB }]);
  await expect(stack.create(CACHE, 'Cache', disks({ DiskSizeInBytes: String(200 * GIB) })))
    .rejects.toThrow(/DiskSizeInBytes "214748364800" is ambiguous: \/dev\/sdb \(.*\); \/dev\/sdc \(.*\); choose by node or path/);
});

test('a size means the disk that is free, not one of another role', async () => {
  const { stack, of, with: disks } = await gateway([{ node: '/dev/sdb', sizeInBytes: 200 * GIB }, { node: '/dev/sdc', sizeInBytes: 200 * GIB }]);
  await stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }));
  await stack.create(UPLOAD_BUFFER, 'UploadBuffer', disks({ DiskSizeInBytes: String(200 * GIB) }));
  expect(of('UPLOAD BUFFER')).toEqual(['/dev/sdc']);
});

test('a disk that appears late is waited for', async () => {
  const { stack, appliance, of, with: disks } = await gateway();
  jest.spyOn(clock, 'sleep').mockImplementationOnce(async () => {
    stage.services.control.changeAppliance(appliance.id, { attachDisk: { node: '/dev/sdx', sizeInBytes: 300 * GIB } });
  });
  await stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdx' }));
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdx']);
});

test('a disk that never appears is named, with those that are there', async () => {
  const { stack, with: disks } = await gateway([{ node: '/dev/sdb', sizeInBytes: 200 * GIB }]);
  await expect(stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdx' })))
    .rejects.toThrow(/has no disk for DiskNode "\/dev\/sdx"; it has \/dev\/sdb \(\/dev\/xvdb, 214748364800 bytes, AVAILABLE, present\)/);
});

test('a disk that is missing at the appliance is named with its status', async () => {
  const { stack, appliance, with: disks } = await gateway();
  stage.services.control.changeAppliance(appliance.id, { failDisk: '/dev/sdb' });
  await expect(stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }))).rejects.toThrow('DiskNode "/dev/sdb" is a disk with status "missing"');
});

test('a disk that has the role already is what was wanted', async () => {
  const { stack, of, with: disks } = await gateway();
  const event = stack.event('Create', CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }));
  await onEvent(event);
  await expect(onEvent(event)).resolves.toMatchObject({ PhysicalResourceId: expect.stringMatching(/\/cache$/) });
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdb']);
});

test('a disk that has another role is refused', async () => {
  const { stack, with: disks } = await gateway();
  await stack.create(UPLOAD_BUFFER, 'UploadBuffer', disks({ DiskNode: '/dev/sdb' }));
  await expect(stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' })))
    .rejects.toThrow('DiskNode "/dev/sdb" is allocated as UPLOAD BUFFER already, and cannot become CACHE STORAGE: the service cannot take a disk back');
});

test.each(['before', 'after'] as const)('an allocation whose answer is lost %s it took effect is made once', async (when) => {
  const { stack, of, with: disks } = await gateway();
  stage.services.control.injectFault({ service: 'storagegateway', operation: 'AddCache', when });
  await stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }));
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdb']);
});

describe('an update', () => {
  test('allocates further disks in place', async () => {
    const { stack, of, with: disks } = await gateway();
    const [one, two] = [{ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdc' }];
    const { id } = await stack.create(CACHE, 'Cache', disks(one));
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(CACHE, 'Cache', id, disks(one), disks(one, two))).resolves.toMatchObject({ id, data: { DiskPaths: '/dev/xvdb,/dev/xvdc' } });
    expect(of('CACHE STORAGE')).toEqual(['/dev/sdb', '/dev/sdc']);
  });

  test('names the same disk otherwise', async () => {
    const { stack, of, with: disks } = await gateway();
    const { id } = await stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }));
    await stack.begin('UPDATE_IN_PROGRESS').update(CACHE, 'Cache', id, disks({ DiskNode: '/dev/sdb' }), disks({ DiskPath: '/dev/xvdb' }));
    expect(of('CACHE STORAGE')).toEqual(['/dev/sdb']);
  });

  test('that takes a disk away is refused', async () => {
    const { stack, id, with: disks } = await gateway();
    const [one, two] = [{ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdc' }];
    await stack.create(CACHE, 'Cache', disks(one, two));
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(CACHE, 'Cache', `${id}/cache`, disks(one, two), disks(one)))
      .rejects.toThrow(`/dev/xvdc cannot be taken from CACHE STORAGE of gateway ${id}: the service has no such operation, so leave the disk in the list`);
  });

  test('that is rolled back leaves the disk allocated, and says so', async () => {
    const { stack, of, with: disks } = await gateway();
    const [one, two] = [{ DiskNode: '/dev/sdb' }, { DiskNode: '/dev/sdc' }];
    const { id } = await stack.create(CACHE, 'Cache', disks(one));
    await stack.begin('UPDATE_IN_PROGRESS').update(CACHE, 'Cache', id, disks(one), disks(one, two));
    await expect(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(CACHE, 'Cache', id, disks(one, two), disks(one))).resolves.toMatchObject({ id });
    expect(of('CACHE STORAGE')).toEqual(['/dev/sdb', '/dev/sdc']);
    expect(stage.log.join('\n')).toContain('/dev/xvdc cannot be taken from CACHE STORAGE');
  });

  test('leaves alone what somebody else allocated', async () => {
    const { stack, with: disks } = await gateway();
    await stack.create(CACHE, 'Other', disks({ DiskNode: '/dev/sdc' }));
    const { id } = await stack.create(CACHE, 'Cache', disks({ DiskNode: '/dev/sdb' }));
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(CACHE, 'Cache', id, disks({ DiskNode: '/dev/sdb' }), disks({ DiskPath: '/dev/xvdb' }))).resolves.toMatchObject({ id });
  });

  test('to another gateway allocates there, under another id', async () => {
    const { stack, with: disks } = await gateway();
    const other = await gateway();
    const selector = { DiskNode: '/dev/sdb' };
    const { id } = await stack.create(CACHE, 'Cache', disks(selector));
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(CACHE, 'Cache', id, disks(selector), other.with(selector))).resolves.toMatchObject({ id: `${other.id}/cache` });
    expect(other.of('CACHE STORAGE')).toEqual(['/dev/sdb']);
  });
});

test('a deletion leaves the disks as they are', async () => {
  const { stack, of, with: disks } = await gateway();
  const properties = disks({ DiskNode: '/dev/sdb' });
  const { id } = await stack.create(CACHE, 'Cache', properties);
  await stack.begin('DELETE_IN_PROGRESS').delete(CACHE, 'Cache', id, properties);
  expect(of('CACHE STORAGE')).toEqual(['/dev/sdb']);
});
