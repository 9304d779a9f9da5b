import type { CreateRequest, ResourceType } from '.';
import { noSuchBucket, S3Error } from '../../s3/error';
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

/* Checked, not enforced. */
export const bucketPolicy: ResourceType = {
  properties: ['Bucket', 'PolicyDocument'],
  replacedBy: ['Bucket'],
  async create(request) {
    checkPolicy(request);
    return { physicalId: String(request.properties.Bucket), attributes: {} };
  },
  async update(request) {
    checkPolicy(request);
    return {};
  },
};

/** As S3 refuses a policy: of a bucket that is not there, or about something else. */
function checkPolicy({ properties, platform }: CreateRequest): void {
  const name = String(properties.Bucket);
  if (!platform.s3.find(name)) {
    throw noSuchBucket(name);
  }
  const { Statement: statements = [] } = properties.PolicyDocument as { Statement?: { Resource?: string | string[] }[] };
  const arn = `arn:aws:s3:::${name}`;
  const foreign = statements.flatMap(({ Resource = [] }) => Resource).find((resource) => resource !== arn && !resource.startsWith(`${arn}/`));
  if (statements.length === 0) {
    throw new S3Error(400, 'MalformedPolicy', 'Missing required field Statement');
  }
  if (foreign !== undefined) {
    throw new S3Error(400, 'MalformedPolicy', 'Policy has invalid resource', { Detail: foreign });
  }
}

function settingsOf({ VersioningConfiguration: versioning, Tags: tags }: Properties): { versioned: boolean; tags: Record<string, string> } {
  return {
    versioned: (versioning as { Status?: string } | undefined)?.Status === 'Enabled',
    tags: Object.fromEntries(((tags ?? []) as { Key: string; Value: string }[]).map(({ Key: key, Value: value }) => [key, value])),
  };
}
