import { Direct, refusal } from './direct';
import { startLocalServices, type LocalServices } from '../../../../local/services';
import { callQuery } from '../plain-http';

let services: LocalServices;
let direct: Direct;

beforeEach(async () => {
  services = await startLocalServices({ clock: 'frozen', ebs: { snapshotQuotas: {}, accountQuotas: {} } });
  direct = new Direct(services);
});
afterEach(() => services.close());

test('answers with a pending snapshot of blocks of 512 KiB', async () => {
  const { status, body } = await direct.start({ VolumeSize: 3, Description: 'an image', Tags: [{ Key: 'Name', Value: 'image' }] });
  expect(status).toBe(201);
  expect(body).toEqual({
    SnapshotId: expect.stringMatching(/^snap-[0-9a-f]{17}$/),
    OwnerId: '000000000000',
    Status: 'pending',
    StartTime: services.clock.now().getTime() / 1000,
    VolumeSize: 3,
    BlockSize: 524_288,
    Description: 'an image',
    Tags: [{ Key: 'Name', Value: 'image' }],
  });
});

const KEY = 'arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012';
const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `key${index}`, Value: '' }));

test.each<[string, object, object, string]>([
  ['a volume of 1 to 65,536 GiB', { VolumeSize: 65_536 }, { VolumeSize: 65_537 }, 'INVALID_VOLUME_SIZE'],
  ['a volume at all', { VolumeSize: 1 }, { VolumeSize: 0 }, 'INVALID_VOLUME_SIZE'],
  ['a description of 255 characters', { Description: 'd'.repeat(255) }, { Description: 'd'.repeat(256) }, 'INVALID_PARAMETER_VALUE'],
  ['a token of 255 characters', { ClientToken: 't'.repeat(255) }, { ClientToken: 't'.repeat(256) }, 'INVALID_PARAMETER_VALUE'],
  ['a token without spaces', { ClientToken: 'a-token' }, { ClientToken: 'a token' }, 'INVALID_PARAMETER_VALUE'],
  ['a timeout of ten minutes and more', { Timeout: 10 }, { Timeout: 9 }, 'INVALID_PARAMETER_VALUE'],
  ['a timeout of 72 hours and less', { Timeout: 4320 }, { Timeout: 4321 }, 'INVALID_PARAMETER_VALUE'],
  ['fifty tags', { Tags: tags(50) }, { Tags: tags(51) }, 'INVALID_TAG'],
  ['tag keys of 127 characters', { Tags: [{ Key: 'k'.repeat(127), Value: '' }] }, { Tags: [{ Key: 'k'.repeat(128), Value: '' }] }, 'INVALID_TAG'],
  ['tag values of 255 characters', { Tags: [{ Key: 'k', Value: 'v'.repeat(255) }] }, { Tags: [{ Key: 'k', Value: 'v'.repeat(256) }] }, 'INVALID_TAG'],
  ['tag keys once each', { Tags: tags(2) }, { Tags: [...tags(1), ...tags(1)] }, 'INVALID_TAG'],
  ['tag keys that are the user\'s', { Tags: [{ Key: 'a:b', Value: '' }] }, { Tags: [{ Key: 'aws:b', Value: '' }] }, 'INVALID_TAG'],
  ['the ARN of a key', { Encrypted: true, KmsKeyArn: KEY }, { Encrypted: true, KmsKeyArn: 'alias/ebs' }, 'INVALID_CUSTOMER_KEY'],
  ['a key for what is to be encrypted', { Encrypted: true, KmsKeyArn: KEY }, { KmsKeyArn: KEY }, 'INVALID_CUSTOMER_KEY'],
])('takes %s', async (_, accepted, refused, reason) => {
  expect((await direct.start(accepted)).status).toBe(201);
  expect(refusal(await direct.start(refused))).toEqual([400, 'ValidationException', reason]);
});

test('wants to know the size of the volume', async () => {
  expect(refusal(await direct.start({ VolumeSize: undefined }))).toEqual([400, 'ValidationException', 'INVALID_VOLUME_SIZE']);
});

