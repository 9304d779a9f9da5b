import {
  CreateTagsCommand, DeleteSnapshotCommand, DeleteTagsCommand, DescribeSnapshotsCommand, GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  type DescribeSnapshotsCommandInput, type Filter,
} from '@aws-sdk/client-ec2';
import { CreateSnapshotCommand } from '@aws-sdk/client-storage-gateway';
import { Bench } from './bench';
import { authorization, callQuery } from './plain-http';

let bench: Bench;
let volumeArn: string;

beforeEach(async () => {
  bench = await Bench.start();
  const gateway = await bench.cachedGateway();
  ({ arn: volumeArn } = await bench.cachedVolume(gateway, { sizeInGiB: 7 }));
  bench.services.clock.advance(2);
});
afterEach(() => bench.stop());

async function snapshot(description: string, tags: Record<string, string> = {}) {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { SnapshotId = '' } = await bench.gateways.send(new CreateSnapshotCommand({ VolumeARN: volumeArn, SnapshotDescription: description, Tags }));
  return SnapshotId;
}

async function ids(input: DescribeSnapshotsCommandInput) {
  const { Snapshots = [] } = await bench.ec2.send(new DescribeSnapshotsCommand(input));
  return Snapshots.map(({ SnapshotId }) => SnapshotId);
}

const filtered = (...Filters: Filter[]) => ids({ Filters });
const refused = (name: string) => expect.objectContaining({ name });

test('a snapshot of a volume is shown with the volume in lower case', async () => {
  const id = await snapshot('first', { app: 'db' });
  const { Snapshots } = await bench.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));

  expect(id).toMatch(/^snap-[0-9a-f]{17}$/);
  expect(Snapshots).toMatchObject([{
    SnapshotId: id,
    OwnerId: '000000000000',
    Description: 'first',
    VolumeId: volumeArn.split('/').at(-1)?.toLowerCase(),
    VolumeSize: 7,
    State: 'pending',
    Progress: '0%',
    Encrypted: false,
    StorageTier: 'standard',
    StartTime: bench.services.clock.now(),
    Tags: [{ Key: 'app', Value: 'db' }],
  }]);
});

test('whatever characters a description and a tag have, the answer can be read', async () => {
  const marks = ' <&>"\'\t]]> é😀 ';
  const id = await snapshot(`${marks}\u0001`, { marks });
  const { Snapshots } = await bench.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));

  // XML has no way to write a control character.
  expect(Snapshots).toMatchObject([{ Description: `${marks}\ufffd`, Tags: [{ Key: 'marks', Value: marks }] }]);
});

test('filters choose by everything that a snapshot has; values are alternatives, filters are added up', async () => {
  const first = await snapshot('first', { app: 'db', stage: 'test' });
  bench.services.clock.advance(2);
  const second = await snapshot('sec*nd', { app: 'web' });
  const volumeId = volumeArn.split('/').at(-1)?.toLowerCase() ?? '';

  expect(await filtered({ Name: 'status', Values: ['completed'] })).toEqual([first]);
  expect(await filtered({ Name: 'status', Values: ['pending', 'completed'] })).toEqual([first, second]);
  expect(await filtered({ Name: 'description', Values: ['first'] })).toEqual([first]);
  expect(await filtered({ Name: 'description', Values: ['f?r*'] })).toEqual([first]);
  expect(await filtered({ Name: 'description', Values: ['sec\\*nd'] })).toEqual([second]);
  expect(await filtered({ Name: 'description', Values: ['f.*'] })).toEqual([]);
  expect(await filtered({ Name: 'owner-alias', Values: ['amazon'] })).toEqual([]);
  expect(await filtered({ Name: 'tag:app', Values: ['db', 'web'] })).toEqual([first, second]);
  expect(await filtered({ Name: 'tag:app', Values: ['db'] }, { Name: 'tag:stage', Values: ['test'] })).toEqual([first]);
  expect(await filtered({ Name: 'tag-key', Values: ['stage'] })).toEqual([first]);
  expect(await filtered({ Name: 'volume-id', Values: [volumeId] })).toEqual([first, second]);
  expect(await filtered({ Name: 'volume-size', Values: ['7'] })).toEqual([first, second]);
  expect(await filtered({ Name: 'snapshot-id', Values: [second] })).toEqual([second]);
  expect(await filtered({ Name: 'owner-id', Values: ['000000000000'] })).toEqual([first, second]);
  expect(await ids({ OwnerIds: ['self'] })).toEqual([first, second]);
  expect(await ids({ OwnerIds: ['111111111111'] })).toEqual([]);
  await expect(filtered({ Name: 'colour', Values: ['blue'] })).rejects.toEqual(refused('InvalidParameterValue'));
});

test('snapshots are listed page by page', async () => {
  const all = [];
  for (let number = 0; number < 7; number += 1) {
    all.push(await snapshot(`number ${number}`));
  }
  const first = await bench.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 5 }));
  const second = await bench.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 5, NextToken: first.NextToken }));

  expect([...first.Snapshots ?? [], ...second.Snapshots ?? []].map(({ SnapshotId }) => SnapshotId)).toEqual(all);
  expect(second.NextToken).toBeUndefined();
  await expect(ids({ MaxResults: 4 })).rejects.toEqual(refused('InvalidParameterValue'));
  await expect(ids({ MaxResults: 5, NextToken: 'made-up' })).rejects.toEqual(refused('InvalidParameterValue'));
  await expect(ids({ MaxResults: 5, SnapshotIds: all })).rejects.toEqual(refused('InvalidParameterCombination'));
});

