import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { preconditionFailed, noSuchKey } from './error';

export interface ObjectVersion {
  readonly key: string;
  /** `null` for what was written without versioning. */
  readonly versionId: string;
  readonly lastModified: Date;
  /** Absent on a delete marker. */
  readonly content?: ObjectContent;
}

export interface ObjectContent {
  readonly path: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Headers to be given back with the object. */
  readonly headers: Record<string, string>;
  readonly checksum?: { readonly header: string; readonly value: string };
}

export interface PutConditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

export interface BucketOptions {
  readonly region: string;
  readonly versioned?: boolean;
  readonly tags?: Record<string, string>;
}

/** The versions of a bucket's objects, newest first for each key. */
export class Bucket {
  public readonly creationDate = new Date();
  public readonly region: string;
  public versioned: boolean;
  public tags: Record<string, string>;
  private readonly versions = new Map<string, ObjectVersion[]>();

  constructor(public readonly name: string, options: BucketOptions) {
    this.region = options.region;
    this.versioned = options.versioned ?? false;
    this.tags = options.tags ?? {};
  }

  public get empty(): boolean {
    return this.versions.size === 0;
  }

  /** The newest version, or the one named; a delete marker is a version too. */
  public find(key: string, versionId?: string): ObjectVersion | undefined {
    const versions = this.versions.get(key) ?? [];
    return versionId === undefined ? versions[0] : versions.find((each) => each.versionId === versionId);
  }

  /** @throws S3Error where a condition does not hold */
  public check(key: string, { ifMatch, ifNoneMatch }: PutConditions): void {
    const current = this.find(key)?.content;
    if (ifNoneMatch !== undefined && current && (ifNoneMatch === '*' || unquoted(ifNoneMatch) === current.etag)) {
      throw preconditionFailed('If-None-Match');
    }
    if (ifMatch !== undefined && !current) {
      throw noSuchKey(key);
    }
    if (ifMatch !== undefined && ifMatch !== '*' && unquoted(ifMatch) !== current?.etag) {
      throw preconditionFailed('If-Match');
    }
  }

  /** The file is the bucket's from now on, also where a condition does not hold any more. */
  public async put(key: string, content: ObjectContent, conditions: PutConditions): Promise<ObjectVersion> {
    try {
      this.check(key, conditions);
    } catch (error) {
      await rm(content.path);
      throw error;
    }
    return this.add({ key, versionId: this.newVersionId(), lastModified: new Date(), content });
  }

  /** Removes one version for good, or hides the object behind a delete marker where there is versioning. */
  public async delete(key: string, versionId?: string): Promise<ObjectVersion | undefined> {
    if (versionId === undefined && this.versioned) {
      return this.add({ key, versionId: this.newVersionId(), lastModified: new Date() });
    }
    return this.remove(key, versionId ?? 'null');
  }

  /** By key in the order of UTF-8, then newest first. */
  public list(): ObjectVersion[] {
    const keys = Array.from(this.versions.keys(), (key) => ({ key, bytes: Buffer.from(key) }));
    return keys.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).flatMap(({ key }) => this.versions.get(key) ?? []);
  }

  private newVersionId(): string {
    return this.versioned ? randomBytes(24).toString('base64url') : 'null';
  }

  private async add(version: ObjectVersion): Promise<ObjectVersion> {
    const replaced = version.versionId === 'null' ? this.find(version.key, 'null') : undefined;
    const others = (this.versions.get(version.key) ?? []).filter((each) => each !== replaced);
    this.versions.set(version.key, [version, ...others]);
    await discard(replaced);
    return version;
  }

  private async remove(key: string, versionId: string): Promise<ObjectVersion | undefined> {
    const removed = this.find(key, versionId);
    const others = (this.versions.get(key) ?? []).filter((each) => each !== removed);
    if (others.length > 0) {
      this.versions.set(key, others);
    } else {
      this.versions.delete(key);
    }
    await discard(removed);
    return removed;
  }
}

/** Who is reading the file goes on reading it. */
async function discard(version: ObjectVersion | undefined): Promise<void> {
  if (version?.content) {
    await rm(version.content.path, { force: true });
  }
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^(W\/)?"(.*)"$/, '$2');
}
