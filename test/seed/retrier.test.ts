import { VirtualClock } from './virtual-clock';
import { Limiter } from '../../seed/limiter';
import { OperationError, Retrier } from '../../seed/retrier';

interface Shape {
  readonly name: string;
  readonly Reason?: string;
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
}

const errorLike = ({ name, Reason, code, status, message = 'the text of the service' }: Shape): Error =>
  Object.assign(new Error(message), { name, Reason, code, $metadata: { httpStatusCode: status } });

const validation = (Reason: string): Shape => ({ name: 'ValidationException', Reason, status: 400 });
const missing = (Reason: string): Shape => ({ name: 'ResourceNotFoundException', Reason, status: 404 });
const throttled = (Reason: string): Shape => ({ name: 'RequestThrottledException', Reason, status: 400 });

const SHAPES: Record<string, Shape> = {
  'InternalServerException': { name: 'InternalServerException', status: 500 },
  'InternalServerErrorException': { name: 'InternalServerErrorException', status: 500 },
  'any other 5xx': { name: 'ServiceUnavailable', status: 503 },
  'a reset connection': { name: 'Error', code: 'ECONNRESET' },
  'a refused connection': { name: 'Error', code: 'ECONNREFUSED' },
  'a timeout': { name: 'TimeoutError' },
  'an answer that was cut off': { name: 'SyntaxError', status: 201 },
  'ThrottlingException': { name: 'ThrottlingException', status: 400 },
  'ACCOUNT_THROTTLED': throttled('ACCOUNT_THROTTLED'),
  'RESOURCE_LEVEL_THROTTLE': throttled('RESOURCE_LEVEL_THROTTLE'),
  'DEPENDENCY_REQUEST_THROTTLED': throttled('DEPENDENCY_REQUEST_THROTTLED'),
  'EC2\'s RequestLimitExceeded': { name: 'RequestLimitExceeded', status: 503 },
  'S3\'s SlowDown': { name: 'SlowDown', status: 503 },
  'Failed to read block data': { ...validation('INVALID_BLOCK'), message: 'Failed to read block data' },
  'ConcurrentLimitExceededException': { name: 'ConcurrentLimitExceededException', status: 400 },
  'SNAPSHOT_NOT_FOUND': missing('SNAPSHOT_NOT_FOUND'),
  'GRANT_NOT_FOUND': missing('GRANT_NOT_FOUND'),
  'DEPENDENCY_RESOURCE_NOT_FOUND': missing('DEPENDENCY_RESOURCE_NOT_FOUND'),
  'IMAGE_NOT_FOUND': missing('IMAGE_NOT_FOUND'),
  'CONFLICTING_BLOCK_UPDATE': validation('CONFLICTING_BLOCK_UPDATE'),
  'WRITE_REQUEST_TIMEOUT': validation('WRITE_REQUEST_TIMEOUT'),
  'UNAUTHORIZED_ACCOUNT': { name: 'AccessDeniedException', Reason: 'UNAUTHORIZED_ACCOUNT', status: 403 },
  'DEPENDENCY_ACCESS_DENIED': { name: 'AccessDeniedException', Reason: 'DEPENDENCY_ACCESS_DENIED', status: 403 },
  'EC2\'s UnauthorizedOperation': { name: 'UnauthorizedOperation', status: 403 },
  'ServiceQuotaExceededException': { name: 'ServiceQuotaExceededException', Reason: 'DEPENDENCY_SERVICE_QUOTA_EXCEEDED', status: 402 },
  'ConflictException': { name: 'ConflictException', status: 409 },
  'ConflictException with the status of 2021': { name: 'ConflictException', status: 503 },
  'a mistake of our own': { name: 'TypeError' },
};

const OTHER_VALIDATIONS = [
  'INVALID_CUSTOMER_KEY', 'INVALID_PAGE_TOKEN', 'INVALID_BLOCK_TOKEN', 'INVALID_GRANT_TOKEN', 'INVALID_SNAPSHOT_ID', 'UNRELATED_SNAPSHOTS', 'INVALID_BLOCK',
  'INVALID_CONTENT_ENCODING', 'INVALID_TAG', 'INVALID_DEPENDENCY_REQUEST', 'INVALID_PARAMETER_VALUE', 'INVALID_VOLUME_SIZE', 'INVALID_IMAGE_ID',
];

interface Outcome {
  readonly tries: number;
  readonly seconds: number;
  readonly error: unknown;
}

async function persistently(shape: Shape, { isNew = false, permissionGrace = 0 } = {}): Promise<Outcome> {
  const clock = new VirtualClock();
  const start = clock.now();
  const retrier = new Retrier({ clock, permissionGrace });
  if (isNew) {
    retrier.snapshotIsNew(clock.now());
  }
  let tries = 0;
  try {
    await retrier.run('PutSnapshotBlock', async () => {
      tries++;
      throw errorLike(shape);
    });
    throw new Error('it did not fail');
  } catch (error) {
    return { tries, seconds: (clock.now() - start) / 1_000, error };
  }
}

