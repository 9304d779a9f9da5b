import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { CERTIFICATE } from './loopback-certificate';
import { headerOf, scriptedServer, type Received, type Script, type ScriptedServer } from './scripted-server';
import { BLOCK_SIZE, digestOf } from '../../../seed/block';
import { describeError, verdictOn } from '../../../seed/condition';
import { Signer } from '../../../seed/http/signer';
import { SocketTransport } from '../../../seed/http/socket-transport';
import { SdkTransport } from '../../../seed/sdk-transport';

const SNAPSHOT = 'snap-0123456789abcdef0';
const BLOCK = Buffer.alloc(BLOCK_SIZE, 7);
const DIGEST = digestOf(BLOCK);
const CHECKSUM = DIGEST.toString('base64');

const STORED: Script = {
  onRequest: ({ socket }) => socket.write(`HTTP/1.1 201 Created\r\nx-amz-Checksum: ${CHECKSUM}\r\nx-amz-Checksum-Algorithm: SHA256\r\ncontent-length: 0\r\n\r\n`),
};

const environment = { ...process.env };
const closing: (() => unknown)[] = [];
let server: ScriptedServer;

async function serve(script: Script, secure = false): Promise<void> {
  server = await scriptedServer(script, secure);
  closing.push(() => server.close());
  process.env.AWS_ENDPOINT_URL_EBS = `${secure ? 'https' : 'http'}://127.0.0.1:${server.port}`;
}

function socketTransport(...timeouts: ConstructorParameters<typeof SocketTransport>): SocketTransport {
  const transport = new SocketTransport(...timeouts);
  closing.push(() => transport.close());
  return transport;
}

function sdkTransport(): SdkTransport {
  const transport = new SdkTransport(1);
  closing.push(() => transport.close());
  return transport;
}

const put = (transport: SdkTransport, index = 3) => transport.put(SNAPSHOT, index, BLOCK, DIGEST);

