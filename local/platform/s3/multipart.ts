import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './api';
import { readText, receive, type Received } from './body';
import { unquoted } from './bucket';
import { invalidArgument, S3Error } from './error';
import { checkKey, keptHeaders, refuseCopy, versionHeader } from './objects';
import { fromXml, toXml } from './xml';

const SMALLEST_PART = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;
const LONGEST_LIST_BYTES = 2 * 1024 * 1024;

/** Uploads whose parts are still coming in. */
export class MultipartUploads {
  private readonly uploads = new Map<string, { bucket: string; key: string; headers: Record<string, string>; parts: Map<number, Received> }>();

  public create(exchange: Exchange): void {
    const { bucket, key } = exchange;
    checkKey(key);
    const uploadId = randomBytes(48).toString('base64url');
    this.uploads.set(uploadId, { bucket: bucket.name, key, headers: keptHeaders(exchange), parts: new Map() });
    exchange.respond(200, {}, toXml('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: uploadId }));
  }

  public async uploadPart(exchange: Exchange): Promise<void> {
    const { parts } = this.find(exchange);
    refuseCopy(exchange);
    const number = exchange.query.get('partNumber') ?? '';
    if (!/^\d{1,5}$/.test(number) || Number(number) < 1 || Number(number) > MOST_PARTS) {
      throw invalidArgument('partNumber', number, `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`);
    }
    const part = await receive(exchange.request, exchange.newPath());
    const replaced = parts.get(Number(number));
    parts.set(Number(number), part);
    if (replaced) {
      await rm(replaced.path, { force: true });
    }
    exchange.respond(200, { etag: `"${part.md5}"`, ...part.checksum && { [part.checksum.header]: part.checksum.value } });
  }

  public async complete(exchange: Exchange): Promise<void> {
    const { bucket, key } = exchange;
    const upload = this.find(exchange);
    const chosen = this.choose(upload.parts, await readText(exchange.request, LONGEST_LIST_BYTES));
    const conditions = { ifMatch: exchange.header('if-match'), ifNoneMatch: exchange.header('if-none-match') };
    bucket.check(key, conditions);
    this.forget(exchange);

    const [first, ...others] = chosen;
    const path = exchange.newPath();
    await rename(first.path, path);
    for (const part of others) {
      await pipeline(createReadStream(part.path), createWriteStream(path, { flags: 'a' }));
    }
    await discard(upload.parts.values());
    const digests = createHash('md5');
    chosen.forEach(({ md5 }) => digests.update(md5, 'hex'));
    const etag = `${digests.digest('hex')}-${chosen.length}`;
    const size = chosen.reduce((sum, part) => sum + part.size, 0);
    const version = await bucket.put(key, { path, size, etag, headers: upload.headers }, conditions);
    const location = `http://${exchange.request.headers.host}/${bucket.name}/${encodeURIComponent(key)}`;
    const result = toXml('CompleteMultipartUploadResult', { Location: location, Bucket: bucket.name, Key: key, ETag: `"${etag}"` });
    exchange.respond(200, versionHeader(bucket, version), result);
  }

  public async abort(exchange: Exchange): Promise<void> {
    const { parts } = this.find(exchange);
    this.forget(exchange);
    await discard(parts.values());
    exchange.respond(204);
  }

  private find({ bucket, key, query }: Exchange) {
    const upload = this.uploads.get(query.get('uploadId') ?? '');
    if (!upload || upload.bucket !== bucket.name || upload.key !== key) {
      const message = 'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
      throw new S3Error(404, 'NoSuchUpload', message, { UploadId: query.get('uploadId') ?? '' });
    }
    return upload;
  }

  private forget({ query }: Exchange): void {
    this.uploads.delete(query.get('uploadId') ?? '');
  }

  /** @throws S3Error where the list is not in order, or names a part that did not come, or not so */
  private choose(parts: Map<number, Received>, text: string): [Received, ...Received[]] {
    const listed = (fromXml(text, 'CompleteMultipartUpload').Part ?? []) as Array<{ PartNumber?: string; ETag?: string }>;
    if (listed.some(({ PartNumber }, index) => index > 0 && Number(listed[index - 1].PartNumber) >= Number(PartNumber))) {
      throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order. Parts must be ordered by part number.');
    }
    const [first, ...others] = listed.map(({ PartNumber, ETag = '' }, index) => {
      const part = parts.get(Number(PartNumber));
      if (!part || part.md5 !== unquoted(ETag)) {
        const message = 'One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part\'s entity tag.';
        throw new S3Error(400, 'InvalidPart', message, { PartNumber: PartNumber ?? '', ETag });
      }
      if (index < listed.length - 1 && part.size < SMALLEST_PART) {
        const details = { ProposedSize: String(part.size), MinSizeAllowed: String(SMALLEST_PART), PartNumber: PartNumber ?? '' };
        throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', details);
      }
      return part;
    });
    if (!first) {
      throw new S3Error(400, 'MalformedXML', 'You must specify at least one part');
    }
    return [first, ...others];
  }
}

async function discard(parts: Iterable<Received>): Promise<void> {
  await Promise.all(Array.from(parts, ({ path }) => rm(path, { force: true })));
}
