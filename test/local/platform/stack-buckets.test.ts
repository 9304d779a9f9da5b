import { DeleteObjectsCommand, HeadBucketCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { TestCloud, type TestTemplate } from './cloud-formation';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
afterAll(async () => cloud.close());

/** A bucket with all that CDK says of one that is private and forgets what is old. */
const template = (more: Record<string, unknown> = {}, resource: unknown = { 'Fn::GetAtt': ['Bucket', 'Arn'] }): TestTemplate => ({
  Resources: {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
        LifecycleConfiguration: { Rules: [{ ExpirationInDays: 7, Prefix: 'journal/', Status: 'Enabled' }] },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
      ...more,
    },
    Policy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'Bucket' },
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } }, Resource: resource }],
        },
      },
    },
  },
  Outputs: { Name: { Value: { Ref: 'Bucket' } } },
});

test('a bucket with an object in it cannot be deleted, and can when that is gone', async () => {
  const { Name: Bucket } = await cloud.deploy('Full', template());
  await cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'journal/1', Body: 'x' }));
  expect((await cloud.destroy('Full')).StackStatus).toBe('DELETE_FAILED');
  expect(await cloud.reason('Full', 'Bucket')).toContain('The bucket you tried to delete is not empty');
  const { Contents = [] } = await cloud.s3.send(new ListObjectsV2Command({ Bucket }));
  await cloud.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } }));
  expect((await cloud.destroy('Full')).StackStatus).toBe('DELETE_COMPLETE');
  await expect(cloud.s3.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
});

test('a bucket that is retained stays, with what is in it', async () => {
  const { Name: Bucket } = await cloud.deploy('Retained', template({ DeletionPolicy: 'RetainExceptOnCreate' }));
  await cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'digests/1', Body: 'x' }));
  expect((await cloud.destroy('Retained')).StackStatus).toBe('DELETE_COMPLETE');
  expect((await cloud.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(1);
});

test('a policy about another bucket is refused', async () => {
  expect((await cloud.finish('Foreign', template({}, 'arn:aws:s3:::another-bucket/*'))).StackStatus).toBe('ROLLBACK_COMPLETE');
  expect(await cloud.reason('Foreign', 'Policy')).toContain('Policy has invalid resource');
});
