/** An error as S3 answers it: a code, a sentence, and for some codes more elements. */
export class S3Error extends Error {
  constructor(
    public readonly statusCode: number,
    public readonly code: string,
    message: string,
    public readonly details: Record<string, string> = {},
    public readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

export function noSuchBucket(name: string): S3Error {
  return new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
}

export function noSuchKey(key: string, headers?: Record<string, string>): S3Error {
  return new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key }, headers);
}

export function invalidArgument(name: string, value: string, message: string): S3Error {
  return new S3Error(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value });
}

export function preconditionFailed(condition: string): S3Error {
  return new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', { Condition: condition });
}

export function notImplemented(what: string): S3Error {
  return new S3Error(501, 'NotImplemented', `${what} implies functionality that is not implemented`);
}
