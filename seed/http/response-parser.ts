/** An answer as it came; header names in lower case. */
export interface Response {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether the connection can carry another request: its end is certain and nothing came after it. */
  readonly reusable: boolean;
}

/**
 * What came is not an answer in HTTP/1.1, or is one that could be understood in two ways. The status, where it was read already,
 * stands where the SDK keeps it.
 */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
  readonly $metadata: { readonly httpStatusCode?: number };

  constructor(problem: string, status?: number) {
    super(`answer is not valid HTTP/1.1: ${problem}`);
    this.$metadata = { httpStatusCode: status };
  }
}

/** Takes the body of an answer that is expected to be long straight into the caller's memory; the bodies of all others are kept. */
export interface Destination {
  /** Exactly as long as the body must be; undefined if it is none of these. Throws what is wrong with the answer, if it must not be taken. */
  place(status: number, headers: ReadonlyMap<string, string>): Buffer | undefined;
  /** So many more bytes lie in their place. */
  filled(count: number): void;
}

/** Bytes of a status line with all its headers, of a trailer with all its fields, or of a chunk's size line. */
const LARGEST_HEAD = 16_384;
const MOST_HEADERS = 100;
/** Answers without a destination have no body or a short one. */
const LARGEST_BODY = 65_536;

const LF = 0x0a;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

type State = 'status' | 'headers' | 'fixed' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'done';

/**
 * Reads one answer, in pieces as the network delivers them. It is stricter than HTTP asks a client to be: the peer is a service, and
 * an answer that a proxy and this parser might cut at different places must not be believed.
 */
export class ResponseParser {
  private state: State = 'status';
  /** The beginning of a line whose end has not come yet. */
  private line = '';
  private headBytes = 0;
  private headerCount = 0;
  private minor = '1';
  private status: number | undefined;
  private headers = new Map<string, string>();
  private body: Buffer[] = [];
  private bodyBytes = 0;
  /** Bytes that the fixed body or the chunk still lacks. */
  private missing = 0;
  private surplus = false;
  private place: Buffer | undefined;

  constructor(private readonly destination?: Destination) {}

  /** Where the next bytes belong, if they are known to be the body's: bytes that are read right into it are not copied. */
  get room(): Buffer | undefined {
    return this.state === 'fixed' ? this.place?.subarray(this.place.length - this.missing) : undefined;
  }

  /** Whether any byte came. */
  get begun(): boolean {
    return this.status !== undefined || this.line !== '' || this.state !== 'status';
  }

  /** The status of the answer that is being read. */
  get statusSoFar(): number | undefined {
    return this.status;
  }

  /** Takes what came; the answer, once it is complete. */
  push(bytes: Buffer): Response | undefined {
    let at = 0;
    while (at < bytes.length && this.state !== 'done') {
      at = this.takesLines() ? this.takeLine(bytes, at) : this.takeBody(bytes, at);
    }
    this.surplus ||= at < bytes.length;
    return this.complete();
  }

  /** The peer has closed its side: the answer, if that was the way to end it. */
  end(): Response | undefined {
    if (this.state === 'until-close') {
      this.state = 'done';
    }
    return this.complete();
  }

  private takesLines(): boolean {
    return this.state !== 'fixed' && this.state !== 'chunk' && this.state !== 'until-close';
  }

  private takeLine(bytes: Buffer, from: number): number {
    const lf = bytes.indexOf(LF, from);
    const to = lf < 0 ? bytes.length : lf + 1;
    this.headBytes += to - from;
    if (this.headBytes > LARGEST_HEAD) {
      throw this.malformed(`more than ${LARGEST_HEAD} bytes of header`);
    }
    this.line += bytes.toString('latin1', from, to);
    if (lf < 0) {
      this.refuseEarly();
      return to;
    }
    if (!this.line.endsWith('\r\n')) {
      throw this.malformed('a line ends without CR');
    }
    const line = this.line.slice(0, -2);
    this.line = '';
    this.takeWholeLine(line);
    return to;
  }

  /** What is not HTTP at all may never send an end of line; there is no need to wait for it. */
  private refuseEarly(): void {
    const version = 'HTTP/1.';
    if (this.state === 'status' && !version.startsWith(this.line.slice(0, version.length))) {
      throw this.malformed(`it begins with ${JSON.stringify(this.line.slice(0, 16))}`);
    }
  }

  private takeWholeLine(line: string): void {
    switch (this.state) {
      case 'status': return this.takeStatus(line);
      case 'headers': return line === '' ? this.endHeaders() : this.takeHeader(line);
      case 'chunk-size': return this.takeChunkSize(line);
      case 'chunk-end': return this.endChunk(line);
      default: return this.takeTrailer(line);
    }
  }

