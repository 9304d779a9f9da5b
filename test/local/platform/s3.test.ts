import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type ApiServer, clientConfiguration, serve } from './api-server';
import { S3Service } from '../../../local/platform/s3';

let directory: string;
let service: S3Service;
let api: ApiServer;
let client: S3Client;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 's3-test-'));
  service = new S3Service({ directory });
  api = await serve((request, response) => service.handle(request, response));
  client = connect();
});

afterAll(async () => {
  client.destroy();
  await api.close();
  rmSync(directory, { recursive: true });
});

let buckets = 0;
let Bucket: string;
beforeEach(async () => {
  Bucket = `bucket-${buckets += 1}`;
  await service.createBucket(Bucket, { region: 'eu-west-1' });
});

function connect(options: ConstructorParameters<typeof S3Client>[0] = {}): S3Client {
  return new S3Client({ ...clientConfiguration(api.endpoint), forcePathStyle: true, ...options });
}

const put = (Key: string, Body: PutObjectCommandInput['Body'], more: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: object = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const text = async (Key: string, more: object = {}) => (await get(Key, more)).Body?.transformToString();
const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex');
const status = (httpStatusCode: number, name?: string) => (
  { ...name !== undefined && { name }, $metadata: expect.objectContaining({ httpStatusCode }) }
);

/** What no SDK would send. */
async function raw(method: string, target: string, headers: Record<string, string>, body: Buffer | string = ''): Promise<{ statusCode?: number; body: string }> {
  const request = http.request(`${api.endpoint}${target}`, {
    method,
    headers: { 'authorization': 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request', 'content-length': Buffer.byteLength(body), ...headers },
  });
  request.end(body);
  const [response] = await new Promise<[http.IncomingMessage]>((resolve, reject) => request.on('response', (answer) => resolve([answer])).on('error', reject));
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { statusCode: response.statusCode, body: Buffer.concat(chunks).toString() };
}

describe('an object', () => {
  test('comes back as it was put, with its metadata', async () => {
    const { ETag } = await put('a/b c+d/ü%.txt', 'content', { ContentType: 'text/plain', CacheControl: 'no-store', Metadata: { origin: 'test' } });
    expect(ETag).toBe(`"${md5('content')}"`);
    const object = await get('a/b c+d/ü%.txt');
    expect(object).toMatchObject({ ContentLength: 7, ContentType: 'text/plain', CacheControl: 'no-store', Metadata: { origin: 'test' }, ETag, AcceptRanges: 'bytes' });
    expect(object.VersionId).toBeUndefined();
    expect(await object.Body?.transformToString()).toBe('content');
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/b c+d/ü%.txt' }));
    expect(head).toMatchObject({ ContentLength: 7, ETag, LastModified: object.LastModified });
    expect(service.getObject(Bucket, 'a/b c+d/ü%.txt')).toMatchObject({ size: 7, etag: md5('content'), versionId: 'null' });
  });

  test.each([0, 1, 65_536, 1_000_003])('of %i bytes survives a streamed upload with its checksum in the trailer', async (size) => {
    const bytes = randomBytes(size);
    const { ETag, ChecksumCRC32 } = await put('streamed', Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)].filter(({ length }) => length > 0), { objectMode: false }), { ContentLength: size });
    expect(ETag).toBe(`"${md5(bytes)}"`);
    expect(ChecksumCRC32).toMatch(/=$/);
    expect(Buffer.from(await (await get('streamed')).Body?.transformToByteArray() ?? []).equals(bytes)).toBe(true);
  });

  test('may come in signed chunks of any cut', async () => {
    const body = [
      '5;chunk-signature=abc', 'hello', '6;chunk-signature=def', ' world', '0;chunk-signature=0',
      'x-amz-checksum-crc32:DUoRhQ==', 'x-amz-trailer-signature:1', '', '',
    ].join('\r\n');
    const headers = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'content-encoding': 'aws-chunked,gzip', 'x-amz-decoded-content-length': '11', 'x-amz-trailer': 'x-amz-checksum-crc32' };
    expect((await raw('PUT', `/${Bucket}/chunked`, headers, body)).statusCode).toBe(200);
    expect(await (await get('chunked')).Body?.transformToString()).toBe('hello world');
    expect((await get('chunked')).ContentEncoding).toBe('gzip');
  });

  test('overwrites the one before, and leaves no file of it', async () => {
    await put('twice', 'first');
    const before = readdirSync(directory).length;
    await put('twice', 'second');
    expect(await text('twice')).toBe('second');
    expect(readdirSync(directory)).toHaveLength(before);
  });

  test('can be deleted, twice', async () => {
    await put('gone', 'x');
    const { path: file } = service.getObject(Bucket, 'gone') ?? { path: '' };
    for (let i = 0; i < 2; i += 1) {
      expect(await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }))).toMatchObject(status(204));
    }
    await expect(get('gone')).rejects.toMatchObject(status(404, 'NoSuchKey'));
    expect(readdirSync(directory)).not.toContain(path.basename(file));
  });

  test('that is refused leaves nothing', async () => {
    const before = readdirSync(directory).length;
    await expect(put('bad', 'content', { ContentMD5: Buffer.from(md5('other'), 'hex').toString('base64') })).rejects.toMatchObject(status(400, 'BadDigest'));
    await expect(put('bad', 'content', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject(status(400, 'BadDigest'));
    await expect(put('bad', 'content', { ChecksumSHA256: createHash('sha256').update('other').digest('base64') })).rejects.toMatchObject(status(400, 'BadDigest'));
    expect((await raw('PUT', `/${Bucket}/bad`, { 'x-amz-content-sha256': createHash('sha256').update('other').digest('hex') }, 'content')).body).toContain('<Code>XAmzContentSHA256Mismatch</Code>');
    const chunked = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'x-amz-decoded-content-length': '6' };
    expect((await raw('PUT', `/${Bucket}/bad`, chunked, '5\r\nhello\r\n0\r\n\r\n')).body).toContain('<Code>IncompleteBody</Code>');
    await expect(put('x'.repeat(1025), 'x')).rejects.toMatchObject(status(400, 'KeyTooLongError'));
    await expect(client.send(new CopyObjectCommand({ Bucket, Key: 'bad', CopySource: `${Bucket}/x` }))).rejects.toMatchObject(status(501, 'NotImplemented'));
    await expect(get('bad')).rejects.toMatchObject(status(404, 'NoSuchKey'));
    expect(readdirSync(directory)).toHaveLength(before);
  });

  test('is put on condition', async () => {
    await put('once', 'first', { IfNoneMatch: '*' });
    await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject(status(412, 'PreconditionFailed'));
    await expect(put('once', 'second', { IfMatch: '"other"' })).rejects.toMatchObject(status(412, 'PreconditionFailed'));
    await expect(put('never', 'second', { IfMatch: '"other"' })).rejects.toMatchObject(status(404, 'NoSuchKey'));
    await put('once', 'second', { IfMatch: `"${md5('first')}"` });
    expect(await text('once')).toBe('second');
  });

  test('is put on condition by one of many', async () => {
    const before = readdirSync(directory).length;
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => put('race', `writer ${i}`, { IfNoneMatch: '*' })));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(directory)).toHaveLength(before + 1);
  });
});

