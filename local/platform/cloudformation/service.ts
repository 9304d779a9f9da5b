import * as cfn from '@aws-sdk/client-cloudformation';
import { ChangeSet } from './change-set';
import { describeParameters, describeResource, describeStack, page } from './describe';
import type { CloudFormation, StackSettings, TemplateInput } from './index';
import type { Stack, Tag } from './stack';
import { validationFailure, type Stacks } from './stacks';
import { validationError } from '../../services/constraints';
import { ServiceError } from '../../services/errors';
import { operation, type Operation, type Service } from '../../services/service';
import { awsQuery } from '../../services/wire/query';

/** States that an update cannot start from, besides those in progress. */
const NOT_UPDATABLE = ['DELETE_COMPLETE', 'DELETE_FAILED', 'REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'UPDATE_ROLLBACK_FAILED'];
const UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set.";

/** The API of CloudFormation. */
export function cloudFormationService(cloudFormation: CloudFormation): Service {
  const { stacks: inRegion } = cloudFormation;
  const stacksOf = inRegion.bind(cloudFormation);

  const operations: Operation[] = [
    operation<cfn.DescribeStacksInput, cfn.DescribeStacksOutput>(cfn.DescribeStacks$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const found = input.StackName === undefined ? stacks.all.filter((stack) => stack.status !== 'DELETE_COMPLETE') : [stacks.get(input.StackName)];
      const { items, next } = page(found, input.NextToken);
      return { Stacks: items.map(describeStack), NextToken: next };
    }),

    operation<cfn.ListStacksInput, cfn.ListStacksOutput>(cfn.ListStacks$, {}, (input, { region }) => {
      const wanted = input.StackStatusFilter ?? [];
      const found = stacksOf(region).all.filter((stack) => wanted.length === 0 || wanted.includes(stack.status as cfn.StackStatus));
      const { items, next } = page(found, input.NextToken);
      return { StackSummaries: items.map(describeStack), NextToken: next };
    }),

    operation<cfn.DescribeStackEventsInput, cfn.DescribeStackEventsOutput>(cfn.DescribeStackEvents$, {}, (input, { region }) => {
      const { items, next } = page([...stacksOf(region).get(input.StackName).events].reverse(), input.NextToken);
      return { StackEvents: items as cfn.StackEvent[], NextToken: next };
    }),

    operation<cfn.DescribeStackResourcesInput, cfn.DescribeStackResourcesOutput>(cfn.DescribeStackResources$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const owner = input.StackName === undefined
        ? stacks.all.find((stack) => [...stack.resources.values()].some((resource) => resource.physicalId === input.PhysicalResourceId))
        : stacks.get(input.StackName);
      if (!owner) throw validationFailure(`Stack for ${input.PhysicalResourceId ?? ''} does not exist`);
      const wanted = input.LogicalResourceId;
      const found = [...owner.resources.values()].filter(({ logicalId }) => wanted === undefined || wanted === logicalId);
      return { StackResources: found.map((resource) => describeResource(owner, resource)) };
    }),

    operation<cfn.DescribeStackResourceInput, cfn.DescribeStackResourceOutput>(cfn.DescribeStackResource$, {}, (input, { region }) => {
      const stack = stacksOf(region).get(input.StackName);
      const resource = stack.resources.get(input.LogicalResourceId ?? '');
      if (!resource) throw validationFailure(`Resource ${input.LogicalResourceId ?? ''} does not exist for stack ${stack.name}`);
      return { StackResourceDetail: { ...describeResource(stack, resource), LastUpdatedTimestamp: resource.timestamp } };
    }),

    operation<cfn.ListStackResourcesInput, cfn.ListStackResourcesOutput>(cfn.ListStackResources$, {}, (input, { region }) => {
      const stack = stacksOf(region).get(input.StackName);
      const { items, next } = page([...stack.resources.values()], input.NextToken);
      const summaries = items.map((resource) => ({ ...describeResource(stack, resource), LastUpdatedTimestamp: resource.timestamp }));
      return { StackResourceSummaries: summaries, NextToken: next };
    }),

    operation<cfn.GetTemplateInput, cfn.GetTemplateOutput>(cfn.GetTemplate$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const { ChangeSetName: changeSet, StackName: stack } = input;
      const { template } = changeSet === undefined ? stacks.get(stack) : stacks.getChangeSet(changeSet, stack);
      return { TemplateBody: template?.body ?? '{}', StagesAvailable: ['Original', 'Processed'] };
    }),

    operation<cfn.ListExportsInput, cfn.ListExportsOutput>(cfn.ListExports$, {}, (input, { region }) => {
      const { items, next } = page(stacksOf(region).exports(), input.NextToken);
      return { Exports: items.map(({ name, value, stack }) => ({ Name: name, Value: value, ExportingStackId: stack.id })), NextToken: next };
    }),

    operation<cfn.CreateChangeSetInput, cfn.CreateChangeSetOutput>(cfn.CreateChangeSet$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const type = input.ChangeSetType ?? 'UPDATE';
      if (type === 'IMPORT') throw validationFailure('the local platform does not import resources');
      const stack = stackFor(stacks, input.StackName, type === 'CREATE');
      const template = readOrDrop(stacks, stack, input);
      const disableRollback = input.OnStackFailure && input.OnStackFailure === 'DO_NOTHING';
      const settings = { description: input.Description, ...settingsOf(input, stack), disableRollback };
      const changeSet = new ChangeSet(input.ChangeSetName, type, stack, template, settings);
      stacks.changeSets.set(changeSet.id, changeSet);
      if (stack.events.length === 0) stack.become('REVIEW_IN_PROGRESS', 'User Initiated');
      return { Id: changeSet.id, StackId: stack.id };
    }),

    operation<cfn.DescribeChangeSetInput, cfn.DescribeChangeSetOutput>(cfn.DescribeChangeSet$, {}, (input, { region }) => {
      const changeSet = stacksOf(region).getChangeSet(input.ChangeSetName, input.StackName);
      const { id, name, stack, creationTime, changes, empty, executionStatus, settings, template } = changeSet;
      const { items, next } = page(changes, input.NextToken);
      return {
        ChangeSetId: id,
        ChangeSetName: name,
        StackId: stack.id,
        StackName: stack.name,
        Description: settings.description,
        CreationTime: creationTime,
        ExecutionStatus: executionStatus,
        Status: empty ? 'FAILED' : 'CREATE_COMPLETE',
        StatusReason: empty ? UNCHANGED : undefined,
        Capabilities: settings.capabilities as cfn.Capability[],
        Parameters: describeParameters(template),
        Tags: settings.tags as cfn.Tag[],
        Changes: items,
        NextToken: next,
      };
    }),

    operation<cfn.DeleteChangeSetInput, cfn.DeleteChangeSetOutput>(cfn.DeleteChangeSet$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const changeSet = [...stacks.changeSets.values()].find(({ id, name, stack }) => id === input.ChangeSetName
        || (name === input.ChangeSetName && [stack.name, stack.id].includes(input.StackName ?? '')));
      if (changeSet) stacks.changeSets.delete(changeSet.id);
      return {};
    }),

    operation<cfn.ExecuteChangeSetInput, cfn.ExecuteChangeSetOutput>(cfn.ExecuteChangeSet$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const changeSet = stacks.getChangeSet(input.ChangeSetName, input.StackName);
      const { stack, template, type, settings } = changeSet;
      if (changeSet.executionStatus !== 'AVAILABLE') {
        throw new ServiceError(400, 'InvalidChangeSetStatus', `ChangeSet [${changeSet.id}] cannot be executed in its current status of [${changeSet.executionStatus}]`);
      }
      if (stack.inProgress) throw cannot(stack, 'updated');
      changeSet.executionStatus = 'EXECUTE_COMPLETE';
      for (const other of stacks.changeSets.values()) {
        if (other.stack === stack && other !== changeSet) other.executionStatus = 'OBSOLETE';
      }
      const start = type === 'CREATE' ? cloudFormation.create : cloudFormation.update;
      start.call(cloudFormation, stacks, stack, template, {
        ...settings, disableRollback: input.DisableRollback ?? settings.disableRollback, clientRequestToken: input.ClientRequestToken,
      });
      return {};
    }),

    operation<cfn.CreateStackInput, cfn.CreateStackOutput>(cfn.CreateStack$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const stack = stackFor(stacks, input.StackName, true);
      const template = readOrDrop(stacks, stack, input);
      stack.terminationProtection = input.EnableTerminationProtection ?? false;
      const disableRollback = input.DisableRollback ?? input.OnFailure === 'DO_NOTHING';
      cloudFormation.create(stacks, stack, template, { ...settingsOf(input, stack), disableRollback, clientRequestToken: input.ClientRequestToken });
      return { StackId: stack.id };
    }),

    operation<cfn.UpdateStackInput, cfn.UpdateStackOutput>(cfn.UpdateStack$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const stack = stackFor(stacks, input.StackName, false);
      const template = cloudFormation.read(stacks, stack, input);
      const settings = settingsOf(input, stack);
      if (new ChangeSet('update', 'UPDATE', stack, template, settings).empty) throw validationFailure('No updates are to be performed.');
      const { DisableRollback: disableRollback, ClientRequestToken: clientRequestToken } = input;
      cloudFormation.update(stacks, stack, template, { ...settings, disableRollback, clientRequestToken });
      return { StackId: stack.id };
    }),

    operation<cfn.DeleteStackInput, object>(cfn.DeleteStack$, {}, (input, { region }) => {
      const stacks = stacksOf(region);
      const stack = stacks.find(input.StackName ?? '');
      if (!stack || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') return {};
      if (stack.terminationProtection) throw validationFailure(`Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`);
      if (stack.inProgress && stack.status !== 'CREATE_IN_PROGRESS') throw cannot(stack, 'deleted');
      stacks.checkExports(stack);
      cloudFormation.delete(stacks, stack, input.RetainResources ?? [], input.ClientRequestToken);
      return {};
    }),

    operation<cfn.CancelUpdateStackInput, object>(cfn.CancelUpdateStack$, {}, (input, { region }) => {
      const stack = stacksOf(region).get(input.StackName);
      if (stack.status !== 'UPDATE_IN_PROGRESS') throw validationFailure('CancelUpdateStack cannot be called from current stack status');
      cloudFormation.cancelUpdate(stacksOf(region), stack);
      return {};
    }),

    operation<cfn.RollbackStackInput, cfn.RollbackStackOutput>(cfn.RollbackStack$, {}, (input, { region }) => {
      const stack = stacksOf(region).get(input.StackName);
      if (!['CREATE_FAILED', 'UPDATE_FAILED'].includes(stack.status)) throw cannot(stack, 'rolled back');
      cloudFormation.rollBack(stacksOf(region), stack, input.ClientRequestToken);
      return { StackId: stack.id };
    }),

    operation<cfn.ContinueUpdateRollbackInput, cfn.ContinueUpdateRollbackOutput>(cfn.ContinueUpdateRollback$, {}, (input, { region }) => {
      const stack = stacksOf(region).get(input.StackName);
      if (stack.status !== 'UPDATE_ROLLBACK_FAILED') throw cannot(stack, 'rolled back further');
      cloudFormation.rollBack(stacksOf(region), stack, input.ClientRequestToken);
      return {};
    }),

    operation(cfn.UpdateTerminationProtection$, {}, (input: cfn.UpdateTerminationProtectionInput, { region }) => {
      const stack = stacksOf(region).get(input.StackName);
      stack.terminationProtection = input.EnableTerminationProtection === true;
      return { StackId: stack.id };
    }),
  ];

  /** A new stack whose template is refused leaves nothing behind. */
  function readOrDrop(stacks: Stacks, stack: Stack, input: TemplateInput) {
    try {
      return cloudFormation.read(stacks, stack, input);
    } catch (error) {
      if (stack.events.length === 0) stacks.drop(stack);
      throw error;
    }
  }

  return { name: 'cloudformation', protocol: awsQuery('http://cloudformation.amazonaws.com/doc/2010-05-15/'), operations, refuse: validationError };
}

const cannot = (stack: Stack, what: string) => validationFailure(`Stack:${stack.id} is in ${stack.status} state and can not be ${what}.`);

function stackFor(stacks: Stacks, name: string, isNew: boolean): Stack {
  const stack = stacks.find(name);
  if (isNew) {
    if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) throw validationFailure(`1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`);
    if (stack && stack.status !== 'REVIEW_IN_PROGRESS') throw new ServiceError(400, 'AlreadyExistsException', `Stack [${name}] already exists`);
    return stack ?? stacks.add(name);
  }
  if (!stack) throw validationFailure(`Stack [${name}] does not exist`);
  if (stack.inProgress || NOT_UPDATABLE.includes(stack.status)) {
    throw cannot(stack, 'updated');
  }
  return stack;
}

function settingsOf(input: { Tags?: Tag[]; Capabilities?: string[]; RoleARN?: string }, stack: Stack): StackSettings {
  return { tags: input.Tags ?? stack.tags, capabilities: input.Capabilities ?? [], roleArn: input.RoleARN };
}