beforeEach(() => {
  process.env = { ...environment, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
});

afterEach(async () => {
  process.env = { ...environment };
  for (const close of closing.splice(0).reverse()) {
    await close();
  }
});

/** Signs again what came, and expects to arrive at the same signature. */
function expectSigned(request: Received, service = 'ebs'): void {
  const authorization = headerOf(request, 'authorization') ?? '';
  const [, accessKeyId, names] = /Credential=([^/]+)\/.*SignedHeaders=([^,]+),/.exec(authorization) ?? [];
  const headers = names.split(';').map((name) => [name, headerOf(request, name) ?? ''] as const);
  const [method, requestPath] = request.head.split(' ');
  const payloadHash = headerOf(request, 'x-amz-content-sha256') ?? '';
  const timestamp = headerOf(request, 'x-amz-date') ?? '';
  const again = new Signer('eu-west-1', service).authorization({ method, path: requestPath, headers, payloadHash }, { accessKeyId, secretAccessKey: 'secret' }, timestamp);
  expect(authorization).toBe(again);
}

describe('a block', () => {
  test('is put as the SDK puts it', async () => {
    await serve(STORED);
    expect(await put(sdkTransport())).toBe(CHECKSUM);
    expect(await put(socketTransport(1))).toBe(CHECKSUM);
    const [bySdk, bySocket] = server.requests;
    expect(bySocket.head.split('\r\n')[0]).toBe(bySdk.head.split('\r\n')[0]);
    for (const name of ['host', 'content-length', 'content-type', 'x-amz-checksum', 'x-amz-checksum-algorithm', 'x-amz-data-length', 'x-amz-content-sha256']) {
      expect([name, headerOf(bySocket, name)]).toEqual([name, headerOf(bySdk, name)]);
    }
    expectSigned(bySdk);
    expectSigned(bySocket);
  });

  test('carries its digest as the hash of the payload over HTTP', async () => {
    await serve(STORED);
    await put(socketTransport(1));
    expect(headerOf(server.requests[0], 'x-amz-content-sha256')).toBe(createHash('sha256').update(BLOCK).digest('hex'));
  });

  test('stays unsigned over HTTPS, to a peer that AWS_CA_BUNDLE trusts', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certificates-'));
    closing.push(() => fs.rmSync(folder, { recursive: true }));
    process.env.AWS_CA_BUNDLE = path.join(folder, 'bundle.pem');
    fs.writeFileSync(process.env.AWS_CA_BUNDLE, CERTIFICATE);
    await serve(STORED, true);
    const transport = socketTransport(1);
    expect([await put(transport), await put(transport)]).toEqual([CHECKSUM, CHECKSUM]);
    expect(headerOf(server.requests[0], 'x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD');
    expect(server.connections).toBe(1);
    expectSigned(server.requests[0]);
  });

  test('is not sent to a peer that nobody trusts', async () => {
    await serve(STORED, true);
    await expect(put(socketTransport(1))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(server.requests).toEqual([]);
  });

  test('finds its way behind the path of an endpoint', async () => {
    await serve(STORED);
    process.env.AWS_ENDPOINT_URL_EBS += '/behind/a%20proxy';
    await put(sdkTransport());
    await put(socketTransport(1));
    const [bySdk, bySocket] = server.requests;
    expect(bySocket.head.split(' ')[1]).toBe(`/behind/a%20proxy/snapshots/${SNAPSHOT}/blocks/3`);
    expect(bySocket.head.split(' ')[1]).toBe(bySdk.head.split(' ')[1]);
    expectSigned(bySocket);
  });

  test('must be a whole one', async () => {
    await serve(STORED);
    await expect(socketTransport(1).put(SNAPSHOT, 0, BLOCK.subarray(1), DIGEST)).rejects.toThrow('block 0 must have 524288 bytes, got 524287');
  });

  test('is not begun with an AWS_CA_BUNDLE that cannot be read', () => {
    process.env.AWS_CA_BUNDLE = '/nowhere/bundle.pem';
    expect(() => socketTransport(1)).toThrow('AWS_CA_BUNDLE "/nowhere/bundle.pem" must name a readable file');
  });
});

test('the requests that go by the SDK trust whom AWS_CA_BUNDLE names, too', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certificates-'));
  closing.push(() => fs.rmSync(folder, { recursive: true }));
  await serve(STORED, true);
  await expect(put(sdkTransport())).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  process.env.AWS_CA_BUNDLE = path.join(folder, 'bundle.pem');
  fs.writeFileSync(process.env.AWS_CA_BUNDLE, CERTIFICATE);
  expect(await put(sdkTransport())).toBe(CHECKSUM);
});

describe('connections', () => {
  test('are used again, one for each block in flight', async () => {
    await serve(STORED);
    const transport = socketTransport(4);
    for (let round = 0; round < 3; round++) {
      await Promise.all([0, 1, 2, 3].map((index) => put(transport, index)));
    }
    expect(server.requests).toHaveLength(12);
    expect(server.connections).toBe(4);
  });

  test('are replaced after a failure', async () => {
    let requests = 0;
    await serve({
      onRequest: (request) => {
        requests++;
        if (requests === 1) {
          request.socket.destroy();
        } else {
          STORED.onRequest?.(request);
        }
      },
    });
    const transport = socketTransport(1);
    await expect(put(transport)).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });
    expect(await put(transport)).toBe(CHECKSUM);
    expect(server.connections).toBe(2);
  });

  test('end with the transport', async () => {
    await serve({});
    const transport = socketTransport(1);
    const waiting = put(transport);
    waiting.catch(() => undefined);
    while (server.requests.length === 0) await new Promise(setImmediate);
    transport.close();
    await expect(waiting).rejects.toThrow('the transport was closed');
    await expect(put(transport)).rejects.toThrow('the transport is closed');
  });
});

