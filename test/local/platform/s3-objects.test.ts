import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, truncateSync } from 'node:fs';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { Bucket, client, directory, get, md5, put, raw, service, status, text } from './s3-service';

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
    // Large beside what the garbage collector lets lie: only holding the object itself can fill half of it.
    const size = 1024 * MIB;
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
