import { randomUUID } from 'node:crypto';
import { GetSecretValue$, type GetSecretValueRequest, type GetSecretValueResponse } from '@aws-sdk/client-secrets-manager';
import { validationError } from '../../services/constraints';
import { ServiceError } from '../../services/errors';
import { operation, type Service } from '../../services/service';
import { awsJson1_1 } from '../../services/wire/aws-json';

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  value?: string;
  versionId: string;
  createdDate: Date;
}

/** Secrets that stacks declare, and GetSecretValue for the handlers that read them. */
export class Secrets {
  private readonly secrets = new Map<string, Secret>();

  create(secret: { arn: string; name: string; region: string; value?: string }): void {
    if (this.find(secret.name, secret.region)) throw new Error(`The operation failed because the secret ${secret.name} already exists.`);
    this.secrets.set(secret.arn, { ...secret, versionId: randomUUID(), createdDate: new Date() });
  }

  put(arn: string, value: string): void {
    const secret = this.secrets.get(arn);
    if (!secret) throw new Error("Secrets Manager can't find the specified secret.");
    Object.assign(secret, { value, versionId: randomUUID(), createdDate: new Date() });
  }

  delete(arn: string): void {
    this.secrets.delete(arn);
  }

  service(): Service {
    return {
      name: 'secretsmanager',
      protocol: awsJson1_1(['secretsmanager']),
      operations: [operation<GetSecretValueRequest, GetSecretValueResponse>(GetSecretValue$, {}, (input, { region }) => this.read(input, region))],
      refuse: validationError,
    };
  }

  private read(input: GetSecretValueRequest, region: string): GetSecretValueResponse {
    const secret = this.find(input.SecretId ?? '', region);
    const stage = input.VersionStage ?? 'AWSCURRENT';
    if (secret?.value === undefined || stage !== 'AWSCURRENT' || (input.VersionId !== undefined && input.VersionId !== secret.versionId)) {
      throw new ServiceError(400, 'ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    return {
      ARN: secret.arn, Name: secret.name, VersionId: secret.versionId, SecretString: secret.value, VersionStages: ['AWSCURRENT'], CreatedDate: secret.createdDate,
    };
  }

  /** By ARN, by ARN without its random ending, or by name. */
  private find(id: string, region: string): Secret | undefined {
    return [...this.secrets.values()].find((secret) => secret.region === region && [secret.arn, secret.arn.slice(0, -7), secret.name].includes(id));
  }
}
