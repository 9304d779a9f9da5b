import { createHash, createHmac, type KeyObject, createSecretKey } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it is sent, without a query. */
  readonly path: string;
  /** Names in lower case and in ascending order; all of them are signed. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** SHA-256 of the body in hex, or UNSIGNED-PAYLOAD. */
  readonly payloadHash: string;
}

/** Signature Version 4. The day's key is derived once, which is most of the work of a signature. */
export class Signer {
  private scope = '';
  private secret = '';
  private key: KeyObject | undefined;
  private second = Number.NaN;
  private secondText = '';

  constructor(private readonly region: string, private readonly service: string) {}

  /** The value of the Authorization header; `timestamp` is that of x-amz-date. */
  authorization(request: SignedRequest, { accessKeyId, secretAccessKey }: Credentials, timestamp: string): string {
    const { method, path, headers, payloadHash } = request;
    const names = headers.map(([name]) => name).join(';');
    const canonicalHeaders = headers.map(([name, value]) => `${name}:${value}\n`).join('');
    const canonical = `${method}\n${encodePath(path)}\n\n${canonicalHeaders}\n${names}\n${payloadHash}`;
    const key = this.keyOf(timestamp.slice(0, 8), secretAccessKey);
    const hash = createHash('sha256').update(canonical).digest('hex');
    const signature = createHmac('sha256', key).update(`AWS4-HMAC-SHA256\n${timestamp}\n${this.scope}\n${hash}`).digest('hex');
    return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${this.scope}, SignedHeaders=${names}, Signature=${signature}`;
  }

  /** `20150830T123600Z`; written once for all requests of a second. */
  timestamp(milliseconds: number): string {
    const second = Math.floor(milliseconds / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.secondText = `${new Date(second * 1_000).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    }
    return this.secondText;
  }

  private keyOf(day: string, secret: string): KeyObject {
    const scope = `${day}/${this.region}/${this.service}/aws4_request`;
    if (this.key === undefined || this.scope !== scope || this.secret !== secret) {
      const parts = [day, this.region, this.service, 'aws4_request'];
      this.key = createSecretKey(parts.reduce((key, part) => createHmac('sha256', key).update(part).digest(), Buffer.from(`AWS4${secret}`)));
      this.scope = scope;
      this.secret = secret;
    }
    return this.key;
  }
}

/** Of a path that is encoded already: all services but S3 sign it encoded once more. */
function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** RFC 3986, which leaves fewer characters alone than encodeURIComponent. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
