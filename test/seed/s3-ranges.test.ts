import { S3Client } from '@aws-sdk/client-s3';
import { scriptedServer, headerOf, type Received, type ScriptedServer } from './http/scripted-server';
import { anImage, BLOCK_SIZE } from './seeding';
import { VirtualClock } from './virtual-clock';
import type { Timeouts } from '../../seed/http/connection';
import { Retrier } from '../../seed/retrier';
import { S3Source } from '../../seed/s3-source';

const IMAGE = anImage(3 * BLOCK_SIZE + 11);
const ETAG = '"the-etag"';
const PATIENT: Timeouts = { connect: 10_000, idle: 10_000, attempt: 10_000 };

let server: ScriptedServer;
let client: S3Client;
let source: S3Source;

/** A bucket that answers what the test says, and what it should when the test has nothing to say. */
async function serve(
  answer: (request: Received, number: number) => boolean | void,
  { timeouts = PATIENT, versionId }: { timeouts?: Timeouts; versionId?: string } = {},
) {
  let number = 0;
  server = await scriptedServer({
    onRequest: (request) => {
      number++;
      if (answer(request, number) !== true) {
        request.socket.write(Buffer.concat([Buffer.from(headFor(request)), bytesFor(request)]));
      }
    },
  });
  client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`, region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, forcePathStyle: true, maxAttempts: 3,
  });
  const object = { bucket: 'images', key: 'a disk (1).img', versionId, etag: ETAG, sizeInBytes: IMAGE.length };
  source = new S3Source(client, object, new Retrier({ clock: new VirtualClock() }), timeouts);
}

function rangeOf(request: Received): { first: number; last: number } {
  const [first, last] = (headerOf(request, 'range') ?? '').replace('bytes=', '').split('-').map(Number);
  return { first, last };
}

function bytesFor(request: Received): Buffer {
  const { first, last } = rangeOf(request);
  return IMAGE.subarray(first, last + 1);
}

function headFor(request: Received, { status = '206 Partial Content', shift = 0, length = bytesFor(request).length, etag = ETAG } = {}): string {
  const { first, last } = rangeOf(request);
  const range = `bytes ${first + shift}-${last + shift}/${IMAGE.length}`;
  return `HTTP/1.1 ${status}\r\netag: ${etag}\r\ncontent-range: ${range}\r\ncontent-length: ${length}\r\n\r\n`;
}

function refuse({ socket }: Received, status: string, code: string): true {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as the test wants it</Message></Error>`;
  socket.write(`HTTP/1.1 ${status}\r\ncontent-type: application/xml\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  return true;
}

async function block(index: number, signal?: AbortSignal): Promise<Buffer> {
  const into = Buffer.alloc(BLOCK_SIZE, 0xff);
  await source.readBlock(index, into, signal);
  return into;
}

async function expectWhole(): Promise<void> {
  expect((await block(1)).equals(IMAGE.subarray(BLOCK_SIZE, 2 * BLOCK_SIZE))).toBe(true);
}

const ranges = () => server.requests.map((request) => headerOf(request, 'range'));

afterEach(async () => {
  await source.close();
  client.destroy();
  await server.close();
});

test('every block is asked for once, by its range, on connections that are kept', async () => {
  await serve(() => undefined);
  for (const index of [0, 1, 2, 3]) {
    const expected = Buffer.alloc(BLOCK_SIZE);
    IMAGE.copy(expected, 0, index * BLOCK_SIZE);
    expect((await block(index)).equals(expected)).toBe(true);
  }
  expect(ranges()).toEqual(['bytes=0-524287', 'bytes=524288-1048575', 'bytes=1048576-1572863', 'bytes=1572864-1572874']);
  expect(server.connections).toBe(1);
});

test('every request names the version and the ETag, and is signed without its range', async () => {
  await serve(() => undefined, { versionId: 'version/1' });
  await block(0);
  const [request] = server.requests;
  expect(request.head).toMatch(/^GET \/images\/a%20disk%20%281%29\.img\?versionId=version%2F1&x-id=GetObject HTTP\/1\.1\r\n/);
  expect(headerOf(request, 'if-match')).toBe(ETAG);
  expect(headerOf(request, 'host')).toBe(`127.0.0.1:${server.port}`);
  expect(headerOf(request, 'authorization')).toMatch(/SignedHeaders=(?=[^,]*host)(?=[^,]*x-amz-date)(?![^,]*range)[^,]*, Signature=/);
});

test('of an answer that breaks off only the rest is asked for again', async () => {
  await serve((request, number) => {
    if (number < 3) {
      request.socket.end(Buffer.concat([Buffer.from(headFor(request)), bytesFor(request).subarray(0, 100_000)]));
      return true;
    }
    return false;
  });
  await expectWhole();
  expect(ranges()).toEqual(['bytes=524288-1048575', 'bytes=624288-1048575', 'bytes=724288-1048575']);
});

test('a connection that is reset in the middle of an answer is no loss', async () => {
  await serve((request, number) => number === 1 && request.socket.write(
    Buffer.concat([Buffer.from(headFor(request)), bytesFor(request).subarray(0, 300_000)]),
    () => request.socket.resetAndDestroy(),
  ) !== undefined);
  await expectWhole();
  expect(server.requests).toHaveLength(2);
});

test('an answer that stalls is given up and asked for again', async () => {
  await serve((request, number) => number === 1 && request.socket.write(headFor(request)) !== undefined, { timeouts: { ...PATIENT, idle: 50 } });
  await expectWhole();
  expect(ranges()).toEqual(['bytes=524288-1048575', 'bytes=524288-1048575']);
});

test('an answer that comes in small pieces is put together', async () => {
  const dribble = async ({ socket }: Received, bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += at < 600 ? 7 : 9_999) {
      socket.write(bytes.subarray(at, at + (at < 600 ? 7 : 9_999)));
      await new Promise(setImmediate);
    }
  };
  await serve((request) => {
    void dribble(request, Buffer.concat([Buffer.from(headFor(request)), bytesFor(request)]));
    return true;
  });
  await expectWhole();
});

test.each([
  ['another range', { shift: 1 }],
  ['the whole object', { status: '200 OK' }],
])('an answer with %s is not believed', async (_, wrong) => {
  await serve((request) => request.socket.write(headFor(request, wrong)) !== undefined);
  await expect(block(1)).rejects.toThrow(/must answer with status 206 and "bytes 524288-1048575\/1572875", got \d+ and "bytes/);
  expect(server.requests).toHaveLength(1);
});

test('an answer with another length than its range is asked for again', async () => {
  await serve((request, number) => number === 1 && request.socket.write(headFor(request, { length: BLOCK_SIZE - 1 })) !== undefined);
  await expectWhole();
  expect(server.requests).toHaveLength(2);
});

test.each([['412 Precondition Failed', 'PreconditionFailed'], ['404 Not Found', 'NoSuchKey'], ['404 Not Found', 'NoSuchVersion']])('%s (%s) says that the object was changed', async (status, code) => {
  await serve((request) => refuse(request, status, code));
  await expect(block(1)).rejects.toThrow('is no longer the object with the ETag');
  expect(server.requests).toHaveLength(1);
});

test('an answer with another ETag says so, too', async () => {
  await serve((request) => request.socket.write(headFor(request, { etag: '"another"' })) !== undefined);
  await expect(block(1)).rejects.toMatchObject({ cause: { name: 'SourceChangedError' } });
});

test.each([['503 Slow Down', 'SlowDown'], ['500 Internal Server Error', 'InternalError']])('%s is a reason to try again, once for each', async (status, code) => {
  await serve((request, number) => number < 3 && refuse(request, status, code));
  await expectWhole();
  expect(server.requests).toHaveLength(3);
});

test('a refusal is passed on as the SDK names it', async () => {
  await serve((request) => refuse(request, '403 Forbidden', 'AccessDenied'));
  await expect(block(1)).rejects.toThrow('AccessDenied: as the test wants it');
});

test('a signal ends what is under way', async () => {
  const stop = new AbortController();
  await serve((request) => {
    request.socket.write(headFor(request), () => stop.abort(new Error('enough')));
    return true;
  });
  await expect(block(1, stop.signal)).rejects.toThrow('enough');
});

test('a source that was closed asks for nothing', async () => {
  await serve(() => undefined);
  await source.close();
  await expect(block(1)).rejects.toThrow('the source is closed');
  expect(server.requests).toEqual([]);
});
