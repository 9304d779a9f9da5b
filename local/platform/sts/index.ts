import { AssumeRole$, type AssumeRoleRequest, type AssumeRoleResponse } from '@aws-sdk/client-sts';
import { ACCOUNT } from '../../identity';
import { operation, type Service } from '../../services/service';
import { securityTokenService } from '../../services/sts';

/** As the local services answer it, and with the roles that the CLI assumes: whoever asks may. */
export function platformSecurityTokenService(): Service {
  const service = securityTokenService();
  const assumeRole = operation<AssumeRoleRequest, AssumeRoleResponse>(AssumeRole$, {}, (input) => ({
    Credentials: {
      // The CLI remembers accounts by key: with the account for a key, it cannot mix up two.
      AccessKeyId: ACCOUNT,
      SecretAccessKey: 'local',
      SessionToken: 'local',
      Expiration: new Date(Date.now() + 3_600_000),
    },
    AssumedRoleUser: {
      AssumedRoleId: `AROALOCAL:${input.RoleSessionName}`,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${input.RoleArn?.split('/').pop()}/${input.RoleSessionName}`,
    },
  }));
  return { ...service, operations: [...service.operations, assumeRole] };
}
