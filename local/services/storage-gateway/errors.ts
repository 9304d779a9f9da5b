import { ServiceError } from '../errors';

/** The service's codes with their texts; clients look at both. */
const TEXTS = {
  ActivationKeyExpired: 'The specified activation key has expired.',
  ActivationKeyInvalid: 'The specified activation key is invalid.',
  ActivationKeyNotFound: 'The specified activation key was not found.',
  BandwidthThrottleScheduleNotFound: 'The specified bandwidth throttle was not found.',
  DiskAlreadyAllocated: 'The specified disk is already allocated.',
  DiskDoesNotExist: 'The specified disk does not exist.',
  DiskSizeGreaterThanVolumeMaxSize: 'The specified disk size is greater than the maximum volume size.',
  DiskSizeLessThanVolumeSize: 'The specified disk size is less than the volume size.',
  DiskSizeNotGigAligned: 'The specified disk is not gigabyte-aligned.',
  GatewayNotConnected: 'The specified gateway is not connected.',
  GatewayNotFound: 'The specified gateway was not found.',
  InvalidParameters: 'The specified request contains invalid parameters.',
  LocalStorageLimitExceeded: 'The local storage limit was exceeded.',
  MaximumVolumeCountExceeded: 'The maximum volume count was exceeded.',
  NetworkConfigurationChanged: 'The gateway network configuration has changed.',
  NoDisksAvailable: 'The gateway has no cache storage.',
  NotSupported: 'The specified operation is not supported.',
  RegionInvalid: 'The specified region is invalid.',
  SnapshotIdInvalid: 'The specified snapshot is incorrect.',
  SnapshotInProgress: 'The specified snapshot is in progress.',
  SnapshotScheduleNotFound: 'The specified snapshot schedule was not found.',
  TargetAlreadyExists: 'The specified target already exists.',
  UnsupportedOperationForGatewayType: 'This operation is not valid for the specified gateway.',
  VolumeInUse: 'The specified volume is already in use.',
  VolumeNotFound: 'The specified volume was not found.',
  VolumeNotReady: 'The specified volume is not ready.',
} as const;

export type ErrorCode = keyof typeof TEXTS;

/** Nearly everything that goes wrong is this one exception, with the reason inside. */
export function invalidRequest(errorCode: ErrorCode, detail?: string): ServiceError {
  const message = detail === undefined ? TEXTS[errorCode] : `${TEXTS[errorCode]} ${detail}`;
  return new ServiceError(400, 'InvalidGatewayRequestException', message, { errorCode });
}
