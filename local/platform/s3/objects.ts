import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './api';
import { receive } from './body';
import { type Bucket, type ObjectContent, type ObjectVersion, unquoted } from './bucket';
import { invalidArgument, noSuchKey, notImplemented, preconditionFailed, S3Error } from './error';

/** Headers that are kept with an object, besides the user's own metadata. */
const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires'];
const METADATA_PREFIX = 'x-amz-meta-';
const LONGEST_KEY = 1024;
const LARGEST_PUT = 5 * 1024 ** 3;

export async function putObject(exchange: Exchange): Promise<void> {
  const { request, bucket, key } = exchange;
  checkKey(key);
  refuseCopy(exchange);
  if (Number(request.headers['content-length']) > LARGEST_PUT) {
    throw new S3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.', { MaxSizeAllowed: String(LARGEST_PUT) });
  }
  const conditions = { ifMatch: exchange.header('if-match'), ifNoneMatch: exchange.header('if-none-match') };
  bucket.check(key, conditions);
  const { md5, ...received } = await receive(request, exchange.newPath());
  const version = await bucket.put(key, { ...received, etag: md5, headers: keptHeaders(exchange) }, conditions);
  exchange.respond(200, {
    etag: `"${md5}"`,
    ...versionHeader(bucket, version),
    ...received.checksum && { [received.checksum.header]: received.checksum.value, 'x-amz-checksum-type': 'FULL_OBJECT' },
  });
}

export async function getObject(exchange: Exchange): Promise<void> {
  const { bucket, response } = exchange;
  const version = findVersion(exchange);
  const { content } = version;
  if (checkConditions(exchange, version) === 304) {
    exchange.respond(304, { 'etag': `"${content.etag}"`, 'last-modified': version.lastModified.toUTCString() });
    return;
  }
  const range = parseRange(exchange.header('range'), content.size);
  const headers: Record<string, string> = {
    ...content.headers,
    'accept-ranges': 'bytes',
    'content-length': String(range ? range.end - range.start + 1 : content.size),
    'etag': `"${content.etag}"`,
    'last-modified': version.lastModified.toUTCString(),
    ...versionHeader(bucket, version),
    ...range && { 'content-range': `bytes ${range.start}-${range.end}/${content.size}` },
    ...!range && content.checksum && exchange.header('x-amz-checksum-mode') === 'ENABLED' && { [content.checksum.header]: content.checksum.value },
  };
  response.writeHead(range ? 206 : 200, { ...exchange.headers, ...headers });
  if (exchange.request.method === 'HEAD' || content.size === 0) {
    response.end();
    return;
  }
  await pipeline(createReadStream(content.path, range), response);
}

export async function deleteObject(exchange: Exchange): Promise<void> {
  const { bucket, key } = exchange;
  const deleted = await bucket.delete(key, exchange.query.get('versionId') ?? undefined);
  exchange.respond(204, {
    ...deleted && versionHeader(bucket, deleted),
    ...deleted && !deleted.content && { 'x-amz-delete-marker': 'true' },
  });
}

export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > LONGEST_KEY) {
    throw new S3Error(400, 'KeyTooLongError', 'Your key is too long', { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(LONGEST_KEY) });
  }
}

/** A copy that were taken for an empty put would be a wrong object. */
export function refuseCopy(exchange: Exchange): void {
  if (exchange.header('x-amz-copy-source') !== undefined) {
    throw notImplemented("The header 'x-amz-copy-source'");
  }
}

export function keptHeaders({ request }: Exchange): Record<string, string> {
  const encoding = String(request.headers['content-encoding'] ?? '').split(',').map((each) => each.trim()).filter((each) => each && each !== 'aws-chunked');
  const kept = Object.entries(request.headers).filter(([name]) => KEPT.includes(name) || name.startsWith(METADATA_PREFIX));
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(kept) as Record<string, string>,
    ...encoding.length > 0 && { 'content-encoding': encoding.join(',') },
  };
}

export function versionHeader(bucket: Bucket, version: ObjectVersion): Record<string, string> {
  return bucket.versioned || version.versionId !== 'null' ? { 'x-amz-version-id': version.versionId } : {};
}

function findVersion({ bucket, key, query }: Exchange): ObjectVersion & { readonly content: ObjectContent } {
  const versionId = query.get('versionId') ?? undefined;
  if (versionId === '') {
    throw invalidArgument('versionId', '', 'Version id cannot be the empty string');
  }
  const version = bucket.find(key, versionId);
  if (!version) {
    throw versionId === undefined || !bucket.find(key)
      ? noSuchKey(key)
      : new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.', { Key: key, VersionId: versionId });
  }
  const { content } = version;
  if (!content) {
    const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
    throw versionId === undefined
      ? noSuchKey(key, headers)
      : new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.', { ResourceType: 'DeleteMarker' }, headers);
  }
  return { ...version, content };
}

/** If-Match beats If-Unmodified-Since, and If-None-Match beats If-Modified-Since. */
function checkConditions(exchange: Exchange, { content, lastModified }: ObjectVersion): 200 | 304 {
  const matches = (list: string) => list.trim() === '*' || list.split(',').some((each) => unquoted(each) === content?.etag);
  const newerThan = (date: string) => Math.floor(lastModified.getTime() / 1000) * 1000 > Date.parse(date);
  const ifMatch = exchange.header('if-match');
  const ifNoneMatch = exchange.header('if-none-match');
  const ifModifiedSince = exchange.header('if-modified-since');
  const ifUnmodifiedSince = exchange.header('if-unmodified-since');
  if (ifMatch !== undefined && !matches(ifMatch)) {
    throw preconditionFailed('If-Match');
  }
  if (ifMatch === undefined && ifUnmodifiedSince !== undefined && newerThan(ifUnmodifiedSince)) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) {
    return matches(ifNoneMatch) ? 304 : 200;
  }
  return ifModifiedSince !== undefined && !newerThan(ifModifiedSince) ? 304 : 200;
}

/** A range that cannot be read is passed over, as HTTP wants it; one that lies outside is refused. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '') || (first !== '' && last !== '' && Number(last) < Number(first))) {
    return undefined;
  }
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size) {
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', { RangeRequested: header ?? '', ActualObjectSize: String(size) }, { 'content-range': `bytes */${size}` });
  }
  return { start, end };
}
