import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnParameter, Duration, RemovalPolicy, Size, Stack, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { aGateway, aStack } from './declarations';
import { SeedSource, SeedVerification, SnapshotSeed, type SnapshotSeedProps, ZeroBlocks } from '../src';

const SEED = 'Custom::EBSSnapshotSeed';

let directory: string;
let image: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'images-'));
  image = join(directory, 'disk.img');
  writeFileSync(image, 'an image');
});
afterAll(() => rmSync(directory, { recursive: true }));

const aBucket = (stack: Stack, id = 'Images') => new s3.Bucket(stack, id);
const aSeed = (stack: Stack, props: Partial<SnapshotSeedProps> = {}, id = 'Seed') =>
  new SnapshotSeed(stack, id, { source: SeedSource.fromBucket(s3.Bucket.fromBucketName(stack, `${id}Images`, 'images'), 'golden.img'), ...props });

test('a seed is sent to the handler in its own words', () => {
  const stack = aStack();
  aSeed(stack, {
    source: SeedSource.fromBucket(aBucket(stack), 'golden.img', { objectVersion: 'version-1' }),
    volumeSize: Size.gibibytes(40),
    description: 'the golden image',
  });
  Template.fromStack(stack).hasResourceProperties(SEED, {
    StateMachineArn: { Ref: Match.stringLikeRegexp('^SnapshotSeedMachineStateMachine') },
    SourceBucket: { Ref: Match.stringLikeRegexp('^Images') },
    SourceKey: 'golden.img',
    SourceVersionId: 'version-1',
    VolumeSize: '40',
    Description: 'the golden image',
    KmsKeyArn: Match.absent(),
  });
});

test('a file is uploaded with the other assets', () => {
  const stack = aStack();
  aSeed(stack, { source: SeedSource.fromAsset(image) });
  Template.fromStack(stack).hasResourceProperties(SEED, {
    SourceBucket: Match.stringLikeRegexp('^cdk-hnb659fds-assets-'),
    SourceKey: Match.stringLikeRegexp('^[0-9a-f]{64}\\.img$'),
    SourceVersionId: Match.absent(),
  });
});

test('a volume is made from it by its id', () => {
  const stack = aStack();
  aGateway(stack).addVolume('Desktop', { volumeSize: Size.gibibytes(40), snapshotId: aSeed(stack).snapshotId });
  Template.fromStack(stack).hasResourceProperties('Custom::StorageGatewayCachedVolume', {
    SnapshotId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Seed'), 'SnapshotId'] },
  });
});

test('what came of it can be asked', () => {
  const stack = aStack();
  const { snapshotId, volumeSizeInGiB, blocksWritten, checksum, seconds } = aSeed(stack);
  expect(stack.resolve([snapshotId, volumeSizeInGiB, blocksWritten, checksum, seconds]).map((value: { 'Fn::GetAtt': string[] }) => value['Fn::GetAtt'][1]))
    .toEqual(['SnapshotId', 'VolumeSize', 'BlocksWritten', 'Checksum', 'Seconds']);
});

test('a snapshot from elsewhere is known by its id', () => {
  expect(SnapshotSeed.fromSnapshotId(aStack(), 'Seed', 'snap-0123456789abcdef0').snapshotId).toBe('snap-0123456789abcdef0');
  expect(() => SnapshotSeed.fromSnapshotId(aStack(), 'Seed', 'vol-1122AABB')).toThrow("'snapshotId' must be like snap-0123456789abcdef0, got \"vol-1122AABB\"");
});

describe('the data', () => {
  test.each([
    [undefined, 'RetainExceptOnCreate', 'Retain'],
    [RemovalPolicy.DESTROY, 'Delete', 'Delete'],
    [RemovalPolicy.RETAIN, 'Retain', 'Retain'],
  ])('is kept according to the removal policy %s', (removalPolicy, DeletionPolicy, UpdateReplacePolicy) => {
    const stack = aStack();
    aSeed(stack, { removalPolicy });
    Template.fromStack(stack).hasResource(SEED, { DeletionPolicy, UpdateReplacePolicy });
  });

  test('fails for a final snapshot of a snapshot', () => {
    expect(() => aSeed(aStack(), { removalPolicy: RemovalPolicy.SNAPSHOT })).toThrow("'removalPolicy' of Branch/Seed/Resource must be RETAIN");
  });
});

