import { ServiceError } from './errors';
import type { Service } from './service';
import { awsQuery } from './wire/query';

/** Clients that ask IAM who they are (Terraform does) fall back to STS as soon as they are refused; without an answer they would wait. */
export function identityAndAccessManagement(): Service {
  const protocol = awsQuery('https://iam.amazonaws.com/doc/2010-05-08/');
  return {
    name: 'iam',
    protocol: {
      ...protocol,
      read() {
        throw new ServiceError(403, 'AccessDenied', 'IAM is not here: the local services know no users');
      },
    },
    operations: [],
    refuse: () => new ServiceError(403, 'AccessDenied', 'IAM is not here: the local services know no users'),
  };
}
