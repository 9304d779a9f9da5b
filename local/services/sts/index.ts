import { GetCallerIdentity$ } from '@aws-sdk/client-sts';
import { CALLER } from '../../identity';
import { validationError } from '../constraints';
import { operation, type Service } from '../service';
import { awsQuery } from '../wire/query';

export function securityTokenService(): Service {
  return {
    name: 'sts',
    protocol: awsQuery('https://sts.amazonaws.com/doc/2011-06-15/'),
    operations: [operation(GetCallerIdentity$, {}, () => CALLER)],
    refuse: validationError,
  };
}
