import { GetObjectCommand, type GetObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import type { Retrier } from '../../seed/retrier';

/** Reads what a worker stored in the bucket of the stack: all of it, or a range. */
export async function readObject(s3: S3Client, retrier: Retrier, object: GetObjectCommandInput, signal?: AbortSignal): Promise<Buffer> {
  return retrier.run(`GetObject of ${object.Key}`, async () => {
    const { Body } = await s3.send(new GetObjectCommand(object), { abortSignal: signal });
    return Buffer.from(await Body?.transformToByteArray() ?? []);
  }, { signal });
}
