import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { type ApiServer, clientConfiguration, serve } from './api-server';
import { S3Service } from '../../../local/platform/s3';

/* The service alone on a port of its own, a client in front of it, and an empty bucket for each test of the suite that imports this. */

export let directory: string;
export let service: S3Service;
export let client: S3Client;
export let Bucket: string;
let api: ApiServer;
let buckets = 0;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 's3-test-'));
  service = new S3Service({ directory });
  api = await serve((request, response) => service.handle(request, response));
  client = connect();
});

beforeEach(async () => {
  Bucket = `bucket-${buckets += 1}`;
  await service.createBucket(Bucket, { region: 'eu-west-1' });
});

afterAll(async () => {
  client.destroy();
  await api.close();
  rmSync(directory, { recursive: true });
});

export function connect(options: ConstructorParameters<typeof S3Client>[0] = {}): S3Client {
  return new S3Client({ ...clientConfiguration(api.endpoint), forcePathStyle: true, ...options });
}

export const put = (Key: string, Body: PutObjectCommandInput['Body'], more: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

export const get = (Key: string, more: object = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));

export const text = async (Key: string, more: object = {}) => (await get(Key, more)).Body?.transformToString();

export const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex');

/** An answer, or a refusal by name, for `toMatchObject`. */
export const status = (httpStatusCode: number, name?: string) => (
  { ...name !== undefined && { name }, $metadata: expect.objectContaining({ httpStatusCode }) }
);

/** What no SDK would send. */
export async function raw(method: string, target: string, headers: Record<string, string>, body: Buffer | string = ''): Promise<{ statusCode?: number; body: string }> {
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
