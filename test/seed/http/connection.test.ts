import { once } from 'node:events';
import type * as net from 'node:net';
import { createSecureContext } from 'node:tls';
import { CERTIFICATE } from './loopback-certificate';
import { scriptedServer, type Script, type ScriptedServer } from './scripted-server';
import { verdictOn } from '../../../seed/condition';
import { Connection, type Timeouts } from '../../../seed/http/connection';

const STORED = 'HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n';
const PATIENT: Timeouts = { connect: 10_000, idle: 10_000, attempt: 10_000 };

let server: ScriptedServer;
let connection: Connection;

async function connect(script: Script, timeouts: Partial<Timeouts> = {}, secure = false): Promise<void> {
  server = await scriptedServer(script, secure);
  const secureContext = secure ? createSecureContext({ ca: CERTIFICATE }) : undefined;
  connection = new Connection({ host: '127.0.0.1', port: server.port, secureContext }, { ...PATIENT, ...timeouts });
}

function put(body = Buffer.alloc(524_288), signal?: AbortSignal) {
  return connection.send(`PUT / HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n`, body, signal);
}

const answer = (text: string): Script => ({ onRequest: ({ socket }) => socket.write(text) });
const isReusable = () => connection.isReusable(Date.now());

afterEach(async () => {
  connection.destroy(new Error('the test is over'));
  await server.close();
});

describe.each([{ protocol: 'HTTP', secure: false }, { protocol: 'HTTPS', secure: true }])('over $protocol', ({ secure }) => {
  test('requests follow each other on one connection', async () => {
    await connect(answer(STORED), {}, secure);
    for (let request = 0; request < 3; request++) {
      expect((await put()).status).toBe(201);
      expect(isReusable()).toBe(true);
    }
    expect(server.requests.map(({ connection: number }) => number)).toEqual([1, 1, 1]);
  });

  test('a long answer goes straight to its destination, and the next request finds the connection well', async () => {
    const bytes = Buffer.alloc(524_288, 'all that is asked for ');
    await connect({ onRequest: ({ socket }) => socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 206 Part\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes])) }, {}, secure);
    for (let request = 0; request < 3; request++) {
      const into = Buffer.alloc(bytes.length);
      let filled = 0;
      const { status, body } = await connection.send('GET / HTTP/1.1\r\n\r\n', Buffer.alloc(0), undefined, { place: () => into, filled: (count) => filled += count });
      expect([status, body.length, filled, into.equals(bytes)]).toEqual([206, 0, bytes.length, true]);
      expect(isReusable()).toBe(true);
    }
    expect(server.connections).toBe(1);
  });

  test('an answer is read from packets of one byte', async () => {
    const dribble = async (socket: net.Socket) => {
      for (const byte of STORED) {
        socket.write(byte);
        await new Promise(setImmediate);
      }
    };
    await connect({ onRequest: ({ socket }) => void dribble(socket) }, {}, secure);
    expect((await put()).status).toBe(201);
    expect(isReusable()).toBe(true);
  });

  test('an answer that closes the connection is the last', async () => {
    await connect(answer('HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'), {}, secure);
    expect((await put()).status).toBe(201);
    expect(isReusable()).toBe(false);
  });

  test('an answer that ends with the connection is read to its end', async () => {
    await connect({ onRequest: ({ socket }) => socket.end('HTTP/1.1 500 x\r\n\r\nsorry') }, {}, secure);
    const { status, body } = await put();
    expect([status, body.toString()]).toEqual([500, 'sorry']);
    expect(isReusable()).toBe(false);
  });

  test('a refusal before the end of the request ends it, and the connection', async () => {
    const refuse: Script = { onHead: ({ socket }) => socket.pause().write('HTTP/1.1 400 x\r\ncontent-length: 2\r\n\r\n{}') };
    await connect(refuse, {}, secure);
    expect((await put(Buffer.alloc(64 * 1024 * 1024))).status).toBe(400);
    expect(isReusable()).toBe(false);
  });

  test('a success before the end of the request is not believed', async () => {
    await connect({ onHead: ({ socket }) => socket.pause().write(STORED) }, { attempt: 300 }, secure);
    await expect(put(Buffer.alloc(64 * 1024 * 1024))).rejects.toThrow('no answer from');
  });

  test('a success before the end of the request counts once all of it was taken', async () => {
    await connect({ onHead: ({ socket }) => socket.write(STORED) }, {}, secure);
    expect((await put(Buffer.alloc(16 * 1024 * 1024))).status).toBe(201);
    expect(isReusable()).toBe(true);
  });

  test('bytes that come unasked end a resting connection', async () => {
    await connect(answer(STORED), {}, secure);
    await put();
    const [{ socket }] = server.requests;
    socket.write(STORED);
    await once(socket, 'close');
    expect(isReusable()).toBe(false);
  });

  test('the peer may close a resting connection', async () => {
    await connect(answer(STORED), {}, secure);
    await put();
    const [{ socket }] = server.requests;
    socket.end();
    await once(socket, 'close');
    expect(isReusable()).toBe(false);
  });

  test.each([
    { name: 'without an answer', text: '', says: 'without an answer' },
    { name: 'within the status line', text: 'HTTP/1.1 20', says: 'in the middle of its answer' },
    { name: 'within the headers', text: 'HTTP/1.1 201 x\r\ncontent-', says: 'in the middle of its answer' },
    { name: 'within the body', text: 'HTTP/1.1 201 x\r\ncontent-length: 5\r\n\r\nhi', says: 'in the middle of its answer' },
    { name: 'within a chunk', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhi', says: 'in the middle of its answer' },
    { name: 'before the last chunk', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n', says: 'in the middle of its answer' },
  ])('a connection closed $name is worth another try', async ({ text, says }) => {
    await connect({ onRequest: ({ socket }) => socket.end(text) }, {}, secure);
    const error = await put().catch((reason: Error) => reason);
    expect(error).toMatchObject({ message: expect.stringContaining(says), code: 'ECONNRESET' });
    expect(verdictOn(error).retry).toBe('in-budget');
  });

  test('a request that is aborted fails with the reason and takes its connection with it', async () => {
    const abort = new AbortController();
    await connect({ onHead: () => abort.abort(new Error('changed my mind')) }, {}, secure);
    await expect(put(undefined, abort.signal)).rejects.toThrow('changed my mind');
    expect(isReusable()).toBe(false);
  });

  test.each([
    { what: 'no answer', timeouts: { attempt: 100 }, message: 'within 100 ms' },
    { what: 'no byte', timeouts: { idle: 100 }, message: 'for 100 ms' },
  ])('$what in time is worth another try', async ({ timeouts, message }) => {
    await connect({}, timeouts, secure);
    const error = await put().catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining(message) });
    expect(verdictOn(error).retry).toBe('in-budget');
    expect(isReusable()).toBe(false);
  });
});

