import type { LambdaService } from './lambda';
import type { LogGroups } from './log-groups';
import type { S3Service } from './s3';
import type { Secrets } from './secrets-manager';
import type { StepFunctionsService } from './step-functions';

/** The services in which CloudFormation makes resources. */
export interface Platform {
  /** For files that the platform makes. */
  readonly directory: string;
  readonly lambda: LambdaService;
  readonly logs: LogGroups;
  readonly s3: S3Service;
  readonly secrets: Secrets;
  readonly stepFunctions: StepFunctionsService;
}
