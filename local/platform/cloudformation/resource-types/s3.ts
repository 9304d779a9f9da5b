import type { ResourceType } from '.';
import type { Properties } from '../template';

export const bucket: ResourceType = {
  // Access, life cycle and encryption make no difference where nobody else is and nothing lives long.
  properties: ['BucketEncryption', 'BucketName', 'LifecycleConfiguration', 'OwnershipControls', 'PublicAccessBlockConfiguration', 'Tags', 'VersioningConfiguration'],
  replacedBy: ['BucketName'],
  async create({ stack, logicalId, properties, platform }) {
    const name = String(properties.BucketName ?? stack.inventName(logicalId, 63).toLowerCase());
    await platform.s3.createBucket(name, { region: stack.region, ...settingsOf(properties) });
    return {
      physicalId: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: `${name}.s3.${stack.region}.amazonaws.com`,
      },
    };
  },
  async update({ properties, physicalId, platform }) {
    await platform.s3.updateBucket(physicalId, settingsOf(properties));
    return {};
  },
  async delete({ physicalId, platform }) {
    await platform.s3.deleteBucket(physicalId);
  },
};

function settingsOf({ VersioningConfiguration: versioning, Tags: tags }: Properties): { versioned: boolean; tags: Record<string, string> } {
  return {
    versioned: (versioning as { Status?: string } | undefined)?.Status === 'Enabled',
    tags: Object.fromEntries(((tags ?? []) as { Key: string; Value: string }[]).map(({ Key: key, Value: value }) => [key, value])),
  };
}