test('all seeds of a stack share one state machine and one worker', () => {
  const stack = aStack();
  aSeed(stack);
  aSeed(stack, {}, 'Other');
  const template = Template.fromStack(stack);
  template.resourceCountIs(SEED, 2);
  const machines = Object.keys(template.findResources('AWS::StepFunctions::StateMachine')).filter((id) => id.startsWith('SnapshotSeedMachine'));
  expect(machines).toHaveLength(1);
  template.resourcePropertiesCountIs('AWS::Lambda::Function', { Timeout: 900, MemorySize: 1769 }, 1);
});

test('what the user chooses is sent, and what is left to the handler is not', () => {
  const stack = aStack();
  const parent = aSeed(stack, {}, 'Parent');
  aSeed(stack, {
    parent,
    zeroBlocks: ZeroBlocks.OMIT,
    verify: SeedVerification.SAMPLE,
    maxPutsPerSecond: 400,
    workers: 8,
    waitForCompletion: false,
    tags: { Name: 'golden' },
  });
  const template = Template.fromStack(stack);
  template.hasResourceProperties(SEED, {
    JournalBucket: { Ref: Match.stringLikeRegexp('^SnapshotSeedMachineJournal') },
    ParentSnapshotId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Parent'), 'SnapshotId'] },
    ZeroBlocks: 'OMIT',
    Verify: 'SAMPLE',
    MaxPutsPerSecond: '400',
    Workers: '8',
    WaitForCompletion: 'false',
    Tags: [{ Key: 'Name', Value: 'golden' }],
  });
  template.hasResourceProperties(SEED, {
    ParentSnapshotId: Match.absent(),
    ZeroBlocks: Match.absent(),
    Verify: Match.absent(),
    MaxPutsPerSecond: Match.absent(),
    Workers: Match.absent(),
    WaitForCompletion: Match.absent(),
  });
});

describe('a seed that is not waited for', () => {
  test('knows its snapshot and its size', () => {
    const { snapshotId, volumeSizeInGiB } = aSeed(aStack(), { waitForCompletion: false });
    expect([snapshotId, volumeSizeInGiB]).toEqual([expect.any(String), expect.any(String)]);
  });

  test.each(['blocksWritten', 'checksum', 'seconds'] as const)('fails for its %s', (property) => {
    const seed = aSeed(aStack(), { waitForCompletion: false });
    expect(() => seed[property]).toThrow(`'${property}' of Branch/Seed is not known when the stack is deployed, because 'waitForCompletion' is false`);
  });
});

describe('the execution', () => {
  const urlIn = (region: string) => {
    const stack = aStack({ env: { account: '111122223333', region } });
    aSeed(stack, { outputExecutionUrl: true });
    const [output] = Object.values(Template.fromStack(stack).findOutputs('*'));
    return output.Value['Fn::Join'][1] as [string, { Ref: string }];
  };

  test('stands in the outputs when it is asked for', () => {
    const stack = aStack();
    aSeed(stack);
    expect(Template.fromStack(stack).findOutputs('*')).toEqual({});
    expect(urlIn('eu-central-1')).toEqual([
      'https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/', { Ref: expect.stringMatching(/^Seed/) },
    ]);
  });

  test('is shown by the console of its partition', () => {
    expect(urlIn('cn-north-1')[0]).toContain('https://cn-north-1.console.amazonaws.cn/states/');
    expect(urlIn('us-gov-west-1')[0]).toContain('https://us-gov-west-1.console.amazonaws-us-gov.com/states/');
  });
});

test('its metrics are those of its own snapshot, summed up', () => {
  const stack = aStack();
  const seed = aSeed(stack);
  const metrics = [
    seed.metricBlocksWritten(),
    seed.metricBytesWritten(),
    seed.metricBlocksVerified(),
    seed.metricThrottles(),
    seed.metricRetries({ period: Duration.minutes(5) }),
  ];
  expect(metrics.map(({ metricName }) => metricName)).toEqual(['BlocksWritten', 'BytesWritten', 'BlocksVerified', 'Throttles', 'Retries']);
  expect(metrics.map(({ period }) => period.toMinutes())).toEqual([1, 1, 1, 1, 5]);
  expect(metrics[1].unit).toBe('Bytes');
  const [logicalId] = Object.keys(Template.fromStack(stack).findResources(SEED));
  for (const { namespace, dimensions, statistic } of metrics) {
    expect(stack.resolve({ namespace, dimensions, statistic })).toEqual({
      namespace: 'cdk-storage-gateway', dimensions: { SnapshotSeed: `Branch/${logicalId}` }, statistic: 'Sum',
    });
  }
});

