import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateSnapshotCommand, DescribeCachediSCSIVolumesCommand, ListTagsForResourceCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { CACHE, deployGateway, deployGatewayWithDisks, GIB, VOLUME, volumeProperties, type DeployedGateway } from './declared';
import { startStage, type Stage, type StackActor } from './stage';
import { clock } from '../../lambda/clock';
import { isComplete, onEvent } from '../../lambda/index';

let stage: Stage;
let stack: StackActor;
let gateway: DeployedGateway;
let client: StorageGatewayClient;
let ec2: EC2Client;

beforeAll(async () => {
  stage = await startStage();
  client = new StorageGatewayClient({});
  ec2 = new EC2Client({});
});
afterAll(() => stage.close());
beforeEach(async () => {
  stack = stage.stack();
  gateway = await deployGatewayWithDisks(stage, stack);
});
afterEach(() => {
  stage.services.control.clearFaults();
  stage.platform.faults.length = 0;
});

const volumes = () => stage.services.control.state().volumes.filter(({ arn }) => arn.startsWith(gateway.id)).map(({ arn }) => arn);
const describeVolume = async (id: string) => (await client.send(new DescribeCachediSCSIVolumesCommand({ VolumeARNs: [id] }))).CachediSCSIVolumes?.[0];
const tagsOf = async (id: string) => {
  const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: id }));
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
};
const snapshots = async () => (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];

test('a volume is made, and is ready with its target', async () => {
  const { id, data } = await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id));
  expect(data).toEqual({
    VolumeARN: id,
    VolumeId: id.split('/volume/')[1],
    TargetARN: `${gateway.id}/target/iqn.1997-05.com.amazon:documents`,
    NetworkInterfaceId: gateway.data.NetworkInterfaceAddress,
    NetworkInterfacePort: '3260',
    LunNumber: expect.stringMatching(/^\d+$/),
  });
  expect(await describeVolume(id)).toMatchObject({ VolumeStatus: 'AVAILABLE', VolumeSizeInBytes: 10 * GIB });
  expect(await tagsOf(id)).toMatchObject({ 'team': 'storage', 'cdk-storage-gateway:owner': `${stack.name}/Volume` });
});

test('a volume is encrypted with the given key', async () => {
  const KMSKey = 'arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const { id } = await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id, { KMSKey }));
  expect((await describeVolume(id))?.KMSKey).toBe(KMSKey);
});

test('a volume is made from a snapshot', async () => {
  const first = await stack.create(VOLUME, 'First', volumeProperties(gateway.id));
  const { SnapshotId } = await client.send(new CreateSnapshotCommand({ VolumeARN: first.id, SnapshotDescription: 'content' }));
  const { id } = await stack.create(VOLUME, 'Second', volumeProperties(gateway.id, { TargetName: 'copy', SnapshotId }));
  expect((await describeVolume(id))?.SourceSnapshotId).toBe(SnapshotId);
});

test('a gateway without an upload buffer has its volumes all the same', async () => {
  const bare = await deployGateway(stage, stack, 'Bare');
  await stack.create(CACHE, 'BareCache', { GatewayARN: bare.id, Disks: [{ DiskNode: '/dev/sdb' }] });
  const { id } = await stack.create(VOLUME, 'Volume', volumeProperties(bare.id));
  expect((await describeVolume(id))?.VolumeStatus).toBe('UPLOAD BUFFER NOT CONFIGURED');
});

test('a gateway without a cache is waited for, then explained', async () => {
  const bare = await deployGateway(stage, stack, 'Bare');
  const before = stage.services.clock.time();
  await expect(stack.create(VOLUME, 'Volume', volumeProperties(bare.id))).rejects.toThrow(`gateway ${bare.id} has no cache, without which it takes no volume`);
  expect(stage.services.clock.time() - before).toBeGreaterThanOrEqual(180_000);
});