test('a snapshot that is not there, or is not one, is refused by name', async () => {
  await expect(ids({ SnapshotIds: ['snap-0123456789abcdef0'] })).rejects.toEqual(refused('InvalidSnapshot.NotFound'));
  await expect(ids({ SnapshotIds: ['SNAP-1'] })).rejects.toEqual(refused('InvalidSnapshotID.Malformed'));
  await expect(bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId: 'snap-0123456789abcdef0' }))).rejects.toEqual(refused('InvalidSnapshot.NotFound'));
  const { status, body } = await callQuery(bench.services.endpoint, 'ec2', { Action: 'DeleteSnapshot', Version: '2016-11-15' });
  expect(status).toBe(400);
  expect(body).toContain('<Code>MissingParameter</Code>');
});

test('tags are made and taken away', async () => {
  const id = await snapshot('tagged', { a: '1' });
  const tags = async () => (await bench.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }))).Snapshots?.[0].Tags ?? [];

  await bench.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'a', Value: '2' }, { Key: 'b', Value: '' }, { Key: 'c', Value: '<&>' }] }));
  expect(await tags()).toEqual([{ Key: 'a', Value: '2' }, { Key: 'b', Value: '' }, { Key: 'c', Value: '<&>' }]);
  await bench.ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'a', Value: 'other' }, { Key: 'c' }] }));
  expect(await tags()).toEqual([{ Key: 'a', Value: '2' }, { Key: 'b', Value: '' }]);
  await bench.ec2.send(new DeleteTagsCommand({ Resources: [id] }));
  expect(await tags()).toEqual([]);

  const add = (Tags: { Key: string; Value: string }[]) => bench.ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
  await expect(add([{ Key: 'aws:x', Value: '' }])).rejects.toEqual(refused('InvalidParameterValue'));
  await expect(add(Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: '' })))).rejects.toEqual(refused('TagLimitExceeded'));
});

test('a dry run says that it would have succeeded, and changes nothing', async () => {
  const id = await snapshot('kept');

  await expect(bench.ec2.send(new DeleteSnapshotCommand({ SnapshotId: id, DryRun: true }))).rejects.toEqual(refused('DryRunOperation'));
  expect(await ids({})).toEqual([id]);
});

const ebsSetting = (Action: string, parameters: Record<string, string> = {}) => callQuery(bench.services.endpoint, 'ec2', { Action, Version: '2016-11-15', ...parameters });

test('nothing is encrypted that is not asked to be', async () => {
  expect((await bench.ec2.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault).toBe(false);
  expect((await bench.ec2.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId).toBe('alias/aws/ebs');
});

test('encryption by default is switched on and off, for a Region each', async () => {
  expect((await ebsSetting('EnableEbsEncryptionByDefault')).body).toContain('<ebsEncryptionByDefault>true</ebsEncryptionByDefault>');
  expect((await ebsSetting('GetEbsEncryptionByDefault')).body).toContain('<ebsEncryptionByDefault>true</ebsEncryptionByDefault>');
  const elsewhere = await callQuery(bench.services.endpoint, 'ec2', { Action: 'GetEbsEncryptionByDefault', Version: '2016-11-15' }, authorization('ec2', 'us-west-2'));
  expect(elsewhere.body).toContain('<ebsEncryptionByDefault>false</ebsEncryptionByDefault>');

  expect((await ebsSetting('DisableEbsEncryptionByDefault', { DryRun: 'true' })).body).toContain('<Code>DryRunOperation</Code>');
  expect((await ebsSetting('GetEbsEncryptionByDefault')).body).toContain('<ebsEncryptionByDefault>true</ebsEncryptionByDefault>');
  expect((await ebsSetting('DisableEbsEncryptionByDefault')).body).toContain('<ebsEncryptionByDefault>false</ebsEncryptionByDefault>');
});

test('the default key is set by id, alias or ARN, shown as an ARN, and reset', async () => {
  const id = '12345678-1234-1234-1234-123456789012';
  const arn = `arn:aws:kms:eu-west-1:000000000000:key/${id}`;
  expect((await ebsSetting('ModifyEbsDefaultKmsKeyId', { KmsKeyId: id })).body).toContain(`<kmsKeyId>${arn}</kmsKeyId>`);
  expect((await ebsSetting('ModifyEbsDefaultKmsKeyId', { KmsKeyId: arn })).body).toContain(`<kmsKeyId>${arn}</kmsKeyId>`);
  await ebsSetting('ModifyEbsDefaultKmsKeyId', { KmsKeyId: 'alias/mine' });
  expect((await ebsSetting('GetEbsDefaultKmsKeyId')).body).toContain('<kmsKeyId>arn:aws:kms:eu-west-1:000000000000:alias/mine</kmsKeyId>');
  expect(await ebsSetting('ModifyEbsDefaultKmsKeyId', { KmsKeyId: 'mine' })).toMatchObject({ status: 400, body: expect.stringContaining('<Code>InvalidParameterValue</Code>') });
  expect((await ebsSetting('ModifyEbsDefaultKmsKeyId')).body).toContain('<Code>MissingParameter</Code>');
  expect((await ebsSetting('ResetEbsDefaultKmsKeyId')).body).toContain('<kmsKeyId>alias/aws/ebs</kmsKeyId>');
});