describe('the bucket of the journals', () => {
  test.each<[string, (RemovalPolicy | undefined)[], string]>([
    ['goes when no snapshot is kept', [RemovalPolicy.DESTROY, RemovalPolicy.DESTROY], 'Delete'],
    ['is kept with the digests of kept snapshots', [RemovalPolicy.DESTROY, undefined, RemovalPolicy.DESTROY], 'RetainExceptOnCreate'],
    ['is always kept where a snapshot is', [undefined, RemovalPolicy.RETAIN, RemovalPolicy.DESTROY], 'Retain'],
  ])('%s', (_, policies, DeletionPolicy) => {
    const stack = aStack();
    policies.forEach((removalPolicy, index) => aSeed(stack, { removalPolicy }, `Seed${index}`));
    Template.fromStack(stack).hasResource('AWS::S3::Bucket', { DeletionPolicy });
  });

  test('is one, private, encrypted, and keeps no journal for long', () => {
    const stack = aStack();
    aSeed(stack);
    aSeed(stack, {}, 'Other');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ Prefix: 'journal/', ExpirationInDays: 7, Status: 'Enabled' }] },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }] },
    });
  });
});

describe('permissions', () => {
  const statementsOf = (template: Template, role: string) => Object.values(template.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown; Condition?: object }[]);
  const actionsOf = (template: Template, role: string) => statementsOf(template, role).flatMap(({ Action }) => Action).sort();

  test('the worker writes and deletes only snapshots of its stack', () => {
    const stack = aStack();
    aSeed(stack);
    const statements = statementsOf(Template.fromStack(stack), 'SnapshotSeedMachineWorkerRole');
    const onSnapshots = statements.filter(({ Resource }) => JSON.stringify(Resource).includes('::snapshot/*'));
    expect(onSnapshots.map(({ Action, Condition }) => [Action, Condition])).toEqual([
      [['ebs:StartSnapshot', 'ec2:CreateTags'], { StringLike: { 'aws:RequestTag/cdk-storage-gateway:owner': 'Branch/*' } }],
      [
        ['ebs:CompleteSnapshot', 'ebs:GetSnapshotBlock', 'ebs:ListSnapshotBlocks', 'ebs:PutSnapshotBlock', 'ec2:CreateTags', 'ec2:DeleteSnapshot'],
        { StringLike: { 'aws:ResourceTag/cdk-storage-gateway:owner': 'Branch/*' } },
      ],
    ]);
    expect(statements.filter(({ Resource }) => Resource === '*').map(({ Action }) => Action)).toEqual(['ec2:DescribeSnapshots']);
  });

  test('handlers and worker read exactly the image, whose policy the seed waits for', () => {
    const stack = aStack();
    aSeed(stack, { source: SeedSource.fromBucket(s3.Bucket.fromBucketName(stack, 'Images', 'images'), 'a*b/$golden?.img') });
    const template = Template.fromStack(stack);
    const [[id, policy]] = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([name]) => name.startsWith('SnapshotSeedMachineSource'));
    expect(policy.Properties.PolicyDocument.Statement).toEqual([{
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Effect: 'Allow',
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::images/a${*}b/${$}golden${?}.img']] },
    }]);
    expect(policy.Properties.Roles).toHaveLength(2);
    template.hasResource(SEED, { DependsOn: Match.arrayWith([id]) });
  });

  test('an image is allowed once, for all its seeds', () => {
    const stack = aStack();
    const source = SeedSource.fromBucket(aBucket(stack), 'golden.img');
    aSeed(stack, { source });
    aSeed(stack, { source }, 'Other');
    const policies = Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(policies.filter((id) => id.startsWith('SnapshotSeedMachineSource'))).toHaveLength(1);
  });

  test('the key of an encrypted bucket may be used to read it', () => {
    const stack = aStack();
    const encryptionKey = new kms.Key(stack, 'BucketKey');
    aSeed(stack, { source: SeedSource.fromBucket(new s3.Bucket(stack, 'Images', { encryptionKey }), 'golden.img') });
    expect(actionsOf(Template.fromStack(stack), 'SnapshotSeedMachineWorkerRole')).toContain('kms:Decrypt');
  });

  test('the worker may use the key of the snapshot, and the seed waits for that', () => {
    const stack = aStack();
    aSeed(stack, { encryptionKey: new kms.Key(stack, 'Key') });
    const template = Template.fromStack(stack);
    const [id] = Object.keys(template.findResources('AWS::IAM::Policy')).filter((name) => name.startsWith('SnapshotSeedMachineKey'));
    template.hasResource(SEED, {
      Properties: { KmsKeyArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] } },
      DependsOn: Match.arrayWith([id]),
    });
    expect(actionsOf(template, 'SnapshotSeedMachineWorkerRole')).toContain('kms:GenerateDataKeyWithoutPlaintext');
  });

  test('the handlers may start, follow and stop the executions of this one machine', () => {
    const stack = aStack();
    aSeed(stack);
    expect(actionsOf(Template.fromStack(stack), 'StorageGatewayProviderRole')).toEqual(expect.arrayContaining([
      'states:DescribeExecution', 'states:ListExecutions', 'states:StartExecution', 'states:StopExecution',
    ]));
  });
});

