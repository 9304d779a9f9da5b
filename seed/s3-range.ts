import { SourceChangedError } from './block-source';
import type { Destination } from './http/response-parser';
import type { PinnedObject } from './s3-source';

/** A range of an object, and the memory that its bytes go to. What has come stays when an answer breaks off: the next has to bring the rest only. */
export class Range implements Destination {
  private have = 0;

  constructor(private readonly object: PinnedObject, private readonly offset: number, private readonly into: Buffer) {}

  get isComplete(): boolean {
    return this.have === this.into.length;
  }

  /** What is missing, as it stands in a request. */
  get header(): string {
    return `bytes=${this.first}-${this.last}`;
  }

  place(status: number, headers: ReadonlyMap<string, string>): Buffer | undefined {
    if (status >= 300) {
      return undefined;
    }
    const { bucket, key, etag, sizeInBytes } = this.object;
    const range = `bytes ${this.first}-${this.last}/${sizeInBytes}`;
    if (headers.get('etag') !== etag) {
      throw new SourceChangedError(`s3://${bucket}/${key} has the ETag ${headers.get('etag')} instead of the ${etag} that the seed was started for`);
    }
    if (status !== 206 || headers.get('content-range') !== range) {
      const got = headers.get('content-range');
      throw new Error(`GetObject of s3://${bucket}/${key} must answer with status 206 and ${JSON.stringify(range)}, got ${status} and ${JSON.stringify(got)}`);
    }
    return this.into.subarray(this.have);
  }

  filled(count: number): void {
    this.have += count;
  }

  private get first(): number {
    return this.offset + this.have;
  }

  private get last(): number {
    return this.offset + this.into.length - 1;
  }
}
