import * as fc from 'fast-check';
import { MalformedResponseError, ResponseParser, type Response } from '../../../seed/http/response-parser';

interface Answer {
  readonly name: string;
  readonly text: string;
  readonly status: number;
  readonly body?: string;
  readonly reusable: boolean;
  /** Ended by the peer's closing. */
  readonly closed?: boolean;
}

const CHECKSUM = 'B4VNL+8pega6gWheZgwzLeNtXRjVRpJ9MNqtbX/aFUE=';

const ANSWERS: readonly Answer[] = [
  { name: 'an empty body by its length', text: `HTTP/1.1 201 Created\r\nx-amz-Checksum: ${CHECKSUM}\r\ncontent-length: 0\r\n\r\n`, status: 201, reusable: true },
  { name: 'an empty reason', text: 'HTTP/1.1 201 \r\ncontent-length: 0\r\n\r\n', status: 201, reusable: true },
  { name: 'a body by its length', text: 'HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\nhello', status: 400, body: 'hello', reusable: true },
  { name: 'no body where there can be none', text: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, reusable: true },
  { name: 'chunks', text: 'HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n', status: 500, body: 'hello0123456789', reusable: true },
  { name: 'no chunk but the last', text: 'HTTP/1.1 201 x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n', status: 201, reusable: true },
  { name: 'chunks that hold line ends', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n6\r\n\r\n0\r\n\n\r\n0\r\n\r\n', status: 201, body: '\r\n0\r\n\n', reusable: true },
  { name: 'chunk extensions and trailers', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n1;a="b"\r\nx\r\n000;c\r\nTrailer: 1\r\nother:\r\n\r\n', status: 201, body: 'x', reusable: true },
  { name: 'interim answers', text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 201 x\r\ncontent-length: 0\r\n\r\n', status: 201, reusable: true },
  { name: 'the wish to close', text: 'HTTP/1.1 201 x\r\nconnection: keep-alive, Close\r\ncontent-length: 0\r\n\r\n', status: 201, reusable: false },
  { name: 'HTTP/1.0', text: 'HTTP/1.0 201 x\r\ncontent-length: 2\r\n\r\nok', status: 201, body: 'ok', reusable: false },
  { name: 'a body until the end', text: 'HTTP/1.1 503 x\r\n\r\nsorry', status: 503, body: 'sorry', reusable: false, closed: true },
  { name: 'bytes behind its end', text: 'HTTP/1.1 201 x\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 201 x\r\ncontent-length: 0\r\n\r\n', status: 201, body: 'ok', reusable: false },
  { name: 'bytes behind its last chunk', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n', status: 201, reusable: false },
  { name: 'white space around values', text: 'HTTP/1.1 201 x\r\ncontent-length: \t 2 \t\r\n\r\nok', status: 201, body: 'ok', reusable: true },
];

const MALFORMED: readonly { name: string; text: string }[] = [
  { name: 'another protocol', text: 'SSH-2.0-OpenSSH_9.6' },
  { name: 'an empty line first', text: '\r\nHTTP/1.1 201 x\r\n' },
  { name: 'another version', text: 'HTTP/2.0 201 x\r\n' },
  { name: 'a status of two digits', text: 'HTTP/1.1 20 x\r\n' },
  { name: 'a status beyond 599', text: 'HTTP/1.1 601 x\r\n' },
  { name: 'no space behind the status', text: 'HTTP/1.1 201\r\n' },
  { name: 'a line that ends with LF alone', text: 'HTTP/1.1 201 x\ncontent-length: 0\n\n' },
  { name: 'CR in a line', text: 'HTTP/1.1 201 x\r\na: b\rc: d\r\n' },
  { name: 'NUL in a value', text: 'HTTP/1.1 201 x\r\na: b\0c\r\n' },
  { name: 'a header without colon', text: 'HTTP/1.1 201 x\r\nheader\r\n' },
  { name: 'a header without name', text: 'HTTP/1.1 201 x\r\n: value\r\n' },
  { name: 'white space before the colon', text: 'HTTP/1.1 201 x\r\ncontent-length : 0\r\n' },
  { name: 'a header folded over two lines', text: 'HTTP/1.1 201 x\r\na: b\r\n c\r\n' },
  { name: 'two lengths', text: 'HTTP/1.1 201 x\r\ncontent-length: 0\r\nContent-Length: 0\r\n' },
  { name: 'two lengths in one', text: 'HTTP/1.1 201 x\r\ncontent-length: 0, 0\r\n\r\n' },
  { name: 'a negative length', text: 'HTTP/1.1 201 x\r\ncontent-length: -1\r\n\r\n' },
  { name: 'a signed length', text: 'HTTP/1.1 201 x\r\ncontent-length: +1\r\n\r\n' },
  { name: 'a hexadecimal length', text: 'HTTP/1.1 201 x\r\ncontent-length: 0x1\r\n\r\n' },
  { name: 'an empty length', text: 'HTTP/1.1 201 x\r\ncontent-length:\r\n\r\n' },
  { name: 'a length beyond all numbers', text: 'HTTP/1.1 201 x\r\ncontent-length: 99999999999999999999\r\n\r\n' },
  { name: 'chunks and a length', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n' },
  { name: 'an unknown coding', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: gzip, chunked\r\n\r\n' },
  { name: 'two codings', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n' },
  { name: 'chunks in HTTP/1.0', text: 'HTTP/1.0 201 x\r\ntransfer-encoding: chunked\r\n\r\n' },
  { name: 'another protocol to switch to', text: 'HTTP/1.1 101 x\r\n\r\n' },
  { name: 'no chunk size', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n\r\n' },
  { name: 'a chunk size that is no number', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n' },
  { name: 'a negative chunk size', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n' },
  { name: 'a chunk size of nine digits', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n100000000\r\n' },
  { name: 'a chunk that is longer than its size', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n' },
  { name: 'a chunk that ends with LF alone', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\n' },
  { name: 'a trailer without colon', text: 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n0\r\ntrailer\r\n' },
  { name: 'a status line without end', text: `HTTP/1.1 201 ${'x'.repeat(16_384)}` },
  { name: 'headers without end', text: `HTTP/1.1 201 x\r\n${`a: ${'b'.repeat(1_000)}\r\n`.repeat(17)}` },
  { name: 'more headers than anyone needs', text: `HTTP/1.1 201 x\r\n${'a: b\r\n'.repeat(101)}` },
  { name: 'interim answers without end', text: 'HTTP/1.1 100 x\r\n\r\n'.repeat(1_000) },
  { name: 'a chunk size line without end', text: `HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(16_384)}` },
  { name: 'trailers without end', text: `HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${`a: ${'b'.repeat(1_000)}\r\n`.repeat(17)}` },
  { name: 'a body that is too long', text: `HTTP/1.1 500 x\r\ncontent-length: 65537\r\n\r\n${'x'.repeat(65_537)}` },
  { name: 'chunks that are too long together', text: `HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n${`8000\r\n${'x'.repeat(32_768)}\r\n`.repeat(3)}` },
  { name: 'a body without end', text: `HTTP/1.1 500 x\r\n\r\n${'x'.repeat(65_537)}` },
];

/** The text cut at the given places. */
function pieces(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, index) => bytes.subarray(places[index], to));
}

function read(parts: readonly Buffer[], closed = false): Response | undefined {
  const parser = new ResponseParser();
  let answer: Response | undefined;
  for (const part of parts) {
    // What the network delivers is used again for the next delivery.
    const lent = Buffer.from(part);
    answer = parser.push(lent);
    lent.fill(0);
  }
  return closed ? parser.end() : answer;
}

const cutsOf = (text: string) => fc.array(fc.nat({ max: text.length }), { maxLength: 12 });

describe.each(ANSWERS)('an answer with $name', ({ text, status, body = '', reusable, closed }) => {
  const check = (parts: readonly Buffer[]) => {
    const answer = read(parts, closed);
    expect({ status: answer?.status, body: answer?.body.toString('latin1'), reusable: answer?.reusable }).toEqual({ status, body, reusable });
  };

  test('is read in one piece', () => check(pieces(text, [])));

  test('is read byte by byte', () => check(pieces(text, Array.from(text, (_, index) => index))));

  test('is read in two pieces, wherever they part', () => {
    for (let at = 0; at <= text.length; at++) {
      check(pieces(text, [at]));
    }
  });

  test('is read in any pieces', () => {
    fc.assert(fc.property(cutsOf(text), (cuts) => check(pieces(text, cuts))));
  });

  test('is not complete before its last byte', () => {
    if (reusable) {
      fc.assert(fc.property(fc.nat({ max: text.length - 1 }), cutsOf(text), (length, cuts) => {
        const parser = new ResponseParser();
        const answers = pieces(text, [...cuts, length]).map((part, index, all) => {
          const before = all.slice(0, index + 1).reduce((sum, { length: size }) => sum + size, 0);
          return before <= length ? parser.push(part) : undefined;
        });
        expect(answers.every((answer) => answer === undefined)).toBe(true);
        expect(parser.end()).toBeUndefined();
      }));
    }
  });
});

describe.each(MALFORMED)('an answer with $name', ({ text }) => {
  test('is refused', () => {
    expect(() => read(pieces(text, []))).toThrow(MalformedResponseError);
  });

  test('is refused in any pieces', () => {
    fc.assert(fc.property(cutsOf(text), (cuts) => {
      expect(() => read(pieces(text, cuts))).toThrow(MalformedResponseError);
    }), { numRuns: 30 });
  });
});

test('headers are found by their name in lower case, repeated ones joined', () => {
  const answer = read(pieces('HTTP/1.1 201 x\r\nX-Amz-Checksum: abc\r\nVia: a\r\nvia:b\r\ncontent-length: 0\r\n\r\n', []));
  expect(answer?.headers.get('x-amz-checksum')).toBe('abc');
  expect(answer?.headers.get('via')).toBe('a, b');
});

test('the refusal of an answer says its status, as errors of the SDK do', () => {
  expect(() => read(pieces('HTTP/1.1 201 x\r\ncontent-length: x\r\n\r\n', []))).toThrow(expect.objectContaining({ $metadata: { httpStatusCode: 201 } }));
});

test('what is not HTTP is refused before a line of it is complete', () => {
  expect(() => new ResponseParser().push(Buffer.from('\x15\x03\x01'))).toThrow('it begins with');
});

test('any bytes are either an answer, the beginning of one, or refused', () => {
  const fragment = fc.constantFrom('HTTP/1.1 ', '201', ' ', '\r\n', '\n', 'content-length', ':', '0', 'transfer-encoding: chunked', 'a', '\0', '5', '\r\n\r\n');
  fc.assert(fc.property(fc.array(fc.oneof(fragment, fc.string()), { maxLength: 20 }), (parts) => {
    const parser = new ResponseParser();
    try {
      parser.push(Buffer.from(parts.join(''), 'latin1'));
      parser.end();
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedResponseError);
    }
  }));
});