describe('fails', () => {
  test.each<[string, Partial<SnapshotSeedProps>, string]>([
    ['for half a GiB', { volumeSize: Size.mebibytes(512) }, "'volumeSize' must be a whole number from 1 to 65536 GiB, got 0.5"],
    ['for more than 64 TiB', { volumeSize: Size.gibibytes(65_537) }, "'volumeSize' must be a whole number from 1 to 65536 GiB, got 65537"],
    ['for a description of 256 characters', { description: 'd'.repeat(256) }, "'description' must be 0 to 255 characters"],
  ])('%s', (_, props, message) => {
    expect(() => aSeed(aStack(), props)).toThrow(message);
  });

  test.each<[string, Partial<SnapshotSeedProps>, string]>([
    ['for no puts', { maxPutsPerSecond: 0 }, "'maxPutsPerSecond' must be a whole number from 1 to 1000, got 0"],
    ['for more puts than the service takes', { maxPutsPerSecond: 1_001 }, "'maxPutsPerSecond' must be a whole number from 1 to 1000, got 1001"],
    ['for half a put', { maxPutsPerSecond: 0.5 }, "'maxPutsPerSecond' must be a whole number from 1 to 1000, got 0.5"],
    ['for no worker', { workers: 0 }, "'workers' must be a whole number from 1 to 40, got 0"],
    ['for more workers than run side by side', { workers: 41 }, "'workers' must be a whole number from 1 to 40, got 41"],
  ])('%s', (_, props, message) => {
    expect(() => aSeed(aStack(), props)).toThrow(message);
  });

  test('for zeros that are left out of an encrypted snapshot', () => {
    const stack = aStack();
    expect(() => aSeed(stack, { encryptionKey: new kms.Key(stack, 'Key'), zeroBlocks: ZeroBlocks.OMIT }))
      .toThrow("'zeroBlocks' must be WRITE with 'encryptionKey', got \"OMIT\": what an encrypted snapshot lacks does not read as zeros");
  });

  test('for a key beside a parent', () => {
    const stack = aStack();
    expect(() => aSeed(stack, { encryptionKey: new kms.Key(stack, 'Key'), parent: aSeed(stack, {}, 'Parent') }))
      .toThrow("'encryptionKey' and 'parent' cannot both be given: what starts from a parent is encrypted as that is");
  });

  test('for a parent whose digests are not in the stack', () => {
    const app = new App();
    const stack = new Stack(app, 'Branch');
    const elsewhere = aSeed(new Stack(app, 'Elsewhere'));
    const imported = SnapshotSeed.fromSnapshotId(stack, 'Imported', 'snap-0123456789abcdef0');
    expect(() => aSeed(stack, { parent: imported })).toThrow(
      /^'parent' must be a SnapshotSeed of the same stack, whose digests are kept there, got "Branch\/Imported": seed the image without it, or in a terminal/,
    );
    expect(() => aSeed(stack, { parent: elsewhere }, 'Second')).toThrow('got "Elsewhere/Seed"');
  });

  const fileOf = (gib: number) => {
    const file = join(directory, `${gib}.img`);
    writeFileSync(file, '');
    truncateSync(file, gib * 2 ** 30);
    return SeedSource.fromAsset(file);
  };

  test('for a file that takes longer than CloudFormation waits', () => {
    expect(() => aSeed(aStack(), { source: fileOf(1_000) })).toThrow(
      "the image of 'source' has 1000 GiB and takes 74 minutes or more, where CloudFormation leaves it 54 minutes: set 'waitForCompletion' to false, verify less, "
      + 'seed it in a terminal (npx cdk-storage-gateway seed) and name it by SnapshotSeed.fromSnapshotId, or make the image smaller',
    );
    expect(() => aSeed(aStack(), { source: fileOf(100), maxPutsPerSecond: 50, workers: 2 }))
      .toThrow("set 'waitForCompletion' to false, raise 'maxPutsPerSecond' from 50, raise 'workers' from 2, verify less");
  });

  test('for a file of 4,000 GiB, waited for or not', () => {
    expect(() => aSeed(aStack(), { source: fileOf(4_000), waitForCompletion: false })).toThrow('has 4000 GiB, and a stack can seed at most 3996 GiB');
  });

  test('for a file that is not there, is a folder, or is empty', () => {
    expect(() => SeedSource.fromAsset(join(directory, 'none.img'))).toThrow(/'path' must be an existing file, got ".*none\.img"/);
    expect(() => SeedSource.fromAsset(directory)).toThrow("'path' must be an existing file");
    writeFileSync(join(directory, 'empty.img'), '');
    expect(() => SeedSource.fromAsset(join(directory, 'empty.img'))).toThrow("'path' must be a file that is not empty");
  });

  test('for a volume that is smaller than the file', () => {
    const large = join(directory, 'large.img');
    writeFileSync(large, '');
    truncateSync(large, 2 ** 30 + 1);
    expect(() => aSeed(aStack(), { source: SeedSource.fromAsset(large), volumeSize: Size.gibibytes(1) }))
      .toThrow("'volumeSize' must be at least 2 GiB, the size of the image, got 1");
  });

  test('for a key or a version without characters', () => {
    const bucket = s3.Bucket.fromBucketName(aStack(), 'Images', 'images');
    expect(() => SeedSource.fromBucket(bucket, '')).toThrow("'key' must be 1 to 1024 characters");
    expect(() => SeedSource.fromBucket(bucket, 'golden.img', { objectVersion: '' })).toThrow("'objectVersion' must be 1 to 1024 characters");
  });

  test('for tags that the direct APIs do not take', () => {
    const synth = (tag: (stack: Stack) => void) => () => {
      const app = new App();
      const stack = new Stack(app, 'Branch');
      aSeed(stack);
      tag(stack);
      app.synth();
    };
    expect(synth((stack) => Tags.of(stack).add('k'.repeat(128), ''))).toThrow('must have at most 127 characters, got 128');
    expect(synth((stack) => Tags.of(stack).add('k', 'v'.repeat(256)))).toThrow('must have a value of at most 255 characters, got 256');
    expect(synth((stack) => Array.from({ length: 48 }, (_, index) => Tags.of(stack).add(`key${index}`, '')))).toThrow('at most 47 tags of a snapshot seed');
    expect(synth((stack) => Array.from({ length: 47 }, (_, index) => Tags.of(stack).add(`key${index}`, '')))).not.toThrow();
  });
});

test('what only the deployment knows is left to it', () => {
  const stack = aStack();
  const parameter = new CfnParameter(stack, 'Version');
  const size = new CfnParameter(stack, 'Size', { type: 'Number' });
  const source = SeedSource.fromBucket(aBucket(stack), parameter.valueAsString, { objectVersion: parameter.valueAsString });
  aSeed(stack, { source, description: parameter.valueAsString, volumeSize: Size.gibibytes(size.valueAsNumber) });
  Template.fromStack(stack).hasResourceProperties(SEED, { SourceKey: { Ref: 'Version' }, Description: { Ref: 'Version' }, VolumeSize: { Ref: 'Size' } });
});
