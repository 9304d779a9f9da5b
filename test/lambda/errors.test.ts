import * as errors from '../../lambda/errors';

const { CONDITIONS } = errors;

interface Sent {
  readonly __type: string;
  readonly message: string;
  readonly errorCode?: string;
  readonly status?: number;
}

/** As the SDK makes it of an answer. */
function thrown({ __type, message, errorCode, status = 400 }: Sent): Error {
  const nested = errorCode !== undefined && { error: { errorCode } };
  return Object.assign(new Error(message), { name: __type, $metadata: { httpStatusCode: status }, ...nested });
}
const network = (code: string) => Object.assign(new Error(`connect ${code} 10.0.0.1:443`), { code });

const NOT_CONNECTED = 'The specified gateway is not connected.';
const NOT_FOUND = 'The specified gateway was not found.';

describe.each([
  ['isNotConnected', [
    ['the code in InvalidGatewayRequestException', { __type: 'InvalidGatewayRequestException', errorCode: 'GatewayNotConnected', message: '' }],
    ['the code in InternalServerError', { __type: 'InternalServerError', errorCode: 'GatewayNotConnected', message: '', status: 500 }],
    ['an exception of that name', { __type: 'GatewayNotConnected', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: NOT_CONNECTED }],
  ]],
  ['isGone', [
    ['the code in InvalidGatewayRequestException', { __type: 'InvalidGatewayRequestException', errorCode: 'GatewayNotFound', message: '' }],
    ['the code in InternalServerError', { __type: 'InternalServerError', errorCode: 'VolumeNotFound', message: '' }],
    ['the text alone, of a gateway', { __type: 'InvalidGatewayRequestException', message: NOT_FOUND }],
    ['the text alone, of a volume', { __type: 'InvalidGatewayRequestException', message: 'The specified volume was not found.' }],
    ['the text alone, of a schedule', { __type: 'InvalidGatewayRequestException', message: 'The specified snapshot schedule was not found.' }],
    ['EC2 on a snapshot', { __type: 'InvalidSnapshot.NotFound', message: "The snapshot 'snap-0' does not exist." }],
    ['Step Functions on an execution', { __type: 'ExecutionDoesNotExist', message: '' }],
  ]],
  ['isNoBucket', [
    ['S3 on a bucket', { __type: 'NoSuchBucket', message: 'The specified bucket does not exist', status: 404 }],
  ]],
  ['isAlreadyAllocated', [
    ['the code', { __type: 'InvalidGatewayRequestException', errorCode: 'DiskAlreadyAllocated', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: 'The specified disk is already allocated.' }],
  ]],
  ['isNameTaken', [
    ['the target', { __type: 'InvalidGatewayRequestException', errorCode: 'TargetAlreadyExists', message: '' }],
    ['the volume', { __type: 'InvalidGatewayRequestException', errorCode: 'VolumeAlreadyExists', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: 'The specified target already exists.' }],
  ]],
  ['isInUse', [
    ['the code', { __type: 'InvalidGatewayRequestException', errorCode: 'VolumeInUse', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: 'The specified volume is already in use.' }],
  ]],
  ['isKeyUnusable', [
    ['an invalid key', { __type: 'InvalidGatewayRequestException', errorCode: 'ActivationKeyInvalid', message: '' }],
    ['an unknown key', { __type: 'InvalidGatewayRequestException', errorCode: 'ActivationKeyNotFound', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: 'The specified activation key is invalid.' }],
  ]],
  ['isKeyExpired', [
    ['the code', { __type: 'InvalidGatewayRequestException', errorCode: 'ActivationKeyExpired', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: 'The specified activation key has expired.' }],
  ]],
  ['isNotForThisGateway', [
    ['the code', { __type: 'InvalidGatewayRequestException', errorCode: 'UnsupportedOperationForGatewayType', message: '' }],
    ['the text alone', { __type: 'InvalidGatewayRequestException', message: 'This operation is not valid for the specified gateway.' }],
    ['an operation that is not supported', { __type: 'InvalidGatewayRequestException', message: 'The specified operation is not supported.' }],
  ]],
  ['isDenied', [
    ['JSON', { __type: 'AccessDeniedException', message: '' }],
    ['Query', { __type: 'AccessDenied', message: '', status: 403 }],
    ['EC2', { __type: 'UnauthorizedOperation', message: '', status: 403 }],
    ['the text alone', { __type: 'ClientError', message: 'User: arn:… is not authorized to perform: storagegateway:ListGateways' }],
  ]],
] as [keyof typeof errors, [string, Sent][]][])('%s knows', (name, shapes) => {
  const asks = errors[name] as (error: unknown) => boolean;

  test.each(shapes)('%s', (_shape, sent) => {
    expect(asks(thrown(sent))).toBe(true);
  });

  test('itself inside an error that explains it', () => {
    expect(asks(new Error('explained', { cause: thrown(shapes[0][1]) }))).toBe(true);
  });

  test('other errors apart from it', () => {
    expect(asks(thrown({ __type: 'InvalidGatewayRequestException', errorCode: 'InvalidParameters', message: 'The specified request contains invalid parameters.' }))).toBe(false);
    expect(asks(undefined)).toBe(false);
  });
});