describe('reading', () => {
  const content = '0123456789';
  beforeEach(() => put('digits', content));

  test.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
  ])('a range %s', async (Range, expected, ContentRange) => {
    const part = await get('digits', { Range, IfMatch: `"${md5(content)}"` });
    expect(part).toMatchObject({ ContentRange, ContentLength: expected.length, ...status(206) });
    expect(await part.Body?.transformToString()).toBe(expected);
  });

  test.each(['bytes=5-2', 'lines=1-2', 'bytes=1-2,4-5'])('passes over the range %s', async (Range) => {
    expect(await get('digits', { Range })).toMatchObject({ ContentLength: 10, ...status(200) });
  });

  test('refuses a range outside', async () => {
    await expect(get('digits', { Range: 'bytes=10-' })).rejects.toMatchObject(status(416, 'InvalidRange'));
  });

  test('keeps to conditions', async () => {
    await expect(get('digits', { IfMatch: '"other"' })).rejects.toMatchObject(status(412, 'PreconditionFailed'));
    await expect(get('digits', { IfNoneMatch: `"${md5(content)}"` })).rejects.toMatchObject(status(304));
    await expect(get('digits', { IfModifiedSince: new Date(Date.now() + 60_000) })).rejects.toMatchObject(status(304));
    await expect(get('digits', { IfUnmodifiedSince: new Date(0) })).rejects.toMatchObject(status(412));
    expect(await text('digits', { IfNoneMatch: '"other"' })).toBe(content);
  });

  test('says what is not there', async () => {
    await expect(get('nothing')).rejects.toMatchObject(status(404, 'NoSuchKey'));
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'nothing' }))).rejects.toMatchObject(status(404, 'NotFound'));
    await expect(get('digits', { VersionId: 'other' })).rejects.toMatchObject(status(404, 'NoSuchVersion'));
    await expect(get('digits', { Bucket: 'nobody' })).rejects.toMatchObject(status(404, 'NoSuchBucket'));
    await expect(get('digits', { PartNumber: 1 })).rejects.toMatchObject(status(501, 'NotImplemented'));
    expect((await raw('GET', `/${Bucket}?acl`, {})).body).toContain('<Code>NotImplemented</Code>');
    expect(await raw('GET', `/${Bucket}/digits`, { authorization: '' })).toMatchObject({ statusCode: 403 });
  });
});

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

