import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Bucket, client, directory, get, md5, put, status } from './s3-service';

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