test('encrypts with the account\'s own key where none is named', async () => {
  expect((await direct.start({ Encrypted: true })).body.KmsKeyArn).toMatch(/^arn:aws:kms:eu-west-1:000000000000:key\//);
});

describe('in an account that encrypts by default', () => {
  const ec2 = (Action: string, parameters: Record<string, string> = {}) => callQuery(services.endpoint, 'ec2', { Action, Version: '2016-11-15', ...parameters });

  test('a snapshot is encrypted without being asked to be, with the account\'s key', async () => {
    await ec2('EnableEbsEncryptionByDefault');
    const managed = await direct.start();
    expect(managed.body.KmsKeyArn).toMatch(/^arn:aws:kms:eu-west-1:000000000000:key\//);
    expect((await ec2('DescribeSnapshots', { 'SnapshotId.1': managed.body.SnapshotId })).body).toContain('<encrypted>true</encrypted>');
    await ec2('ModifyEbsDefaultKmsKeyId', { KmsKeyId: KEY });
    expect((await direct.start()).body.KmsKeyArn).toBe(KEY);
    expect((await direct.start({ Encrypted: true })).body.KmsKeyArn).toBe(KEY);
  });

  test('a snapshot cannot be left unencrypted', async () => {
    expect((await direct.start({ Encrypted: false })).status).toBe(201);
    await ec2('EnableEbsEncryptionByDefault');
    expect(refusal(await direct.start({ Encrypted: false }))).toEqual([400, 'ValidationException', 'INVALID_PARAMETER_VALUE']);
  });

  test('a parent must be encrypted', async () => {
    const plain = await direct.completed([0]);
    const encrypted = await direct.completed([0], { Encrypted: true });
    await ec2('EnableEbsEncryptionByDefault');
    expect(refusal(await direct.start({ ParentSnapshotId: plain }))).toEqual([400, 'ValidationException', 'INVALID_DEPENDENCY_REQUEST']);
    expect((await direct.start({ ParentSnapshotId: encrypted })).status).toBe(201);
  });
});

describe('a client token', () => {
  test('leads to the same snapshot', async () => {
    const snapshotId = await direct.started({ ClientToken: 'token' });
    expect(await direct.started({ ClientToken: 'token' })).toBe(snapshotId);
    expect(await direct.started({ ClientToken: 'another' })).not.toBe(snapshotId);
  });

  test('leads to it in whatever state it is', async () => {
    const snapshotId = await direct.completed([0], { ClientToken: 'token' });
    expect((await direct.start({ ClientToken: 'token' })).body).toMatchObject({ SnapshotId: snapshotId, Status: 'completed' });
    await direct.start({ ClientToken: 'slow', Timeout: 10 });
    services.clock.advance(601);
    expect((await direct.start({ ClientToken: 'slow', Timeout: 10 })).body.Status).toBe('error');
  });

  test('is refused with other parameters', async () => {
    await direct.start({ ClientToken: 'token', Description: 'one' });
    expect(refusal(await direct.start({ ClientToken: 'token', Description: 'another' }))).toEqual([409, 'ConflictException', undefined]);
  });
});

describe('a parent', () => {
  test('hands its key on', async () => {
    const parent = await direct.completed([0], { Encrypted: true, KmsKeyArn: KEY });
    expect((await direct.start({ ParentSnapshotId: parent })).body).toMatchObject({ ParentSnapshotId: parent, KmsKeyArn: KEY });
  });

  test('excludes an encryption of its own', async () => {
    const parent = await direct.completed([0]);
    expect(refusal(await direct.start({ ParentSnapshotId: parent, Encrypted: true }))).toEqual([400, 'ValidationException', 'INVALID_PARAMETER_VALUE']);
    expect((await direct.start({ ParentSnapshotId: parent })).status).toBe(201);
  });

  test('must be completed', async () => {
    const parent = await direct.started();
    expect(refusal(await direct.start({ ParentSnapshotId: parent }))).toEqual([400, 'ValidationException', 'INVALID_DEPENDENCY_REQUEST']);
  });

  test('must be there', async () => {
    const answer = await direct.start({ ParentSnapshotId: 'snap-0123456789abcdef0' });
    expect(refusal(answer)).toEqual([404, 'ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND']);
  });

  test('must not be larger', async () => {
    const parent = await direct.completed([0], { VolumeSize: 2 });
    expect(refusal(await direct.start({ ParentSnapshotId: parent, VolumeSize: 1 }))).toEqual([400, 'ValidationException', 'INVALID_VOLUME_SIZE']);
  });
});

test('an account has at most 100 pending snapshots', async () => {
  const snapshots = await Promise.all(Array.from({ length: 100 }, () => direct.started()));
  const refused = [402, 'ServiceQuotaExceededException', 'DEPENDENCY_SERVICE_QUOTA_EXCEEDED'];
  expect(refusal(await direct.start())).toEqual(refused);
  await direct.complete(snapshots[0], 0);
  expect((await direct.start()).status).toBe(201);
  expect(refusal(await direct.start())).toEqual(refused);
});
