import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { AwsChunkedDecoder } from './aws-chunked';
import { S3Error } from './error';

const CHECKSUM_PREFIX = 'x-amz-checksum-';
const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];

/** Bytes that arrived and were written to a file. */
export interface Received {
  readonly path: string;
  readonly size: number;
  /** Hexadecimal */
  readonly md5: string;
  /** The checksum that the sender gave, by the name of its header. */
  readonly checksum?: { readonly header: string; readonly value: string };
}

/** Digests that can be had without code of our own. Node has CRC-32 from 20.15; the other CRCs are accepted as they are said. */
interface Digest {
  update(chunk: Buffer): void;
  base64(): string;
}

function digest(algorithm: string): Digest | undefined {
  if (algorithm === 'crc32' && typeof zlib.crc32 === 'function') {
    let value = 0;
    return {
      update: (chunk) => void (value = zlib.crc32(chunk, value)),
      base64: () => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(value);
        return bytes.toString('base64');
      },
    };
  }
  if (algorithm === 'sha1' || algorithm === 'sha256') {
    const hash = createHash(algorithm);
    return { update: (chunk) => void hash.update(chunk), base64: () => hash.digest('base64') };
  }
  return undefined;
}

/** Streams a request's body into a file, and checks it against everything that the sender said about it. Nothing stays of a body that is refused. */
export async function receive(request: IncomingMessage, path: string): Promise<Received> {
  const header = (name: string) => request.headers[name] as string | undefined;
  const contentSha256 = header('x-amz-content-sha256') ?? '';
  const chunked = contentSha256.startsWith('STREAMING-') || (header('content-encoding') ?? '').split(',').some((each) => each.trim() === 'aws-chunked');
  const decoder = chunked ? new AwsChunkedDecoder() : undefined;

  const algorithm = CHECKSUM_ALGORITHMS.find((each) => header(CHECKSUM_PREFIX + each) !== undefined || header('x-amz-trailer') === CHECKSUM_PREFIX + each);
  const checksum = algorithm === undefined ? undefined : digest(algorithm);
  const sha256 = /^[0-9a-f]{64}$/.test(contentSha256) ? createHash('sha256') : undefined;
  const md5 = createHash('md5');
  let size = 0;
  const meter = new Transform({
    transform: (chunk: Buffer, _encoding, callback) => {
      size += chunk.length;
      md5.update(chunk);
      sha256?.update(chunk);
      checksum?.update(chunk);
      callback(null, chunk);
    },
  });

  try {
    await (decoder ? pipeline(request, decoder, meter, createWriteStream(path)) : pipeline(request, meter, createWriteStream(path)));
    const announced = header('x-amz-decoded-content-length');
    if (announced !== undefined && Number(announced) !== size) {
      throw new S3Error(400, 'IncompleteBody', `You did not provide the number of bytes specified by the Content-Length HTTP header: ${announced} were announced, ${size} came`);
    }
    if (sha256 && sha256.digest('hex') !== contentSha256) {
      throw new S3Error(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    const digested = md5.digest();
    const contentMd5 = header('content-md5');
    if (contentMd5 !== undefined && contentMd5 !== digested.toString('base64')) {
      throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
    const name = CHECKSUM_PREFIX + algorithm;
    const said = header(name) ?? decoder?.trailers.get(name);
    const computed = checksum?.base64();
    if (said !== undefined && computed !== undefined && said !== computed) {
      throw new S3Error(400, 'BadDigest', `The ${algorithm?.toUpperCase()} you specified did not match the calculated checksum.`);
    }
    return { path, size, md5: digested.toString('hex'), checksum: said === undefined ? undefined : { header: name, value: said } };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Reads a small body that describes something. */
export async function readText(request: IncomingMessage, maximumBytes: number): Promise<string> {
  const contentSha256 = request.headers['x-amz-content-sha256'] as string | undefined ?? '';
  const source: AsyncIterable<Buffer> = contentSha256.startsWith('STREAMING-') ? request.pipe(new AwsChunkedDecoder()) : request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maximumBytes) {
      throw new S3Error(400, 'MaxMessageLengthExceeded', 'Your request was too big.', { MaxMessageLengthBytes: String(maximumBytes) });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