test('credentials are asked for again when they expire', async () => {
  let generation = 0;
  const provider = http.createServer((_, response) => {
    generation++;
    const Expiration = new Date(Date.now() + 60_000).toISOString();
    response.end(JSON.stringify({ AccessKeyId: `AKID${generation}`, SecretAccessKey: 'secret', Token: `token${generation}`, Expiration }));
  });
  await new Promise<void>((listening) => provider.listen(0, '127.0.0.1', listening));
  closing.push(() => provider.close());
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`;
  await serve(STORED);
  const transport = socketTransport(1);
  await put(transport);
  await put(transport);
  const [first, second] = server.requests;
  expect(headerOf(first, 'authorization')).not.toBe(headerOf(second, 'authorization'));
  const tokens = [first, second].map((request) => headerOf(request, 'x-amz-security-token'));
  expect(new Set(tokens).size).toBe(2);
  expectSigned(first);
  expectSigned(second);
});

test('a put without credentials fails with the reason, and succeeds once there are some', async () => {
  await serve(STORED);
  delete process.env.AWS_ACCESS_KEY_ID;
  Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' });
  const transport = socketTransport(1);
  await expect(put(transport)).rejects.toMatchObject({ name: 'CredentialsProviderError' });
  process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE';
  expect(await put(transport)).toBe(CHECKSUM);
});

describe('a refusal is the error that the SDK throws', () => {
  const json = (status: number, type: string, body: object, header = true) => {
    const text = JSON.stringify(header ? body : { __type: type, ...body });
    return `HTTP/1.1 ${status} x\r\n${header ? `x-amzn-errortype: ${type}\r\n` : ''}x-amzn-requestid: 1234\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  };

  test.each([
    ['RequestThrottledException of the snapshot', json(400, 'RequestThrottledException', { Message: 'slow down', Reason: 'RESOURCE_LEVEL_THROTTLE' })],
    ['RequestThrottledException of the account', json(400, 'RequestThrottledException', { message: 'slow down', Reason: 'ACCOUNT_THROTTLED' }, false)],
    ['ThrottlingException', json(400, 'ThrottlingException:http://internal/', { message: 'rate exceeded' })],
    ['a type with its namespace', json(400, 'com.amazonaws.ebs#ValidationException', { Message: 'Failed to read block data' }, false)],
    ['ValidationException with a reason', json(400, 'ValidationException', { Message: 'no', Reason: 'CONFLICTING_BLOCK_UPDATE' })],
    ['ResourceNotFoundException', json(404, 'ResourceNotFoundException', { Message: 'no snapshot', Reason: 'SNAPSHOT_NOT_FOUND' })],
    ['AccessDeniedException', json(403, 'AccessDeniedException', { Message: 'not you', Reason: 'UNAUTHORIZED_ACCOUNT' })],
    ['ServiceQuotaExceededException', json(402, 'ServiceQuotaExceededException', { Message: 'too many' })],
    ['InternalServerException', json(500, 'InternalServerException', { Message: 'oh' })],
    ['a type nobody knows', json(418, 'TeapotException', { Message: 'short and stout' })],
    ['an error without a body', 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'],
    ['a page of a proxy', 'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<h1>sorry</h1>\n'],
    ['a redirection', 'HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'],
    ['chunks', 'HTTP/1.1 500 x\r\nx-amzn-errortype: InternalServerException\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{"Message":"oh"}\r\n0\r\n\r\n'],
  ])('%s', async (_, answer) => {
    await serve({ onRequest: ({ socket }) => socket.write(answer) });
    const refusal = async (transport: SdkTransport) => put(transport).then(() => undefined, (error: Error) => error);
    const bySdk = await refusal(sdkTransport());
    const bySocket = await refusal(socketTransport(1));
    expect(bySdk).toBeDefined();
    const marks = ({ name, message, ...rest }: Error & { Reason?: string; $metadata?: object; $fault?: string }) => (
      { name, message, reason: rest.Reason, fault: rest.$fault, metadata: { ...rest.$metadata, attempts: 1, totalRetryDelay: 0 } }
    );
    expect(marks(bySocket as Error)).toEqual(marks(bySdk as Error));
    expect(describeError(bySocket)).toBe(describeError(bySdk));
    expect(verdictOn(bySocket)).toEqual(verdictOn(bySdk));
  });
});