  private takeStatus(line: string): void {
    const match = STATUS_LINE.exec(line);
    if (!match) {
      throw this.malformed(`status line ${JSON.stringify(line.slice(0, 64))}`);
    }
    this.minor = match[1];
    this.status = Number(match[2]);
    this.state = 'headers';
  }

  private takeHeader(line: string): void {
    const match = HEADER.exec(line);
    if (!match) {
      throw this.malformed(`header ${JSON.stringify(line.slice(0, 64))}`);
    }
    this.headerCount++;
    if (this.headerCount > MOST_HEADERS) {
      throw this.malformed(`more than ${MOST_HEADERS} headers`);
    }
    const name = match[1].toLowerCase();
    const value = match[2].trimEnd();
    const earlier = this.headers.get(name);
    if (earlier !== undefined && (name === 'content-length' || name === 'transfer-encoding')) {
      throw this.malformed(`${name} stands there twice`);
    }
    this.headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }

  private endHeaders(): void {
    const { status = 0, headers } = this;
    const length = headers.get('content-length');
    const coding = headers.get('transfer-encoding');
    if (length !== undefined && !/^\d{1,15}$/.test(length)) {
      throw this.malformed(`content-length ${JSON.stringify(length)}`);
    }
    if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || length !== undefined || this.minor === '0')) {
      throw this.malformed(`transfer-encoding ${JSON.stringify(coding)}${length === undefined ? '' : ' beside content-length'} in HTTP/1.${this.minor}`);
    }
    if (status === 101) {
      throw this.malformed('it switches protocols');
    }
    if (status < 200) {
      return this.begin();
    }
    this.place = this.destination?.place(status, headers);
    if (this.place && Number(length) !== this.place.length) {
      throw this.malformed(`content-length ${length ?? 'missing'} where ${this.place.length} is expected`);
    }
    if (status === 204 || status === 304) {
      this.state = 'done';
    } else if (coding !== undefined) {
      this.expect('chunk-size');
    } else if (length !== undefined) {
      this.missing = Number(length);
      this.state = this.missing === 0 ? 'done' : 'fixed';
    } else {
      this.state = 'until-close';
    }
  }

  /** An interim answer is over; the real one follows. The limits count on, so that there is an end to interim answers. */
  private begin(): void {
    this.state = 'status';
    this.status = undefined;
    this.headers = new Map();
  }

  /** Lines follow that have a limit of their own. */
  private expect(state: State): void {
    this.state = state;
    this.headBytes = 0;
  }

  private takeChunkSize(line: string): void {
    const match = CHUNK_SIZE.exec(line);
    if (!match) {
      throw this.malformed(`chunk size ${JSON.stringify(line.slice(0, 64))}`);
    }
    this.missing = Number.parseInt(match[1], 16);
    this.expect(this.missing === 0 ? 'trailer' : 'chunk');
  }

  private endChunk(line: string): void {
    if (line !== '') {
      throw this.malformed('a chunk is longer than its size');
    }
    this.expect('chunk-size');
  }

  private takeTrailer(line: string): void {
    if (line === '') {
      this.state = 'done';
    } else if (!HEADER.test(line)) {
      throw this.malformed(`trailer ${JSON.stringify(line.slice(0, 64))}`);
    }
  }

  private takeBody(bytes: Buffer, from: number): number {
    const to = this.state === 'until-close' ? bytes.length : Math.min(bytes.length, from + this.missing);
    const { room } = this;
    if (room) {
      if (bytes.buffer !== room.buffer || bytes.byteOffset + from !== room.byteOffset) {
        bytes.copy(room, 0, from, to);
      }
      this.destination?.filled(to - from);
    } else {
      this.keep(bytes.subarray(from, to));
    }
    this.missing -= to - from;
    if (this.missing === 0 && this.state === 'fixed') {
      this.state = 'done';
    } else if (this.missing === 0 && this.state === 'chunk') {
      this.expect('chunk-end');
    }
    return to;
  }

  private keep(bytes: Buffer): void {
    this.bodyBytes += bytes.length;
    if (this.bodyBytes > LARGEST_BODY) {
      throw this.malformed(`a body of more than ${LARGEST_BODY} bytes`);
    }
    // A copy: the bytes belong to the caller.
    this.body.push(Buffer.from(bytes));
  }

  private complete(): Response | undefined {
    if (this.state !== 'done' || this.status === undefined) {
      return undefined;
    }
    const { status, headers } = this;
    return { status, headers, body: Buffer.concat(this.body), reusable: this.staysOpen() };
  }

  private staysOpen(): boolean {
    const framed = this.headers.has('content-length') || this.headers.has('transfer-encoding') || this.status === 204 || this.status === 304;
    const options = (this.headers.get('connection') ?? '').toLowerCase().split(',').map((option) => option.trim());
    return framed && this.minor === '1' && !this.surplus && !options.includes('close');
  }

  private malformed(problem: string): MalformedResponseError {
    return new MalformedResponseError(problem, this.status);
  }
}
