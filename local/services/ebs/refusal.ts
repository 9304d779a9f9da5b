import type { Violation } from '../constraints';
import { ServiceError } from '../errors';

/** What the EBS direct APIs give as `Reason` of a ValidationException. */
export type ValidationReason =
  | 'INVALID_PAGE_TOKEN' | 'INVALID_BLOCK_TOKEN' | 'INVALID_SNAPSHOT_ID' | 'UNRELATED_SNAPSHOTS' | 'INVALID_BLOCK' | 'INVALID_TAG'
  | 'INVALID_DEPENDENCY_REQUEST' | 'INVALID_PARAMETER_VALUE' | 'INVALID_VOLUME_SIZE' | 'INVALID_CUSTOMER_KEY';

export const invalid = (reason: ValidationReason, message: string) => new ServiceError(400, 'ValidationException', message, { reason });

export const noSuchSnapshot = (snapshotId: string) =>
  new ServiceError(404, 'ResourceNotFoundException', `The snapshot '${snapshotId}' does not exist.`, { reason: 'SNAPSHOT_NOT_FOUND' });

const REASONS: readonly [RegExp, ValidationReason][] = [
  [/snapshotId$/i, 'INVALID_SNAPSHOT_ID'],
  [/^volumeSize$/, 'INVALID_VOLUME_SIZE'],
  [/^tags/, 'INVALID_TAG'],
  [/^blockToken$/, 'INVALID_BLOCK_TOKEN'],
  [/^nextToken$/, 'INVALID_PAGE_TOKEN'],
  [/^kmsKeyArn$/, 'INVALID_CUSTOMER_KEY'],
  [/^block(Index|Data)$/, 'INVALID_BLOCK'],
];

/** How these APIs word a breach of their model. */
export function refuse(violations: readonly Violation[]): ServiceError {
  const [{ member }] = violations;
  const reason = REASONS.find(([pattern]) => pattern.test(member))?.[1] ?? 'INVALID_PARAMETER_VALUE';
  const sentences = violations.map((violation) => `Value at '${violation.member}' failed to satisfy constraint: ${violation.constraint}`);
  return invalid(reason, `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${sentences.join('; ')}`);
}