test('the same Create again finds the volume that it made', async () => {
  const event = stack.event('Create', VOLUME, 'Volume', volumeProperties(gateway.id));
  const { PhysicalResourceId } = await onEvent(event);
  await expect(onEvent(event)).resolves.toMatchObject({ PhysicalResourceId });
  expect(volumes()).toEqual([PhysicalResourceId]);
});

test('a Create that was answered with "the name is taken" finds what it made itself', async () => {
  stage.services.control.injectFault({
    service: 'storagegateway',
    operation: 'CreateCachediSCSIVolume',
    when: 'after',
    error: { status: 400, type: 'InvalidGatewayRequestException', errorCode: 'TargetAlreadyExists', message: 'The specified target already exists.' },
  });
  const { id } = await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id));
  expect(volumes()).toEqual([id]);
});

test('a target name that is taken is refused with the volume that has it', async () => {
  const { id } = await stack.create(VOLUME, 'First', volumeProperties(gateway.id));
  await expect(stack.create(VOLUME, 'Second', volumeProperties(gateway.id)))
    .rejects.toThrow(`the target name "documents" is taken on gateway ${gateway.id} by ${id} (of ${stack.name}/First): choose another targetName`);
});

test('a snapshot that is not there is named in the refusal', async () => {
  await expect(stack.create(VOLUME, 'Volume', volumeProperties(gateway.id, { SnapshotId: 'snap-0123456789abcdef0' })))
    .rejects.toThrow(/^no volume "documents" can be made with VolumeSizeInBytes "\d+", SnapshotId "snap-0123456789abcdef0": CreateCachediSCSIVolume: /);
});

test('a volume that lost its cache fails at once', async () => {
  const event = stack.event('Create', VOLUME, 'Volume', volumeProperties(gateway.id));
  const { PhysicalResourceId } = await onEvent(event);
  stage.services.control.changeAppliance(gateway.appliance.id, { failDisk: 'cache' });
  await expect(isComplete({ ...event, PhysicalResourceId } as Parameters<typeof isComplete>[0])).rejects.toThrow(`volume ${PhysicalResourceId} is IRRECOVERABLE`);
});

test('a busy gateway is asked again', async () => {
  stage.services.control.injectFault({
    service: 'storagegateway',
    operation: 'CreateCachediSCSIVolume',
    when: 'before',
    times: 5,
    error: { status: 400, type: 'InvalidGatewayRequestException', errorCode: 'GatewayProxyNetworkConnectionBusy', message: 'busy' },
  });
  await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id));
  expect(volumes()).toHaveLength(1);
});

const denied = { status: 400, type: 'AccessDeniedException', message: 'User is not authorized to perform: storagegateway:CreateCachediSCSIVolume' };

test('a fresh permission is waited for on Create, for two minutes', async () => {
  stage.services.control.injectFault({ service: 'storagegateway', operation: 'CreateCachediSCSIVolume', when: 'before', times: 8, error: denied });
  await stack.create(VOLUME, 'Volume', volumeProperties(gateway.id));
  stage.services.control.injectFault({ service: 'storagegateway', operation: 'CreateCachediSCSIVolume', when: 'before', times: 1000, error: denied });
  const before = stage.services.clock.time();
  await expect(stack.create(VOLUME, 'Other', volumeProperties(gateway.id, { TargetName: 'other' }))).rejects.toThrow('CreateCachediSCSIVolume: User is not authorized to perform');
  expect(stage.services.clock.time() - before).toBeLessThanOrEqual(120_000);
});

test('a permission that is missing later is fatal at once', async () => {
  const properties = volumeProperties(gateway.id);
  const { id } = await stack.create(VOLUME, 'Volume', properties);
  stage.services.control.injectFault({ service: 'storagegateway', operation: 'DescribeCachediSCSIVolumes', when: 'before', error: denied });
  await expect(stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, { ...properties, Tags: [] })).rejects.toThrow('DescribeCachediSCSIVolumes: User is not authorized');
});

