import type { ResourceType } from '.';
import { randomName } from '../stack';

/* Accepted, not enforced. */

export const role: ResourceType = {
  properties: ['AssumeRolePolicyDocument', 'Description', 'ManagedPolicyArns', 'MaxSessionDuration', 'Path', 'PermissionsBoundary', 'Policies', 'RoleName', 'Tags'],
  replacedBy: ['Path', 'RoleName'],
  async create({ stack, logicalId, properties }) {
    const name = String(properties.RoleName ?? stack.inventName(logicalId, 64));
    const path = String(properties.Path ?? '/');
    return { physicalId: name, attributes: { Arn: `arn:aws:iam::${stack.account}:role${path}${name}`, RoleId: `AROA${randomName(17)}` } };
  },
};

export const policy: ResourceType = {
  properties: ['Groups', 'PolicyDocument', 'PolicyName', 'Roles', 'Users'],
  replacedBy: [],
  create: async ({ stack, logicalId }) => ({ physicalId: stack.inventName(logicalId), attributes: { Id: logicalId } }),
};