test('a connection that the peer keeps for a moment only is not used again', async () => {
  await connect(answer('HTTP/1.1 201 Created\r\nkeep-alive: timeout=1\r\ncontent-length: 0\r\n\r\n'));
  await put();
  expect(isReusable()).toBe(false);
});

test('a connection is used as long as the peer keeps it', async () => {
  await connect(answer('HTTP/1.1 201 Created\r\nkeep-alive: timeout=60, max=100\r\ncontent-length: 0\r\n\r\n'));
  await put();
  expect(connection.isReusable(Date.now() + 50_000)).toBe(true);
  expect(connection.isReusable(Date.now() + 60_000)).toBe(false);
});

test('a second answer is not taken for that of the next request', async () => {
  await connect(answer(STORED + STORED));
  expect((await put()).status).toBe(201);
  expect(isReusable()).toBe(false);
});

test('an answer longer than its length ends the connection, one that is malformed the request', async () => {
  await connect({ onRequest: ({ socket }) => socket.write('HTTP/1.1 201 x\r\ncontent-length: 1\r\n\r\nabc') });
  expect((await put()).body.toString()).toBe('a');
  expect(isReusable()).toBe(false);
  await server.close();

  await connect({ onRequest: ({ socket }) => socket.write('SSH-2.0-x') });
  await expect(put()).rejects.toThrow('answer is not valid HTTP/1.1');
  expect(isReusable()).toBe(false);
});

test('a reset is reported with its code', async () => {
  await connect({ onRequest: ({ socket }) => socket.resetAndDestroy() });
  await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a port that nobody listens to is reported with its code', async () => {
  await connect({});
  await server.close();
  await expect(put()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  server = await scriptedServer({});
});

test('a handshake that does not come is given up', async () => {
  server = await scriptedServer({});
  const secureContext = createSecureContext({ ca: CERTIFICATE });
  connection = new Connection({ host: '127.0.0.1', port: server.port, secureContext }, { ...PATIENT, connect: 100 });
  await expect(put()).rejects.toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('no connection to') });
});

test('nothing is sent to a peer whose certificate is not trusted', async () => {
  server = await scriptedServer({}, true);
  connection = new Connection({ host: '127.0.0.1', port: server.port, secureContext: createSecureContext() }, PATIENT);
  await expect(put()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(server.requests).toEqual([]);
});

test('nothing is sent to a peer whose certificate is for another name', async () => {
  server = await scriptedServer({}, true);
  connection = new Connection({ host: '127.0.0.2', port: server.port, secureContext: createSecureContext({ ca: CERTIFICATE }) }, PATIENT);
  await expect(put()).rejects.toThrow();
  expect(server.requests).toEqual([]);
});
