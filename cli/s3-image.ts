import { S3Client } from '@aws-sdk/client-s3';
import { ExitError, refusal, usageError } from './exit';
import { assertRaw, type Image, type ImageOptions } from './image';
import { systemClock } from '../seed/clock';
import { formatOf, TAIL_SIZE } from '../seed/image-format';
import { Retrier } from '../seed/retrier';
import { pinObject, S3Source } from '../seed/s3-source';
import { clientConfiguration } from '../seed/sdk-client';

/** `s3://BUCKET/KEY`, pinned to the version that it has now. */
export async function openObject(name: string, { workers }: ImageOptions): Promise<Image> {
  const [, bucket, key, versionId] = /^s3:\/\/([^/]+)\/(.+?)(?:\?versionId=([^?]+))?$/.exec(name) ?? [];
  if (bucket === undefined) {
    throw usageError(`image must be s3://BUCKET/KEY or s3://BUCKET/KEY?versionId=ID, got ${JSON.stringify(name)}`);
  }
  const client = new S3Client({ ...clientConfiguration(workers), maxAttempts: 3, responseChecksumValidation: 'WHEN_REQUIRED' });
  try {
    const { object: pinned, head } = await pinObject(client, bucket, key, versionId);
    const source = new S3Source(client, pinned, new Retrier({ clock: systemClock }));
    assertRaw(name, formatOf(head, await source.readAt(Math.max(0, pinned.sizeInBytes - TAIL_SIZE), TAIL_SIZE)));
    const { etag, sizeInBytes } = pinned;
    const close = async () => {
      await source.close();
      client.destroy();
    };
    return {
      name,
      source: { sizeInBytes, readBlock: (index, into, signal) => source.readBlock(index, into, signal), close },
      identity: { place: `s3://${bucket}/${key}`, state: { etag, size: sizeInBytes, version: pinned.versionId ?? 'none' } },
      again: async () => new S3Source(client, pinned, new Retrier({ clock: systemClock })),
    };
  } catch (error) {
    client.destroy();
    throw error instanceof Error && !(error instanceof ExitError) ? refusal(`image ${name} cannot be read: ${error.name}: ${error.message}`) : error;
  }
}
