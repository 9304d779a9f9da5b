import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as path from 'node:path';
import type { Bucket } from './bucket';
import * as buckets from './buckets';
import { noSuchBucket, notImplemented, S3Error } from './error';
import type { S3Service } from './index';
import { listObjectsV2, listObjectVersions } from './listing';
import type { MultipartUploads } from './multipart';
import * as objects from './objects';
import { toErrorXml } from './xml';

const ACCOUNT = '000000000000';

/** One request and its answer, with what the address says. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers of every answer. */
  readonly headers: Record<string, string>;
  /** Of the signature. */
  readonly region: string;
  readonly bucketName: string;
  readonly bucket: Bucket;
  readonly key: string;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** Where new bytes may be written. */
  newPath(): string;
  respond(statusCode: number, headers?: Record<string, string>, xml?: string): void;
}

type Operation = (exchange: Exchange, service: S3Service, uploads: MultipartUploads) => void | Promise<void>;

/** By method, what is addressed, and the query parameter that names a part of it; then the other parameters that are understood. */
const OPERATIONS: Record<string, [operation: Operation, ...parameters: string[]]> = {
  'GET service': [buckets.listBuckets],
  'PUT bucket': [buckets.createBucket],
  'HEAD bucket': [buckets.headBucket],
  'DELETE bucket': [buckets.deleteBucket],
  'GET bucket location': [buckets.getLocation],
  'GET bucket encryption': [buckets.getEncryption],
  'GET bucket versioning': [buckets.getVersioning],
  'GET bucket tagging': [buckets.getTagging],
  'GET bucket list-type': [listObjectsV2, 'prefix', 'delimiter', 'max-keys', 'continuation-token', 'start-after', 'encoding-type', 'fetch-owner'],
  'GET bucket versions': [listObjectVersions, 'prefix', 'delimiter', 'max-keys', 'key-marker', 'version-id-marker', 'encoding-type'],
  'POST bucket delete': [buckets.deleteObjects],
  'GET object': [objects.getObject, 'versionId'],
  'HEAD object': [objects.getObject, 'versionId'],
  'PUT object': [objects.putObject],
  'DELETE object': [objects.deleteObject, 'versionId'],
  'POST object uploads': [(exchange, _, uploads) => uploads.create(exchange)],
  'PUT object uploadId': [(exchange, _, uploads) => uploads.uploadPart(exchange), 'partNumber'],
  'POST object uploadId': [(exchange, _, uploads) => uploads.complete(exchange)],
  'DELETE object uploadId': [(exchange, _, uploads) => uploads.abort(exchange)],
};
const SUBRESOURCES = new Set(Object.keys(OPERATIONS).map((name) => name.split(' ')[2]));

/** The HTTP API of S3, path style. */
export async function answer(
  service: S3Service,
  uploads: MultipartUploads,
  directory: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const headers = { 'x-amz-request-id': requestId, 'x-amz-id-2': 'local' };
  const fail = (error: S3Error) => {
    request.resume(); // What is still coming must not block the connection.
    const xml = request.method === 'HEAD' ? '' : toErrorXml(error, requestId);
    response.writeHead(error.statusCode, { ...headers, ...error.headers, 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) }).end(xml);
  };
  try {
    const exchange = read(service, directory, request, response, headers);
    await find(exchange)(exchange, service, uploads);
  } catch (error) {
    if (request.destroyed && !request.complete || response.destroyed) {
      return; // The client is gone.
    }
    if (response.headersSent || !(error instanceof S3Error)) {
      throw error;
    }
    fail(error);
  }
}

function read(
  service: S3Service,
  directory: string,
  request: IncomingMessage,
  response: ServerResponse,
  common: Record<string, string>,
): Exchange {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [bucketName = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const region = regionOf(request, url);
  const bucket = service.find(bucketName);
  const header = (name: string) => request.headers[name] as string | undefined;
  if (bucket && (header('x-amz-expected-bucket-owner') ?? ACCOUNT) !== ACCOUNT) {
    throw new S3Error(403, 'AccessDenied', 'Access Denied');
  }
  if (bucket && bucket.region !== region && !url.searchParams.has('location')) {
    const message = 'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.';
    const endpoint = { Endpoint: `s3.${bucket.region}.amazonaws.com`, Bucket: bucketName };
    throw new S3Error(301, 'PermanentRedirect', message, endpoint, { 'x-amz-bucket-region': bucket.region });
  }
  return {
    request,
    response,
    headers: common,
    region,
    bucketName,
    get bucket() {
      if (!bucket) {
        throw noSuchBucket(bucketName);
      }
      return bucket;
    },
    key: rest.join('/'),
    query: url.searchParams,
    header,
    newPath: () => path.join(directory, randomUUID()),
    respond: (statusCode, headers = {}, xml = '') => {
      const content = xml === '' ? {} : { 'content-type': 'application/xml' };
      const length = statusCode === 204 || statusCode === 304 ? {} : { 'content-length': String(Buffer.byteLength(xml)) };
      request.resume();
      response.writeHead(statusCode, { ...common, ...content, ...length, ...headers }).end(xml);
    },
  };
}

function find({ request, bucketName, key, query }: Exchange): Operation {
  const addressed = key !== '' ? 'object' : bucketName !== '' ? 'bucket' : 'service';
  const subresource = Array.from(query.keys()).find((name) => SUBRESOURCES.has(name));
  const name = [request.method, addressed, subresource].filter(Boolean).join(' ');
  const [operation, ...parameters] = OPERATIONS[name] ?? [];
  if (!operation) {
    throw notImplemented([`${request.method} of ${addressed}`, ...query.keys()].join(' with '));
  }
  for (const parameter of query.keys()) {
    if (parameter !== subresource && parameter !== 'x-id' && !parameter.startsWith('X-Amz-') && !parameters.includes(parameter)) {
      throw notImplemented(`The query parameter '${parameter}'`);
    }
  }
  return operation;
}

function regionOf(request: IncomingMessage, url: URL): string {
  const credential = /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1] ?? url.searchParams.get('X-Amz-Credential') ?? '';
  const region = credential.split('/')[2];
  if (!region) {
    throw new S3Error(403, 'AccessDenied', 'Access Denied');
  }
  return region;
}
