import { readFileSync } from 'node:fs';
import { CustomResources } from './custom-resource';
import { Deployment } from './deployment';
import { TemplateError } from './intrinsics';
import type { ParameterInput } from './parameters';
import { Resources } from './resources';
import type { Stack, Tag } from './stack';
import { Stacks, validationFailure } from './stacks';
import { readTemplate, type Template } from './template';
import type { Platform } from '../platform';

export interface CloudFormationOptions {
  readonly account: string;
  readonly platform: Platform;
  /** Value of a parameter in Systems Manager. */
  systemsManagerParameter(name: string): string | undefined;
}

export interface TemplateInput {
  readonly TemplateBody?: string;
  readonly TemplateURL?: string;
  readonly UsePreviousTemplate?: boolean;
  readonly Parameters?: ParameterInput[];
}

export interface StackSettings {
  readonly tags: readonly Tag[];
  readonly capabilities: readonly string[];
  readonly roleArn?: string;
  readonly disableRollback?: boolean;
  readonly clientRequestToken?: string;
}

/** Stacks, and the operations on them. An operation goes on whether or not somebody waits for it. */
export class CloudFormation {
  readonly customResources: CustomResources;
  private readonly resources: Resources;
  private readonly regions = new Map<string, Stacks>();

  constructor(private readonly options: CloudFormationOptions) {
    this.customResources = new CustomResources(options.platform.lambda);
    this.resources = new Resources(options.platform, this.customResources);
  }

  stacks(region: string): Stacks {
    let stacks = this.regions.get(region);
    if (!stacks) {
      stacks = new Stacks(region, this.options.account);
      this.regions.set(region, stacks);
    }
    return stacks;
  }

  read(stacks: Stacks, stack: Stack, input: TemplateInput): Template {
    const body = input.UsePreviousTemplate ? stack.template?.body : input.TemplateBody ?? this.download(input.TemplateURL);
    if (body === undefined) throw validationFailure('Either Template URL or Template Body must be specified.');
    try {
      const template = readTemplate(body, {
        pseudoParameters: {
          'AWS::AccountId': stack.account,
          'AWS::NotificationARNs': [],
          'AWS::Partition': 'aws',
          'AWS::Region': stack.region,
          'AWS::StackId': stack.id,
          'AWS::StackName': stack.name,
          'AWS::URLSuffix': 'amazonaws.com',
        },
        parameters: input.Parameters ?? [],
        previousValue: (name) => stack.template?.parameters.find((parameter) => parameter.name === name)?.value,
        systemsManagerParameter: (name) => this.options.systemsManagerParameter(name),
        exported: (name) => stacks.exported(name),
      });
      for (const { logicalId, type } of template.declarations.values()) {
        const was = stack.resources.get(logicalId);
        if (was && was.type !== type) throw new TemplateError(`Update of resource type is not permitted. The new template modifies resource type of the following resources: [${logicalId}]`);
      }
      return template;
    } catch (error) {
      if (error instanceof TemplateError) throw validationFailure(error.message);
      throw error;
    }
  }

  create(stacks: Stacks, stack: Stack, template: Template, settings: StackSettings): void {
    apply(stack, settings);
    this.start(stacks, stack, async (deployment) => deployment.create(template));
  }

  update(stacks: Stacks, stack: Stack, template: Template, settings: StackSettings): void {
    apply(stack, settings);
    this.start(stacks, stack, async (deployment) => deployment.update(template));
  }

  /** A creation that is under way is cancelled first. */
  delete(stacks: Stacks, stack: Stack, retained: readonly string[], clientRequestToken?: string): void {
    const running = stack.inProgress ? stacks.deployments.get(stack) : undefined;
    stack.clientRequestToken = clientRequestToken;
    for (const changeSet of stacks.changeSets.values()) {
      if (changeSet.stack === stack) stacks.changeSets.delete(changeSet.id);
    }
    this.start(stacks, stack, async (deployment) => deployment.delete(retained, running));
  }

  cancelUpdate(stacks: Stacks, stack: Stack): void {
    stacks.deployments.get(stack)?.cancel('User Initiated');
  }

  /** Takes back what an operation left behind that was told not to. */
  rollBack(stacks: Stacks, stack: Stack, clientRequestToken?: string): void {
    stack.clientRequestToken = clientRequestToken;
    const failed = stacks.deployments.get(stack);
    if (stack.status === 'CREATE_FAILED') this.start(stacks, stack, async (deployment) => deployment.rollBackCreation('User Initiated'));
    else if (failed) failed.run(async () => failed.rollBackUpdate('User Initiated'));
  }

  private start(stacks: Stacks, stack: Stack, operation: (deployment: Deployment) => Promise<void>): void {
    const deployment = new Deployment(stack, this.resources);
    stacks.deployments.set(stack, deployment);
    deployment.run(async () => operation(deployment));
  }

  /** `http://127.0.0.1:4566/bucket/key`, or a virtual host as S3 has it. */
  private download(url: string | undefined): string | undefined {
    if (url === undefined) return undefined;
    const { hostname, pathname } = new URL(url);
    const [, virtualHost] = /^(.+)\.s3[.-]/.exec(hostname) ?? [];
    const [first, ...rest] = decodeURIComponent(pathname.slice(1)).split('/');
    const object = virtualHost === undefined ? this.options.platform.s3.getObject(first, rest.join('/')) : this.options.platform.s3.getObject(virtualHost, [first, ...rest].join('/'));
    if (!object) throw validationFailure(`S3 error: The specified key does not exist. (${url})`);
    return readFileSync(object.path, 'utf8');
  }
}

function apply(stack: Stack, settings: StackSettings): void {
  stack.tags = settings.tags;
  stack.capabilities = settings.capabilities;
  stack.roleArn = settings.roleArn ?? stack.roleArn;
  stack.disableRollback = settings.disableRollback ?? false;
  stack.clientRequestToken = settings.clientRequestToken;
}
