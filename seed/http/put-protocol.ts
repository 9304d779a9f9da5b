import { EBSClient, PutSnapshotBlockCommand } from '@aws-sdk/client-ebs';
import { HttpResponse, type HttpRequest } from '@smithy/core/protocols';
import { originOf, type Origin } from './origin';
import type { Response } from './response-parser';
import type { Credentials } from './signer';
import { BLOCK_SIZE } from '../block';
import { withoutRetries } from '../sdk-client';

/** What the SDK has found out about the service from the environment. */
export interface Service {
  readonly origin: Origin;
  /** The Host header. */
  readonly authority: string;
  /** What the endpoint puts before every path. */
  readonly prefix: string;
  readonly region: string;
  /** As it is signed for. */
  readonly name: string;
}

const PROBE_PATH = '/snapshots/snap-0/blocks/0';

/**
 * What the SDK knows and the fast path does not: endpoints, credentials and the meaning of errors. Each is asked of the SDK itself, by a
 * request that is not sent, so that both paths agree whatever the SDK's version makes of them.
 */
export class PutProtocol {
  private readonly client = withoutRetries(new EBSClient({ maxAttempts: 1 }));

  async service(): Promise<Service> {
    const request = await this.probe(new HttpResponse({ statusCode: 201 }));
    const { path, headers } = request;
    const scope = /^AWS4-HMAC-SHA256 Credential=[^,]*\/\d{8}\/([^/,]+)\/([^/,]+)\/aws4_request,/.exec(headers.authorization ?? '');
    if (!scope || !path.endsWith(PROBE_PATH)) {
      throw new Error(`endpoint of EBS must take signature version 4 and paths ending in ${PROBE_PATH}, got ${JSON.stringify(path)}`);
    }
    return {
      origin: originOf(request),
      authority: headers.host,
      prefix: path.slice(0, -PROBE_PATH.length),
      region: scope[1],
      name: scope[2],
    };
  }

  /** Remembered by the SDK until they are about to expire. */
  credentials(): Promise<Credentials> {
    return this.client.config.credentials();
  }

  /** By the service's clock, as far as its refusals have told that ours is wrong. */
  now(): number {
    return Date.now() + this.client.config.systemClockOffset;
  }

  /** The error that the SDK throws when it is answered so. */
  async errorOf({ status, headers, body }: Response): Promise<unknown> {
    try {
      await this.probe(new HttpResponse({ statusCode: status, headers: Object.fromEntries(headers), body }));
    } catch (error) {
      return error;
    }
    return new Error(`PutSnapshotBlock was answered with status ${status}`);
  }

  close(): void {
    this.client.destroy();
  }

  /** Takes a request through all of the SDK but the network. */
  private async probe(response: HttpResponse): Promise<HttpRequest> {
    const command = new PutSnapshotBlockCommand({
      SnapshotId: 'snap-0', BlockIndex: 0, BlockData: Buffer.alloc(0), DataLength: BLOCK_SIZE, Checksum: '0', ChecksumAlgorithm: 'SHA256',
    });
    let request: unknown;
    command.middlewareStack.add(() => async (args) => {
      request = args.request;
      return { response };
    }, { step: 'deserialize', priority: 'low', name: 'answerWithoutNetwork' });
    await this.client.send(command);
    return request as HttpRequest;
  }
}
