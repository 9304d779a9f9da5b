import { ServiceError } from '../errors';

/** A dry run that would succeed is answered by this error. */
export function refuseDryRun({ DryRun }: { readonly DryRun?: boolean }): void {
  if (DryRun) {
    throw new ServiceError(412, 'DryRunOperation', 'Request would have succeeded, but DryRun flag is set.');
  }
}