describe('an update', () => {
  test('of tags is made in place', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    await stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, { ...properties, Tags: [{ Key: 'stage', Value: 'test' }] });
    expect(await tagsOf(id)).toMatchObject({ stage: 'test' });
    expect(await tagsOf(id)).not.toHaveProperty('team');
  });

  test.each([
    ['the size', { VolumeSizeInBytes: String(20 * GIB) }, `from ${10 * GIB} to ${20 * GIB} bytes`],
    ['the key', { KMSKey: 'arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab' }, 'from none to arn:aws:kms'],
    ['the network interface', { NetworkInterfaceId: '10.0.0.9' }, 'to 10.0.0.9'],
  ])('of %s is refused with the way out, and its rollback succeeds', async (what, change, text) => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const wanted = { ...properties, ...change };
    const updating = stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, wanted);
    await expect(updating).rejects.toThrow(`${what} of volume ${id} cannot change`);
    await expect(updating).rejects.toThrow(text);
    await expect(updating).rejects.toThrow('declare a new volume with sourceVolume or a snapshot of this one');
    await expect(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(VOLUME, 'Volume', id, wanted, properties)).resolves.toMatchObject({ id });
  });

  test('of what it began with has no effect', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const wanted = { ...properties, SnapshotId: 'snap-0123456789abcdef0' };
    await expect(stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, wanted)).resolves.toMatchObject({ id });
  });

  test('of the target name is a replacement', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const wanted = volumeProperties(gateway.id, { TargetName: 'renamed' });
    const replaced = await stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, wanted);
    expect(replaced.data.TargetARN).toMatch(/renamed$/);
    expect(new Set(volumes())).toEqual(new Set([id, replaced.id]));
    await stack.turn('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties);
    expect(volumes()).toEqual([replaced.id]);
  });

  test('of the gateway is a replacement', async () => {
    const other = await deployGateway(stage, stack, 'Other');
    await stack.create(CACHE, 'OtherCache', { GatewayARN: other.id, Disks: [{ DiskNode: '/dev/sdb' }] });
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const replaced = await stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, volumeProperties(other.id));
    expect(replaced.id.startsWith(`${other.id}/volume/`)).toBe(true);
  });

  test('that replaced and is rolled back returns to the old volume', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const wanted = volumeProperties(gateway.id, { TargetName: 'renamed' });
    const replaced = await stack.begin('UPDATE_IN_PROGRESS').update(VOLUME, 'Volume', id, properties, wanted);
    await expect(stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(VOLUME, 'Volume', replaced.id, wanted, properties)).resolves.toMatchObject({ id });
    await stack.delete(VOLUME, 'Volume', replaced.id, wanted);
    expect(volumes()).toEqual([id]);
  });

  test('that was cancelled while it replaced leaves no second volume', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const wanted = volumeProperties(gateway.id, { TargetName: 'renamed' });
    stack.begin('UPDATE_IN_PROGRESS');
    await onEvent(stack.event('Update', VOLUME, 'Volume', wanted, { OldResourceProperties: properties, PhysicalResourceId: id }));
    // A sibling failed: CloudFormation never heard of the new id.
    await stack.turn('UPDATE_ROLLBACK_IN_PROGRESS').update(VOLUME, 'Volume', id, wanted, properties);
    stage.services.clock.advance(10);
    expect(volumes()).toEqual([id]);
  });
});

