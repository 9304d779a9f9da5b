import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import type { CreateRequest, ResourceType } from '.';
import type { FunctionSpecification } from '../../lambda';

interface Code {
  readonly S3Bucket?: string;
  readonly S3Key?: string;
  readonly S3ObjectVersion?: string;
  readonly ZipFile?: string;
}

/* The name `function` is taken by the language. */
export const function_: ResourceType = {
  properties: [
    'Architectures', 'Code', 'Description', 'Environment', 'EphemeralStorage', 'FunctionName', 'Handler', 'LoggingConfig', 'MemorySize', 'Role', 'Runtime', 'Tags',
    'Timeout', 'TracingConfig',
  ],
  replacedBy: ['FunctionName'],
  async create(request) {
    const specification = specify(request, String(request.properties.FunctionName ?? request.stack.inventName(request.logicalId, 64)));
    await request.platform.lambda.createFunction(specification);
    return { physicalId: specification.functionName, attributes: { Arn: specification.arn } };
  },
  async update(request) {
    await request.platform.lambda.updateFunction(specify(request, request.physicalId));
    return {};
  },
  delete: async ({ stack, physicalId, platform }) => platform.lambda.deleteFunction(physicalId, stack.region),
};

/** Code is not kept by version: whatever the qualifier, the latest runs. */
export const version: ResourceType = {
  properties: ['CodeSha256', 'Description', 'FunctionName'],
  replacedBy: ['FunctionName'],
  async create({ stack, properties }) {
    const arn = `arn:aws:lambda:${stack.region}:${stack.account}:function:${String(properties.FunctionName).split(':').pop()}:1`;
    return { physicalId: arn, attributes: { FunctionArn: arn, Version: '1' } };
  },
};

function specify(request: CreateRequest, functionName: string): FunctionSpecification {
  const { stack, properties } = request;
  const environment = (properties.Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {};
  // Only the format JSON has levels; which it is makes no other difference here.
  const logLevel = (properties.LoggingConfig as { ApplicationLogLevel?: string } | undefined)?.ApplicationLogLevel;
  return {
    functionName,
    arn: `arn:aws:lambda:${stack.region}:${stack.account}:function:${functionName}`,
    region: stack.region,
    zip: zipOf(request, functionName),
    handler: String(properties.Handler),
    runtime: String(properties.Runtime),
    timeoutSeconds: Number(properties.Timeout ?? 3),
    memorySize: Number(properties.MemorySize ?? 128),
    environment: {
      ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])),
      ...(logLevel === undefined ? {} : { AWS_LAMBDA_LOG_LEVEL: logLevel }),
    },
    role: String(properties.Role),
  };
}

function zipOf({ properties, platform }: CreateRequest, functionName: string): string {
  const { S3Bucket: bucket, S3Key: key, S3ObjectVersion: objectVersion, ZipFile: source } = properties.Code as Code;
  if (source !== undefined) {
    const zip = new AdmZip();
    zip.addFile('index.js', Buffer.from(source));
    const directory = join(platform.directory, 'inline-code');
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${functionName}.zip`);
    zip.writeZip(file);
    return file;
  }
  const object = bucket !== undefined && key !== undefined ? platform.s3.getObject(bucket, key, objectVersion) : undefined;
  if (!object) throw new Error(`Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist. (${bucket}/${key})`);
  return object.path;
}
