import type { Exchange } from './api';
import { readText } from './body';
import { S3Error } from './error';
import type { S3Service } from './index';
import { fromXml, toXml } from './xml';

const LONGEST_BODY_BYTES = 1024 * 1024;
const MOST_DELETED_AT_ONCE = 1000;

export function listBuckets(exchange: Exchange, service: S3Service): void {
  const buckets = service.list().map(({ name, creationDate, region }) => (
    { Name: name, CreationDate: creationDate.toISOString(), BucketRegion: region }
  ));
  exchange.respond(200, {}, toXml('ListAllMyBucketsResult', { Owner: { ID: 'local' }, Buckets: { Bucket: buckets } }));
}

export async function createBucket(exchange: Exchange, service: S3Service): Promise<void> {
  const text = await readText(exchange.request, LONGEST_BODY_BYTES);
  const constraint = text === '' ? undefined : fromXml(text, 'CreateBucketConfiguration').LocationConstraint;
  const wanted = typeof constraint === 'string' ? constraint : 'us-east-1';
  if (wanted !== exchange.region) {
    throw new S3Error(400, 'IllegalLocationConstraintException', `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`);
  }
  await service.createBucket(exchange.bucketName, { region: exchange.region });
  exchange.respond(200, { location: `/${exchange.bucketName}` });
}

export async function deleteBucket(exchange: Exchange, service: S3Service): Promise<void> {
  await service.deleteBucket(exchange.bucket.name);
  exchange.respond(204);
}

export function headBucket(exchange: Exchange): void {
  exchange.respond(200, { 'x-amz-bucket-region': exchange.bucket.region });
}

export function getLocation(exchange: Exchange): void {
  const { region } = exchange.bucket;
  exchange.respond(200, {}, toXml('LocationConstraint', { '#text': region === 'us-east-1' ? '' : region }));
}

export function getEncryption(exchange: Exchange): void {
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false };
  exchange.respond(200, {}, toXml('ServerSideEncryptionConfiguration', { Rule: rule }));
}

export function getVersioning(exchange: Exchange): void {
  exchange.respond(200, {}, toXml('VersioningConfiguration', exchange.bucket.versioned ? { Status: 'Enabled' } : {}));
}

export function getTagging(exchange: Exchange): void {
  const tags = Object.entries(exchange.bucket.tags);
  if (tags.length === 0) {
    throw new S3Error(404, 'NoSuchTagSet', 'The TagSet does not exist', { BucketName: exchange.bucket.name });
  }
  exchange.respond(200, {}, toXml('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } }));
}

export async function deleteObjects(exchange: Exchange): Promise<void> {
  const { bucket, request } = exchange;
  const { Object: objects = [], Quiet: quiet } = fromXml(await readText(request, LONGEST_BODY_BYTES * 2), 'Delete') as {
    Object?: Array<{ Key: string; VersionId?: string }>;
    Quiet?: string;
  };
  if (objects.length === 0 || objects.length > MOST_DELETED_AT_ONCE) {
    throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
  }
  const deleted = [];
  for (const { Key, VersionId } of objects) {
    const version = await bucket.delete(Key, VersionId);
    const marker = version && !version.content ? { DeleteMarker: true, DeleteMarkerVersionId: version.versionId } : {};
    deleted.push({ Key, VersionId, ...marker });
  }
  exchange.respond(200, {}, toXml('DeleteResult', quiet === 'true' ? {} : { Deleted: deleted }));
}