describe('a deletion', () => {
  test('deletes the volume, twice', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    stack.begin('DELETE_IN_PROGRESS');
    await stack.delete(VOLUME, 'Volume', id, properties);
    expect(volumes()).toEqual([]);
    await stack.delete(VOLUME, 'Volume', id, properties);
  });

  test('is content when the gateway is gone as well', async () => {
    const id = 'arn:aws:storagegateway:eu-central-1:000000000000:gateway/sgw-00000000/volume/vol-0123456789ABCDEF0';
    await expect(stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Volume', id, volumeProperties(gateway.id))).resolves.toBeUndefined();
  });

  test('is refused while initiators are connected, which are named', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    stage.services.control.connectInitiator(id, '10.0.0.7:51234');
    await expect(stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties))
      .rejects.toThrow(`volume ${id} is in use by 10.0.0.7:51234: disconnect these initiators, then delete again`);
    stage.services.control.disconnectInitiators(id);
    await stack.delete(VOLUME, 'Volume', id, properties);
    expect(volumes()).toEqual([]);
  });

  test('names both ways out while the appliance is offline, and succeeds later', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    stage.services.control.changeAppliance(gateway.appliance.id, { connected: false });
    await expect(stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties))
      .rejects.toThrow(/start the appliance and delete again, or retain the volume and delete the gateway, which takes its volumes with it/);
    stage.services.control.changeAppliance(gateway.appliance.id, { connected: true });
    await stack.delete(VOLUME, 'Volume', id, properties);
    expect(volumes()).toEqual([]);
  });

  test('takes one final snapshot, and waits for it', async () => {
    const properties = volumeProperties(gateway.id, { FinalSnapshot: 'true' });
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const event = stack.begin('DELETE_IN_PROGRESS').event('Delete', VOLUME, 'Volume', properties, { PhysicalResourceId: id });
    await onEvent(event); // this delivery's answer was lost
    await stack.deploy(event);
    expect(volumes()).toEqual([]);
    const taken = (await snapshots()).filter(({ Description }) => Description?.includes(id.split('/volume/')[1]));
    expect(taken).toEqual([expect.objectContaining({ State: 'completed' })]);
  });

  test.each(['before', 'after'] as const)('takes one final snapshot even if the answer is lost %s it took effect', async (when) => {
    const properties = volumeProperties(gateway.id, { FinalSnapshot: 'true' });
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    stage.services.control.injectFault({ service: 'storagegateway', operation: 'CreateSnapshot', when });
    await stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties);
    expect((await snapshots()).filter(({ Description }) => Description?.includes(id.split('/volume/')[1]))).toHaveLength(1);
  });

  test('takes a new final snapshot after an earlier deletion that failed: the volume was written to since', async () => {
    const properties = volumeProperties(gateway.id, { FinalSnapshot: 'true' });
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    stage.services.control.injectFault({
      service: 'storagegateway', operation: 'DeleteVolume', when: 'before', error: { status: 400, type: 'ValidationException', message: 'injected' },
    });
    await expect(stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties)).rejects.toThrow('DeleteVolume: injected');
    await stack.begin('DELETE_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties);
    expect((await snapshots()).filter(({ Description }) => Description?.includes(id.split('/volume/')[1]))).toHaveLength(2);
  });

  test('is refused if an initiator came while the final snapshot was taken', async () => {
    const properties = volumeProperties(gateway.id, { FinalSnapshot: 'true' });
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const event = stack.begin('DELETE_IN_PROGRESS').event('Delete', VOLUME, 'Volume', properties, { PhysicalResourceId: id });
    const answer = await onEvent(event);
    stage.services.control.connectInitiator(id, '10.0.0.7:51234');
    await expect(stack.wait(event, answer)).rejects.toThrow(`volume ${id} is in use by 10.0.0.7:51234`);
    expect(volumes()).toEqual([id]);
    stage.services.control.disconnectInitiators(id);
  });

  test('takes no final snapshot of what a rollback takes back', async () => {
    const properties = volumeProperties(gateway.id, { FinalSnapshot: 'true' });
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Volume', id, properties);
    expect(volumes()).toEqual([]);
    expect((await snapshots()).filter(({ Description }) => Description?.includes(id.split('/volume/')[1]))).toEqual([]);
  });
});

