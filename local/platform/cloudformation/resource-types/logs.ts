import type { ResourceType } from '.';

export const logGroup: ResourceType = {
  properties: ['DataProtectionPolicy', 'KmsKeyId', 'LogGroupClass', 'LogGroupName', 'RetentionInDays', 'Tags'],
  replacedBy: ['LogGroupName'],
  async create({ stack, logicalId, properties, platform }) {
    const name = String(properties.LogGroupName ?? stack.inventName(logicalId, 512));
    platform.logs.create(stack.region, name);
    return { physicalId: name, attributes: { Arn: `arn:aws:logs:${stack.region}:${stack.account}:log-group:${name}:*` } };
  },
  async delete({ stack, physicalId, platform }) {
    platform.logs.delete(stack.region, physicalId);
  },
};

export const resourcePolicy: ResourceType = {
  properties: ['PolicyDocument', 'PolicyName'],
  replacedBy: ['PolicyName'],
  create: async ({ properties }) => ({ physicalId: String(properties.PolicyName), attributes: {} }),
};
