import type { Exchange } from './api';
import type { ObjectVersion } from './bucket';
import { invalidArgument } from './error';
import { toXml, type Element } from './xml';

const MOST_KEYS = 1000;

interface Page {
  readonly items: ObjectVersion[];
  readonly commonPrefixes: string[];
  /** The last thing on this page, where there is more. */
  readonly last?: { readonly key: string; readonly versionId?: string };
}

export function listObjectsV2(exchange: Exchange): void {
  const { bucket, query } = exchange;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const after = token === null ? startAfter ?? '' : Buffer.from(token, 'base64url').toString();
  if (token !== null && after === '') {
    throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
  }
  const newest = bucket.list().filter((version, index, all) => version.key !== all[index - 1]?.key && version.content);
  const page = paginate(exchange, newest, ({ key }, prefix) => Buffer.compare(Buffer.from(prefix ?? key), Buffer.from(after)) > 0);
  const encode = encoder(exchange);
  exchange.respond(200, {}, toXml('ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(query.get('prefix') ?? ''),
    Delimiter: optional(query.get('delimiter'), encode),
    StartAfter: optional(startAfter, encode),
    EncodingType: query.get('encoding-type') ?? undefined,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.last && Buffer.from(page.last.key).toString('base64url'),
    KeyCount: page.items.length + page.commonPrefixes.length,
    MaxKeys: maxKeys(exchange),
    IsTruncated: page.last !== undefined,
    Contents: page.items.map((version) => describe(version, encode)),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  }));
}

export function listObjectVersions(exchange: Exchange): void {
  const { bucket, query } = exchange;
  const all = bucket.list();
  const keyMarker = query.get('key-marker');
  const versionIdMarker = query.get('version-id-marker');
  const marked = versionIdMarker === null ? -1 : all.findIndex(({ key, versionId }) => key === keyMarker && versionId === versionIdMarker);
  const after = Buffer.from(keyMarker ?? '');
  const page = paginate(exchange, all, (version, prefix) =>
    marked >= 0 ? all.indexOf(version) > marked : Buffer.compare(Buffer.from(prefix ?? version.key), after) > 0);
  const encode = encoder(exchange);
  const newest = (version: ObjectVersion) => bucket.find(version.key) === version;
  const entries = (deleted: boolean) => page.items.filter(({ content }) => !content === deleted)
    .map((version) => ({ ...describe(version, encode), VersionId: version.versionId, IsLatest: newest(version) }));
  exchange.respond(200, {}, toXml('ListVersionsResult', {
    Name: bucket.name,
    Prefix: encode(query.get('prefix') ?? ''),
    Delimiter: optional(query.get('delimiter'), encode),
    EncodingType: query.get('encoding-type') ?? undefined,
    KeyMarker: encode(keyMarker ?? ''),
    VersionIdMarker: versionIdMarker ?? '',
    NextKeyMarker: page.last && encode(page.last.key),
    NextVersionIdMarker: page.last?.versionId,
    MaxKeys: maxKeys(exchange),
    IsTruncated: page.last !== undefined,
    Version: entries(false),
    DeleteMarker: entries(true),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  }));
}

/** Keys that share a prefix up to the delimiter count once. */
function paginate(exchange: Exchange, versions: ObjectVersion[], isAfter: (version: ObjectVersion, commonPrefix?: string) => boolean): Page {
  const prefix = exchange.query.get('prefix') ?? '';
  const delimiter = exchange.query.get('delimiter') ?? '';
  const limit = maxKeys(exchange);
  const items: ObjectVersion[] = [];
  const commonPrefixes: string[] = [];
  let last: Page['last'];
  for (const version of versions) {
    if (!version.key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : version.key.indexOf(delimiter, prefix.length);
    const commonPrefix = cut < 0 ? undefined : version.key.slice(0, cut + delimiter.length);
    if (!isAfter(version, commonPrefix) || (commonPrefix !== undefined && commonPrefixes.at(-1) === commonPrefix)) continue;
    if (items.length + commonPrefixes.length === limit) {
      return { items, commonPrefixes, last };
    }
    if (commonPrefix === undefined) {
      items.push(version);
      last = { key: version.key, versionId: version.versionId };
    } else {
      commonPrefixes.push(commonPrefix);
      last = { key: commonPrefix };
    }
  }
  return { items, commonPrefixes };
}

function describe({ key, content, lastModified }: ObjectVersion, encode: (text: string) => string): Record<string, Element> {
  return {
    Key: encode(key),
    LastModified: lastModified.toISOString(),
    ...content && { ETag: `"${content.etag}"`, Size: content.size, StorageClass: 'STANDARD' },
  };
}

function maxKeys({ query }: Exchange): number {
  const text = query.get('max-keys') ?? String(MOST_KEYS);
  if (!/^\d+$/.test(text)) {
    throw invalidArgument('max-keys', text, 'Provided max-keys not an integer or within integer range');
  }
  return Math.min(MOST_KEYS, Number(text));
}

function encoder({ query }: Exchange): (text: string) => string {
  return query.get('encoding-type') === 'url' ? (text) => encodeURIComponent(text).replaceAll('%2F', '/') : (text) => text;
}

function optional(value: string | null, encode: (text: string) => string): string | undefined {
  return value === null ? undefined : encode(value);
}
