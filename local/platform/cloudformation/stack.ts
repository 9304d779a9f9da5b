import { randomBytes, randomUUID } from 'node:crypto';
import { TemplateError, evaluate, references, type Scope } from './intrinsics';
import type { DeletionPolicy, Properties, Template } from './template';

export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  physicalId?: string;
  properties: Properties;
  attributes: Record<string, unknown>;
  /** The values are for other resources, not for people. */
  noEcho: boolean;
  status: string;
  reason?: string;
  timestamp: Date;
  dependencies: readonly string[];
  deletionPolicy: DeletionPolicy;
  updateReplacePolicy: DeletionPolicy;
}

export interface StackEvent {
  readonly EventId: string;
  readonly StackId: string;
  readonly StackName: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly Timestamp: Date;
  readonly ResourceStatus: string;
  readonly ResourceStatusReason?: string;
  readonly ClientRequestToken?: string;
}

export interface Output {
  readonly OutputKey: string;
  readonly OutputValue: string;
  readonly Description?: string;
  readonly ExportName?: string;
}

export interface Tag {
  readonly Key?: string;
  readonly Value?: string;
}

export class Stack {
  readonly id: string;
  readonly creationTime = new Date();
  readonly resources = new Map<string, StackResource>();
  /** Oldest first. */
  readonly events: StackEvent[] = [];
  lastUpdatedTime?: Date;
  deletionTime?: Date;
  status = 'REVIEW_IN_PROGRESS';
  reason?: string;
  template?: Template;
  outputs: readonly Output[] = [];
  tags: readonly Tag[] = [];
  capabilities: readonly string[] = [];
  roleArn?: string;
  disableRollback = false;
  terminationProtection = false;
  clientRequestToken?: string;

  constructor(readonly name: string, readonly region: string, readonly account: string) {
    this.id = `arn:aws:cloudformation:${region}:${account}:stack/${name}/${randomUUID()}`;
  }

  get inProgress(): boolean {
    return this.status.endsWith('_IN_PROGRESS') && this.status !== 'REVIEW_IN_PROGRESS';
  }

  become(status: string, reason?: string): void {
    this.status = status;
    this.reason = reason;
    this.record({ logicalId: this.name, physicalId: this.id, type: 'AWS::CloudFormation::Stack', status, reason });
  }

  resourceBecomes(resource: StackResource, status: string, reason?: string): void {
    resource.status = status;
    resource.reason = reason;
    resource.timestamp = new Date();
    this.record(resource);
  }

  /** A name as CloudFormation makes them up. */
  inventName(logicalId: string, length = 255): string {
    const suffix = randomName(12);
    return `${`${this.name}-${logicalId}`.slice(0, length - suffix.length - 1)}-${suffix}`;
  }

  /** A value with the resources as they are now. */
  resolve(value: unknown): unknown {
    const scope: Scope = {
      ...(this.template?.scope ?? { parameters: new Map(), mappings: {}, condition: () => false, importValue: () => undefined }),
      resources: {
        ref: (logicalId) => this.resource(logicalId).physicalId,
        attribute: (logicalId, name) => {
          const { attributes, type, physicalId } = this.resource(logicalId);
          if (name in attributes) return attributes[name];
          throw new TemplateError(`Unable to retrieve ${name} attribute for ${type} (${logicalId}, ${physicalId ?? ''}): no such attribute in the response`);
        },
      },
    };
    return evaluate(value, scope);
  }

  resolveOutputs(): Output[] {
    return (this.template?.outputs ?? []).map((output) => {
      const masked = references(output.value).some((logicalId) => this.resources.get(logicalId)?.noEcho);
      const value = this.resolve(output.value);
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw new TemplateError(`Template format error: Output ${output.name} is malformed. The Value field of every Outputs member must evaluate to a String.`);
      }
      return {
        OutputKey: output.name,
        OutputValue: masked ? '*****' : String(value),
        ...(output.description !== undefined && { Description: output.description }),
        ...(output.exportName !== undefined && { ExportName: String(this.resolve(output.exportName)) }),
      };
    });
  }

  private resource(logicalId: string): StackResource {
    const resource = this.resources.get(logicalId);
    if (!resource) throw new TemplateError(`Unresolved resource dependencies [${logicalId}]`);
    return resource;
  }

  private record(what: { logicalId: string; physicalId?: string; type: string; status: string; reason?: string }): void {
    // No two at the same time: the CLI sorts them by it.
    const last = this.events.at(-1)?.Timestamp.getTime() ?? 0;
    this.events.push({
      EventId: randomUUID(),
      StackId: this.id,
      StackName: this.name,
      LogicalResourceId: what.logicalId,
      PhysicalResourceId: what.physicalId,
      ResourceType: what.type,
      Timestamp: new Date(Math.max(Date.now(), last + 1)),
      ResourceStatus: what.status,
      ResourceStatusReason: what.reason,
      ClientRequestToken: this.clientRequestToken,
    });
  }
}

export function randomName(length: number): string {
  return Array.from(randomBytes(length), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'[byte % 36]).join('');
}
