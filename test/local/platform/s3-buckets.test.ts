import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { Bucket, client, connect, get, md5, put, service, status, text } from './s3-service';

describe('versions', () => {
  beforeEach(() => service.updateBucket(Bucket, { versioned: true }));

  test('are read by id, together with a range and a condition', async () => {
    const first = await put('v', 'first version');
    const second = await put('v', 'second version');
    expect(first.VersionId).not.toBe(second.VersionId);
    expect(await text('v')).toBe('second version');
    expect(await text('v', { VersionId: first.VersionId, Range: 'bytes=0-4', IfMatch: first.ETag })).toBe('first');
    await expect(get('v', { VersionId: first.VersionId, IfMatch: second.ETag })).rejects.toMatchObject(status(412));
    expect(await text('v', { VersionId: first.VersionId })).toBe('first version');
    expect(service.getObject(Bucket, 'v', first.VersionId)).toMatchObject({ size: 13, versionId: first.VersionId });
  });

  test('survive a delete behind a marker, and are deleted for good one by one', async () => {
    const { VersionId } = await put('v', 'kept');
    const marker = await client.send(new DeleteObjectCommand({ Bucket, Key: 'v' }));
    expect(marker).toMatchObject({ DeleteMarker: true, VersionId: expect.any(String) });
    await expect(get('v')).rejects.toMatchObject(status(404, 'NoSuchKey'));
    await expect(get('v', { VersionId: marker.VersionId })).rejects.toMatchObject(status(405, 'MethodNotAllowed'));
    expect(await text('v', { VersionId })).toBe('kept');
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
    expect(listed.Versions).toMatchObject([{ Key: 'v', VersionId, IsLatest: false, Size: 4 }]);
    expect(listed.DeleteMarkers).toMatchObject([{ Key: 'v', VersionId: marker.VersionId, IsLatest: true }]);
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).Contents).toBeUndefined();
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(status(409, 'BucketNotEmpty'));
    const objects = [...listed.Versions ?? [], ...listed.DeleteMarkers ?? []].map((each) => ({ Key: each.Key ?? '', VersionId: each.VersionId }));
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: objects } }));
    await client.send(new DeleteBucketCommand({ Bucket }));
  });

  test('are listed page by page', async () => {
    for (const key of ['a', 'a', 'b']) {
      await put(key, 'x');
    }
    const seen: Array<string | undefined> = [];
    let page: { NextKeyMarker?: string; NextVersionIdMarker?: string; IsTruncated?: boolean } = {};
    do {
      const output = await client.send(new ListObjectVersionsCommand({
        Bucket, MaxKeys: 1, KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker,
      }));
      seen.push(...(output.Versions ?? []).map(({ Key }) => Key));
      page = output;
    } while (page.IsTruncated);
    expect(seen).toEqual(['a', 'a', 'b']);
  });
});

describe('listing', () => {
  const keys = ['a/1', 'a/2', 'a/b/3', 'b', 'c/<&>"\'', 'z', 'é', '\u{ffff}', '😀'];
  beforeEach(async () => {
    for (const key of keys) {
      await put(key, key);
    }
  });
  const list = (more: object = {}) => client.send(new ListObjectsV2Command({ Bucket, ...more }));

  test('is in the order of UTF-8', async () => {
    const { Contents, KeyCount, IsTruncated } = await list();
    expect(Contents?.map(({ Key }) => Key)).toEqual(keys);
    expect(Contents?.[0]).toMatchObject({ Size: 3, ETag: `"${md5('a/1')}"`, StorageClass: 'STANDARD' });
    expect({ KeyCount, IsTruncated }).toEqual({ KeyCount: keys.length, IsTruncated: false });
  });

  test('knows prefix and delimiter', async () => {
    const { Contents, CommonPrefixes, KeyCount } = await list({ Prefix: 'a/', Delimiter: '/' });
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
    expect(CommonPrefixes).toEqual([{ Prefix: 'a/b/' }]);
    expect(KeyCount).toBe(3);
    expect((await list({ StartAfter: 'b', Prefix: 'c' })).Contents).toHaveLength(1);
  });

  test.each([1, 2, 3])('goes on page by page of %i', async (MaxKeys) => {
    const seen: Array<string | undefined> = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({ MaxKeys, ContinuationToken, Delimiter: '/' });
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen.sort()).toEqual(['a/', 'b', 'c/', 'z', 'é', '\u{ffff}', '😀'].sort());
  });

  test('encodes keys when asked', async () => {
    expect((await list({ EncodingType: 'url', Prefix: 'c/' })).Contents?.[0]?.Key).toBe("c/%3C%26%3E%22'");
  });

  test('and deleting together empties a bucket', async () => {
    const Objects = keys.map((Key) => ({ Key }));
    const { Deleted } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(keys);
    expect((await list()).KeyCount).toBe(0);
  });
});

describe('a bucket', () => {
  test('is made, found and removed', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'made-here', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
    await expect(client.send(new CreateBucketCommand({ Bucket: 'made-here', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } })))
      .rejects.toMatchObject(status(409, 'BucketAlreadyOwnedByYou'));
    await expect(client.send(new CreateBucketCommand({ Bucket: 'elsewhere', CreateBucketConfiguration: { LocationConstraint: 'us-west-2' } })))
      .rejects.toMatchObject(status(400, 'IllegalLocationConstraintException'));
    await expect(service.createBucket('Not_a_name', { region: 'eu-west-1' })).rejects.toMatchObject({ code: 'InvalidBucketName' });
    expect((await client.send(new ListBucketsCommand())).Buckets?.map(({ Name }) => Name)).toContain('made-here');
    expect((await client.send(new HeadBucketCommand({ Bucket: 'made-here' }))).BucketRegion).toBe('eu-west-1');
    await client.send(new DeleteBucketCommand({ Bucket: 'made-here' }));
    await expect(client.send(new HeadBucketCommand({ Bucket: 'made-here' }))).rejects.toMatchObject(status(404, 'NotFound'));
  });

  test('tells its location, encryption, versioning and tags', async () => {
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-west-1');
    expect((await client.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules)
      .toMatchObject([{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }]);
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    await expect(client.send(new GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject(status(404, 'NoSuchTagSet'));
    await service.updateBucket(Bucket, { versioned: true, tags: { 'aws-cdk:auto-delete-objects': 'true' } });
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    expect((await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual([{ Key: 'aws-cdk:auto-delete-objects', Value: 'true' }]);
  });

  test('answers only in its own Region and to its owner', async () => {
    const elsewhere = connect({ region: 'us-east-1' });
    await expect(elsewhere.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(status(301));
    expect((await elsewhere.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-west-1');
    elsewhere.destroy();
    await expect(get('x', { ExpectedBucketOwner: '111111111111' })).rejects.toMatchObject(status(403, 'AccessDenied'));
    await expect(get('x', { ExpectedBucketOwner: '000000000000' })).rejects.toMatchObject(status(404, 'NoSuchKey'));
  });
});
