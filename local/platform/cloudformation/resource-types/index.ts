import type { Platform } from '../../platform';
import type { Stack } from '../stack';
import type { Properties } from '../template';
import * as iam from './iam';
import * as lambda from './lambda';
import * as logs from './logs';
import * as s3 from './s3';
import * as secretsManager from './secrets-manager';
import * as stepFunctions from './step-functions';

export interface Provisioned {
  readonly physicalId: string;
  readonly attributes: Record<string, unknown>;
}

export interface CreateRequest {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly properties: Properties;
  readonly platform: Platform;
}

export interface ExistingRequest extends CreateRequest {
  readonly physicalId: string;
}

export interface ResourceType {
  /** The properties that are interpreted, or make no difference here. Any other fails the deployment. */
  readonly properties: readonly string[];
  /** A change of these makes a new physical resource. */
  readonly replacedBy: readonly string[];
  create(request: CreateRequest): Promise<Provisioned>;
  /** Answers the attributes that changed. */
  update?(request: ExistingRequest): Promise<Record<string, unknown>>;
  delete?(request: ExistingRequest): Promise<void>;
}

/** A resource that is accepted and makes no difference locally. */
export function accepted(properties: readonly string[]): ResourceType {
  return {
    properties,
    replacedBy: [],
    create: async ({ stack, logicalId }) => ({ physicalId: stack.inventName(logicalId), attributes: {} }),
  };
}

/** Everything that a stack may hold besides custom resources. */
export const RESOURCE_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::CDK::Metadata': accepted(['Analytics']),
  'AWS::IAM::Policy': iam.policy,
  'AWS::IAM::Role': iam.role,
  'AWS::Lambda::Function': lambda.function_,
  'AWS::Lambda::Permission': accepted(['Action', 'FunctionName', 'FunctionUrlAuthType', 'Principal', 'PrincipalOrgID', 'SourceAccount', 'SourceArn']),
  'AWS::Lambda::Version': lambda.version,
  'AWS::Logs::LogGroup': logs.logGroup,
  'AWS::Logs::ResourcePolicy': logs.resourcePolicy,
  'AWS::S3::Bucket': s3.bucket,
  'AWS::S3::BucketPolicy': s3.bucketPolicy,
  'AWS::SecretsManager::Secret': secretsManager.secret,
  'AWS::StepFunctions::StateMachine': stepFunctions.stateMachine,
};