test.each([
  ['a missing activation key', 'The specified activation key was not found.'],
  ['a missing disk', 'The specified disk does not exist.'],
])('%s is not something that is gone', (_what, message) => {
  expect(errors.isGone(thrown({ __type: 'InvalidGatewayRequestException', message }))).toBe(false);
});

test('a code with a space at its end is the code', () => {
  expect(errors.isAlreadyAllocated(thrown({ __type: 'InvalidGatewayRequestException', errorCode: 'DiskAlreadyAllocated ', message: '' }))).toBe(true);
});

test.each<[string, Error, { transient: boolean; inDoubt: boolean }]>([
  ['a gateway that is not connected', thrown({ __type: 'InternalServerError', status: 500, errorCode: 'GatewayNotConnected', message: '' }), { transient: true, inDoubt: false }],
  ['a busy gateway', thrown({ __type: 'InvalidGatewayRequestException', errorCode: 'GatewayProxyNetworkConnectionBusy', message: '' }), { transient: true, inDoubt: false }],
  ['throttling by JSON', thrown({ __type: 'ThrottlingException', message: 'Rate exceeded' }), { transient: true, inDoubt: false }],
  ['throttling by Query', thrown({ __type: 'Throttling', message: 'Rate exceeded' }), { transient: true, inDoubt: false }],
  ['throttling by EC2', thrown({ __type: 'RequestLimitExceeded', status: 503, message: '' }), { transient: true, inDoubt: false }],
  ['a snapshot in progress', thrown({ __type: 'InvalidGatewayRequestException', errorCode: 'SnapshotInProgress', message: '' }), { transient: true, inDoubt: false }],
  ['an internal error with status 400', thrown({ __type: 'InternalServerError', errorCode: 'InternalError', message: '' }), { transient: true, inDoubt: true }],
  ['an internal error with status 500', thrown({ __type: 'InternalFailure', status: 500, message: '' }), { transient: true, inDoubt: true }],
  ['an internal error of the gateway', thrown({ __type: 'InvalidGatewayRequestException', errorCode: 'GatewayInternalError', message: '' }), { transient: true, inDoubt: true }],
  ['an unavailable service', thrown({ __type: 'ServiceUnavailableError', message: '' }), { transient: true, inDoubt: true }],
  ['a reset connection', network('ECONNRESET'), { transient: true, inDoubt: true }],
  ['a timeout', Object.assign(new Error('slow'), { name: 'TimeoutError' }), { transient: true, inDoubt: true }],
  ['a reset connection, wrapped by the SDK', new Error('AWS SDK error wrapper for TimeoutError: read ECONNRESET'), { transient: true, inDoubt: true }],
  ['a refused connection', network('ECONNREFUSED'), { transient: true, inDoubt: false }],
  ['a name that does not resolve', network('EAI_AGAIN'), { transient: true, inDoubt: false }],
  ['invalid parameters', thrown({ __type: 'InvalidGatewayRequestException', errorCode: 'InvalidParameters', message: '' }), { transient: false, inDoubt: false }],
  ['invalid parameters in InternalServerError', thrown({ __type: 'InternalServerError', status: 500, errorCode: 'VolumeNotFound', message: '' }), { transient: false, inDoubt: false }],
  ['a shape that is violated', thrown({ __type: 'ValidationException', message: '' }), { transient: false, inDoubt: false }],
  ['a denied call', thrown({ __type: 'AccessDeniedException', message: '' }), { transient: false, inDoubt: false }],
  ['an error of ours', new Error('the size cannot change'), { transient: false, inDoubt: false }],
])('%s', (_what, error, { transient, inDoubt }) => {
  expect({ transient: errors.isTransient(error), inDoubt: errors.isInDoubt(error) }).toEqual({ transient, inDoubt });
});

test('no code stands for two conditions', () => {
  const codes = Object.values(CONDITIONS).flatMap((signs) => signs.codes);
  expect(codes).toHaveLength(new Set(codes).size);
});
