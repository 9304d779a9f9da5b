import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Change, ChangeSetType, ExecutionStatus, ResourceChange, ResourceChangeDetail } from '@aws-sdk/client-cloudformation';
import { references } from './intrinsics';
import { RESOURCE_TYPES } from './resource-types';
import type { Stack, Tag } from './stack';
import type { Declaration, Template } from './template';

/** What a stack would become. */
export class ChangeSet {
  readonly id: string;
  readonly creationTime = new Date();
  readonly changes: readonly Change[];
  readonly empty: boolean;
  executionStatus: ExecutionStatus;

  constructor(
    readonly name: string,
    readonly type: ChangeSetType,
    readonly stack: Stack,
    readonly template: Template,
    readonly settings: { description?: string; tags: readonly Tag[]; capabilities: readonly string[]; roleArn?: string; disableRollback?: boolean },
  ) {
    this.id = `arn:aws:cloudformation:${stack.region}:${stack.account}:changeSet/${name}/${randomUUID()}`;
    this.changes = changesBetween(stack, template);
    this.empty = isEmpty(this, stack);
    this.executionStatus = this.empty ? 'UNAVAILABLE' : 'AVAILABLE';
  }
}

function isEmpty({ changes, template, settings }: Pick<ChangeSet, 'changes' | 'template' | 'settings'>, stack: Stack): boolean {
  const outputs = ({ outputs: all }: Template) => all.map((output) => ({ ...output }));
  return stack.template !== undefined && stack.status !== 'REVIEW_IN_PROGRESS' && changes.length === 0
    && isDeepStrictEqual(outputs(stack.template), outputs(template)) && isDeepStrictEqual(stack.tags, settings.tags);
}

function changesBetween(stack: Stack, template: Template): Change[] {
  const before = stack.template?.declarations ?? new Map<string, Declaration>();
  const additions: ResourceChange[] = [];
  const modifications: ResourceChange[] = [];
  for (const declaration of template.declarations.values()) {
    const { logicalId, type } = declaration;
    const existing = stack.resources.get(logicalId);
    const was = before.get(logicalId);
    if (!existing || !was) {
      additions.push({ Action: 'Add', LogicalResourceId: logicalId, ResourceType: type, Scope: [], Details: [] });
      continue;
    }
    const details = detailsOf(was, declaration);
    const failedBefore = existing.status.endsWith('_FAILED');
    if (details.length > 0 || failedBefore) {
      modifications.push({
        Action: 'Modify',
        LogicalResourceId: logicalId,
        PhysicalResourceId: existing.physicalId,
        ResourceType: type,
        Replacement: details.some(({ Target: target }) => target?.RequiresRecreation === 'Always') ? 'True' : 'False',
        Scope: [...new Set(details.flatMap(({ Target: target }) => target?.Attribute ?? []))],
        Details: details,
      });
    }
  }
  modifications.push(...dependants(stack, template, modifications));
  const removals: ResourceChange[] = [...stack.resources.values()].filter(({ logicalId }) => !template.declarations.has(logicalId))
    .map(({ logicalId, physicalId, type, deletionPolicy }) => ({
      Action: 'Remove',
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      Scope: [],
      Details: [],
      PolicyAction: deletionPolicy === 'Delete' ? 'Delete' : 'Retain',
    }));
  return [...additions, ...modifications, ...removals].map((change) => ({ Type: 'Resource', ResourceChange: change }));
}

function detailsOf(was: Declaration, now: Declaration): ResourceChangeDetail[] {
  const replacedBy = RESOURCE_TYPES[now.type]?.replacedBy ?? [];
  const names = [...new Set([...Object.keys(was.properties), ...Object.keys(now.properties)])];
  const properties = names.filter((name) => !isDeepStrictEqual(was.properties[name], now.properties[name])).map((name): ResourceChangeDetail => ({
    Target: { Attribute: 'Properties', Name: name, RequiresRecreation: replacedBy.includes(name) ? 'Always' : 'Never' },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  }));
  const attributes = ([['Metadata', 'metadata'], ['DeletionPolicy', 'deletionPolicy'], ['UpdateReplacePolicy', 'updateReplacePolicy']] as const)
    .filter(([, member]) => !isDeepStrictEqual(was[member], now[member]))
    .map(([attribute]): ResourceChangeDetail => ({ Target: { Attribute: attribute }, Evaluation: 'Static', ChangeSource: 'DirectModification' }));
  return [...properties, ...attributes];
}

/** Resources that do not change themselves, but read what a changed one may answer differently. */
function dependants(stack: Stack, template: Template, modifications: readonly ResourceChange[]): ResourceChange[] {
  const changed = new Set(modifications.filter(({ Scope: scope }) => scope?.includes('Properties')).map(({ LogicalResourceId: logicalId }) => logicalId));
  const listed = new Set(modifications.map(({ LogicalResourceId: logicalId }) => logicalId));
  const unlisted = [...template.declarations.values()].filter(({ logicalId }) => stack.resources.has(logicalId) && !listed.has(logicalId));
  return unlisted.flatMap((declaration) => {
    const details = Object.entries(declaration.properties).flatMap(([name, value]) => references(value).filter((source) => changed.has(source)).map(
      (source): ResourceChangeDetail => ({
        Target: { Attribute: 'Properties', Name: name, RequiresRecreation: 'Never' },
        Evaluation: 'Dynamic',
        ChangeSource: 'ResourceAttribute',
        CausingEntity: source,
      })));
    return details.length === 0 ? [] : [{
      Action: 'Modify' as const,
      LogicalResourceId: declaration.logicalId,
      PhysicalResourceId: stack.resources.get(declaration.logicalId)?.physicalId,
      ResourceType: declaration.type,
      Replacement: 'False' as const,
      Scope: ['Properties' as const],
      Details: details,
    }];
  });
}
