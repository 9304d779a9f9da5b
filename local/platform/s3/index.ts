import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer } from './api';
import { Bucket, type BucketOptions } from './bucket';
import { noSuchBucket, S3Error } from './error';
import { MultipartUploads } from './multipart';

export interface S3ServiceOptions {
  /** Holds the objects' bytes. */
  readonly directory: string;
}

/** S3: buckets in memory, bytes on disk, streamed in and out. */
export class S3Service {
  private readonly buckets = new Map<string, Bucket>();
  private readonly uploads = new MultipartUploads();

  constructor(private readonly options: S3ServiceOptions) {
    mkdirSync(options.directory, { recursive: true });
  }

  /** @throws S3Error where the name is taken, in whatever Region, or cannot be one */
  public async createBucket(name: string, options: BucketOptions): Promise<void> {
    if (!/^(?!xn--)[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]$/.test(name)) {
      throw new S3Error(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
    }
    if (this.buckets.has(name)) {
      const message = 'Your previous request to create the named bucket succeeded and you already own it.';
      throw new S3Error(409, 'BucketAlreadyOwnedByYou', message, { BucketName: name });
    }
    this.buckets.set(name, new Bucket(name, options));
  }

  /** Changes what is given. @throws S3Error NoSuchBucket */
  public async updateBucket(name: string, changes: { versioned?: boolean; tags?: Record<string, string> }): Promise<void> {
    const bucket = this.get(name);
    bucket.versioned = changes.versioned ?? bucket.versioned;
    bucket.tags = changes.tags ?? bucket.tags;
  }

  /** @throws S3Error NoSuchBucket, BucketNotEmpty */
  public async deleteBucket(name: string): Promise<void> {
    if (!this.get(name).empty) {
      throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: name });
    }
    this.buckets.delete(name);
  }

  /** Where the bytes of an object are. */
  public getObject(bucket: string, key: string, versionId?: string): { path: string; size: number; etag: string; versionId: string } | undefined {
    const version = this.buckets.get(bucket)?.find(key, versionId);
    return version?.content && { path: version.content.path, size: version.content.size, etag: version.content.etag, versionId: version.versionId };
  }

  public handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return answer(this, this.uploads, this.options.directory, request, response);
  }

  public find(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  public list(): Bucket[] {
    return Array.from(this.buckets.values()).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private get(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) {
      throw noSuchBucket(name);
    }
    return bucket;
  }
}