describe('a Create that was cancelled', () => {
  test('is deleted under the id that CloudFormation invented', async () => {
    const properties = volumeProperties(gateway.id);
    await onEvent(stack.event('Create', VOLUME, 'Volume', properties));
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Volume', 'Stack-Volume-1ABCDEF', properties);
    expect(volumes()).toEqual([]);
  });

  test('removes what it made after its Delete had looked', async () => {
    const properties = volumeProperties(gateway.id);
    // The name is taken at first, so that the handler is still at work when the stack turns.
    stage.services.control.injectFault({
      service: 'storagegateway',
      operation: 'CreateCachediSCSIVolume',
      when: 'before',
      error: { status: 400, type: 'InvalidGatewayRequestException', errorCode: 'GatewayProxyNetworkConnectionBusy', message: 'busy' },
    });
    jest.spyOn(clock, 'sleep').mockImplementationOnce(async () => {
      await stack.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Volume', 'Stack-Volume-1ABCDEF', properties);
    });
    await expect(onEvent(stack.event('Create', VOLUME, 'Volume', properties))).rejects.toThrow('cancelled: the stack is rolling back, or being deleted, already');
    stage.services.clock.advance(10);
    expect(volumes()).toEqual([]);
  });

  test('because its stack is deleted removes what it made, too', async () => {
    const event = stack.event('Create', VOLUME, 'Volume', volumeProperties(gateway.id));
    stack.turn('DELETE_IN_PROGRESS');
    await expect(onEvent(event)).rejects.toThrow('cancelled: the stack is rolling back, or being deleted, already');
    stage.services.clock.advance(10);
    expect(volumes()).toEqual([]);
  });

  test('never takes along what an earlier operation retained', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const later = stage.stack(stack.name).begin('CREATE_IN_PROGRESS');
    await expect(onEvent(later.event('Create', VOLUME, 'Volume', properties))).rejects.toThrow('is taken on gateway');
    await later.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Volume', 'Stack-Volume-1ABCDEF', properties);
    expect(volumes()).toEqual([id]);
  });
});

describe('a Create that failed', () => {
  const failed = ({ RequestId }: { RequestId: string }) => `create-${RequestId}`;

  test('after it had made a volume is deleted under the id that the entry gave it', async () => {
    const properties = volumeProperties(gateway.id);
    const event = stack.event('Create', VOLUME, 'Volume', properties);
    await onEvent(event); // this function was lost before it could answer
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Volume', failed(event), properties);
    expect(volumes()).toEqual([]);
  });

  test('never takes along a volume of another request', async () => {
    const properties = volumeProperties(gateway.id);
    const { id } = await stack.create(VOLUME, 'Volume', properties);
    const event = stack.event('Create', VOLUME, 'Volume', properties);
    await expect(onEvent(event)).rejects.toThrow('is taken on gateway');
    await stack.turn('ROLLBACK_IN_PROGRESS').delete(VOLUME, 'Volume', failed(event), properties);
    expect(volumes()).toEqual([id]);
  });

  test('because the appliance is offline, or the gateway is not there, is deleted without either', async () => {
    const offline = stack.event('Create', VOLUME, 'Volume', volumeProperties(gateway.id));
    await stack.create(VOLUME, 'Other', volumeProperties(gateway.id, { TargetName: 'other' }));
    stage.services.control.changeAppliance(gateway.appliance.id, { connected: false });
    await expect(onEvent(offline)).rejects.toThrow('not connected');
    stack.turn('ROLLBACK_IN_PROGRESS');
    await stack.delete(VOLUME, 'Volume', failed(offline), offline.ResourceProperties);
    const nowhere = volumeProperties('arn:aws:storagegateway:eu-central-1:000000000000:gateway/sgw-00000000');
    await stack.delete(VOLUME, 'Volume', failed(offline), nowhere);
    stage.services.control.changeAppliance(gateway.appliance.id, { connected: true });
  });
});
