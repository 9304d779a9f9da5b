import type * as cfn from '@aws-sdk/client-cloudformation';
import type { Stack, StackResource } from './stack';
import type { Template } from './template';

const PAGE = 100;

export function page<T>(items: readonly T[], token: string | undefined): { items: T[]; next?: string } {
  const from = Number(token ?? 0);
  const to = from + PAGE;
  return { items: items.slice(from, to), next: to < items.length ? String(to) : undefined };
}

export function describeStack(stack: Stack): cfn.Stack & cfn.StackSummary {
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: stack.template?.description,
    CreationTime: stack.creationTime,
    LastUpdatedTime: stack.lastUpdatedTime,
    DeletionTime: stack.deletionTime,
    StackStatus: stack.status as cfn.StackStatus,
    StackStatusReason: stack.reason,
    DisableRollback: stack.disableRollback,
    EnableTerminationProtection: stack.terminationProtection,
    RoleARN: stack.roleArn,
    NotificationARNs: [],
    Capabilities: stack.capabilities as cfn.Capability[],
    Tags: stack.tags as cfn.Tag[],
    Outputs: stack.outputs as cfn.Output[],
    Parameters: stack.template && describeParameters(stack.template),
  };
}

export function describeParameters(template: Template): cfn.Parameter[] {
  return template.parameters.map((parameter) => ({
    ParameterKey: parameter.name,
    ParameterValue: parameter.noEcho ? '****' : parameter.value,
    ResolvedValue: parameter.systemsManager ? String(parameter.resolved) : undefined,
  }));
}

export function describeResource(stack: Stack, resource: StackResource) {
  return {
    StackId: stack.id,
    StackName: stack.name,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    Timestamp: resource.timestamp,
    ResourceStatus: resource.status as cfn.ResourceStatus,
    ResourceStatusReason: resource.reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' as const },
  };
}