describe('a multipart upload', () => {
  const start = async (Key = 'large') => (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/x' }))).UploadId;
  const part = (UploadId: string | undefined, PartNumber: number, Body: Buffer) => client.send(new UploadPartCommand({ Bucket, Key: 'large', UploadId, PartNumber, Body }));
  const complete = (UploadId: string | undefined, Parts: object[], more: object = {}) =>
    client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'large', UploadId, MultipartUpload: { Parts }, ...more }));
  const five = 5 * 1024 * 1024;

  test('joins its parts, and its ETag says how many there were', async () => {
    const UploadId = await start();
    const bytes = [randomBytes(five), randomBytes(five), randomBytes(3)];
    await part(UploadId, 2, Buffer.from('replaced below'));
    const etags = await Promise.all(bytes.map(async (body, index) => (await part(UploadId, index + 1, body)).ETag));
    expect(etags[2]).toBe(`"${md5(bytes[2])}"`);
    const { ETag } = await complete(UploadId, etags.map((each, index) => ({ PartNumber: index + 1, ETag: each })));
    expect(ETag).toBe(`"${md5(Buffer.concat(bytes.map((each) => createHash('md5').update(each).digest())))}-3"`);
    const object = await get('large', { IfMatch: ETag });
    expect(object.ContentType).toBe('text/x');
    expect(Buffer.from(await object.Body?.transformToByteArray() ?? []).equals(Buffer.concat(bytes))).toBe(true);
    await expect(complete(UploadId, [])).rejects.toMatchObject(status(404, 'NoSuchUpload'));
  });

  test('is refused where its parts are not as they should be', async () => {
    const UploadId = await start();
    const small = { PartNumber: 1, ETag: (await part(UploadId, 1, Buffer.from('small'))).ETag };
    const next = { PartNumber: 2, ETag: (await part(UploadId, 2, Buffer.from('next'))).ETag };
    await expect(complete(UploadId, [small, next])).rejects.toMatchObject(status(400, 'EntityTooSmall'));
    await expect(complete(UploadId, [next, small])).rejects.toMatchObject(status(400, 'InvalidPartOrder'));
    await expect(complete(UploadId, [{ ...small, ETag: next.ETag }])).rejects.toMatchObject(status(400, 'InvalidPart'));
    await expect(complete(UploadId, [])).rejects.toMatchObject(status(400, 'MalformedXML'));
    await expect(part(UploadId, 10_001, Buffer.from('x'))).rejects.toMatchObject(status(400, 'InvalidArgument'));
    await put('large', 'already there');
    await expect(complete(UploadId, [small], { IfNoneMatch: '*' })).rejects.toMatchObject(status(412));
    expect((await complete(UploadId, [small])).ETag).toMatch(/-1"$/);
  });

  test('that is aborted leaves nothing', async () => {
    const before = readdirSync(directory).length;
    const UploadId = await start();
    await part(UploadId, 1, Buffer.from('x'));
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'large', UploadId }));
    await expect(part(UploadId, 2, Buffer.from('x'))).rejects.toMatchObject(status(404, 'NoSuchUpload'));
    expect(readdirSync(directory)).toHaveLength(before);
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

describe('large objects', () => {
  const MIB = 1024 * 1024;
  const zeros = Buffer.alloc(MIB);

  /** The most that the process grew while something ran. */
  async function growth(action: () => Promise<void>): Promise<number> {
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => { most = Math.max(most, process.memoryUsage().rss); }, 5);
    await action().finally(() => clearInterval(watch));
    return most - before;
  }

  test('go in and out without being held in memory', async () => {
    const size = 256 * MIB;
    const grown = await growth(async () => {
      await put('large', Readable.from((function* () { for (let i = 0; i < size; i += MIB) yield zeros; })(), { objectMode: false }), { ContentLength: size });
      let read = 0;
      for await (const chunk of (await get('large')).Body as Readable) read += (chunk as Buffer).length;
      expect(read).toBe(size);
    });
    expect(grown).toBeLessThan(size / 2);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'large' }));
  });

  test('are read from any place', async () => {
    await put('sparse', 'x');
    const { path: file } = service.getObject(Bucket, 'sparse') ?? { path: '' };
    const size = 64 * 1024 * MIB;
    truncateSync(file, size);
    Object.assign(service.find(Bucket)?.find('sparse')?.content ?? {}, { size });
    const grown = await growth(async () => {
      const part = await get('sparse', { Range: `bytes=${size - 8 * MIB}-${size - 1}` });
      expect(part.ContentRange).toBe(`bytes ${size - 8 * MIB}-${size - 1}/${size}`);
      expect(await part.Body?.transformToByteArray()).toHaveLength(8 * MIB);
    });
    expect(grown).toBeLessThan(256 * MIB);
  });
});