test.each([
  'InternalServerException', 'InternalServerErrorException', 'any other 5xx', 'a reset connection', 'a refused connection', 'a timeout',
  'an answer that was cut off', 'ThrottlingException', 'ACCOUNT_THROTTLED', 'RESOURCE_LEVEL_THROTTLE', 'DEPENDENCY_REQUEST_THROTTLED',
  'EC2\'s RequestLimitExceeded', 'S3\'s SlowDown', 'Failed to read block data', 'ConcurrentLimitExceededException',
])('%s is retried for two minutes', async (name) => {
  const { tries, seconds, error } = await persistently(SHAPES[name]);
  expect(tries).toBeGreaterThan(20);
  expect(seconds).toBeGreaterThan(110);
  expect(seconds).toBeLessThanOrEqual(120);
  expect(error).toBeInstanceOf(OperationError);
});

test.each(['SNAPSHOT_NOT_FOUND'])('%s is retried for three minutes after the start', async (name) => {
  const { seconds } = await persistently(SHAPES[name], { isNew: true });
  expect(seconds).toBeGreaterThan(170);
  expect(seconds).toBeLessThanOrEqual(180);
});

test.each(['CONFLICTING_BLOCK_UPDATE', 'WRITE_REQUEST_TIMEOUT'])('%s is retried once', async (name) => {
  expect((await persistently(SHAPES[name])).tries).toBe(2);
});

test.each([
  'SNAPSHOT_NOT_FOUND', 'GRANT_NOT_FOUND', 'DEPENDENCY_RESOURCE_NOT_FOUND', 'IMAGE_NOT_FOUND', 'UNAUTHORIZED_ACCOUNT', 'DEPENDENCY_ACCESS_DENIED',
  'EC2\'s UnauthorizedOperation', 'ServiceQuotaExceededException', 'ConflictException', 'ConflictException with the status of 2021', 'a mistake of our own',
])('%s is fatal at once', async (name) => {
  expect((await persistently(SHAPES[name])).tries).toBe(1);
});

test.each(OTHER_VALIDATIONS)('ValidationException %s is fatal at once', async (reason) => {
  expect((await persistently(validation(reason), { isNew: true, permissionGrace: 60_000 })).tries).toBe(1);
});

test.each(['GRANT_NOT_FOUND', 'DEPENDENCY_RESOURCE_NOT_FOUND', 'IMAGE_NOT_FOUND'])('%s is fatal also for a new snapshot', async (name) => {
  expect((await persistently(SHAPES[name], { isNew: true })).tries).toBe(1);
});

test.each(['UNAUTHORIZED_ACCOUNT', 'DEPENDENCY_ACCESS_DENIED', 'EC2\'s UnauthorizedOperation'])('%s is retried while a permission may be on its way', async (name) => {
  const { seconds } = await persistently(SHAPES[name], { permissionGrace: 120_000 });
  expect(seconds).toBeGreaterThan(110);
  expect(seconds).toBeLessThanOrEqual(120);
});

test('the error names the operation, the tries, the reason and the text of the service', async () => {
  const { error } = await persistently(SHAPES.CONFLICTING_BLOCK_UPDATE);
  expect((error as Error).message).toBe('PutSnapshotBlock failed after 2 tries: ValidationException (CONFLICTING_BLOCK_UPDATE): the text of the service');
});

test('a quota that is used up is named', async () => {
  const { error } = await persistently(SHAPES.ServiceQuotaExceededException);
  expect((error as Error).message).toContain('100 pending snapshots in a Region (quota L-94D7AB7D)');
});

test.each([['RESOURCE_LEVEL_THROTTLE', true], ['ThrottlingException', true], ['ACCOUNT_THROTTLED', true], ['InternalServerException', false]])(
  '%s lowers the rate: %s', async (name, lowers) => {
    const clock = new VirtualClock();
    const limiter = new Limiter({ clock, ratePerSecond: 100 });
    let tries = 0;
    let rate = 0;
    await new Retrier({ clock }).run('PutSnapshotBlock', async () => {
      rate = limiter.ratePerSecond;
      if (tries++ === 0) {
        throw errorLike(SHAPES[name]);
      }
    }, { limiter });
    expect(rate < 90).toBe(lowers);
  });

test('pauses grow, with jitter, and are never long', async () => {
  const clock = new VirtualClock();
  const pauses: number[] = [];
  let last = clock.now();
  const retrier = new Retrier({ clock, random: () => 1 });
  await expect(retrier.run('PutSnapshotBlock', async () => {
    pauses.push(clock.now() - last);
    last = clock.now();
    throw errorLike(SHAPES.InternalServerException);
  })).rejects.toThrow('InternalServerException');
  expect(pauses.slice(0, 9)).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test('a stop ends the retries with its reason', async () => {
  const stop = new AbortController();
  const running = new Retrier({ clock: new VirtualClock() }).run('PutSnapshotBlock', async () => {
    stop.abort(new Error('the stack no longer wants it'));
    throw errorLike(SHAPES['a reset connection']);
  }, { signal: stop.signal });
  await expect(running).rejects.toThrow('the stack no longer wants it');
});
