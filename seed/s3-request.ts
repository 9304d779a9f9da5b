import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { buildQueryString, HttpResponse, type HttpRequest } from '@smithy/core/protocols';
import { originOf, type Origin } from './http/origin';
import type { Response } from './http/response-parser';
import type { PinnedObject } from './s3-source';
import { withoutRetries } from './sdk-client';

/** Milliseconds. S3 takes a signature for fifteen minutes; the credentials may be others by then. */
const SIGNED_FOR = 60_000;

interface Signed {
  readonly origin: Origin;
  /** The request's lines without those that say what range it is for. */
  readonly head: string;
  readonly until: number;
}

/**
 * What the SDK knows of one object: where it is, how to ask for it and what a refusal means. It makes and signs the request, which is not
 * sent; as S3 does not want the header Range to be signed, the same signature serves all ranges for a while.
 */
export class ObjectRequest {
  private latest: Promise<Signed> | undefined;

  constructor(private readonly client: S3Client, private readonly object: PinnedObject) {}

  async signed(): Promise<Signed> {
    const { latest } = this;
    const signed = await latest;
    if (signed && Date.now() < signed.until) {
      return signed;
    }
    // Another may have asked meanwhile.
    if (this.latest === latest) {
      this.latest = this.sign();
    }
    return this.latest ?? this.signed();
  }

  /** Credentials or the clock were found to be wrong. */
  renew(): void {
    this.latest = undefined;
  }

  /** The error that the SDK throws when it is answered so. */
  async errorOf({ status, headers, body }: Response): Promise<unknown> {
    const command = this.command();
    const response = new HttpResponse({ statusCode: status, headers: Object.fromEntries(headers), body });
    command.middlewareStack.add(() => async () => ({ response }), { step: 'deserialize', priority: 'low', name: 'answerWithoutNetwork' });
    return this.client.send(command).then(() => new Error(`GetObject was answered with status ${status}`), (error: unknown) => error);
  }

  private async sign(): Promise<Signed> {
    try {
      const command = this.command();
      let request: unknown;
      command.middlewareStack.add(() => async (args) => {
        request = args.request;
        return { output: { $metadata: {} }, response: new HttpResponse({ statusCode: 206 }) };
      }, { step: 'deserialize', priority: 'high', name: 'takeTheRequest' });
      await this.client.send(command);
      const { path, query, headers } = request as HttpRequest;
      const search = buildQueryString(query);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      return {
        origin: originOf(request as HttpRequest),
        head: `GET ${path}${search === '' ? '' : `?${search}`} HTTP/1.1\r\n${lines}`,
        until: Date.now() + SIGNED_FOR,
      };
    } catch (error) {
      // Credentials may be there at the next try.
      this.renew();
      throw error;
    }
  }

  private command() {
    const { bucket, key, versionId, etag } = this.object;
    return withoutRetries(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, IfMatch: etag }));
  }
}
