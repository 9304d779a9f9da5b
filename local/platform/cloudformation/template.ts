import { evaluate, references, TemplateError, type Scope } from './intrinsics';
import { readParameters, type Parameter, type ParameterInput } from './parameters';
import { RESOURCE_TYPES } from './resource-types';

export type DeletionPolicy = 'Delete' | 'Retain' | 'RetainExceptOnCreate';
export type Properties = Record<string, unknown>;

/** A resource as the template declares it: parameters and conditions are evaluated, references to other resources are not. */
export interface Declaration {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Properties;
  readonly metadata: unknown;
  readonly dependencies: readonly string[];
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
}

export interface OutputDeclaration {
  readonly name: string;
  readonly value: unknown;
  readonly description?: string;
  readonly exportName?: unknown;
}

export interface Template {
  readonly body: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly outputs: readonly OutputDeclaration[];
  readonly imports: ReadonlySet<string>;
  readonly scope: Scope;
}

/** What a template is read in. */
export interface Surroundings {
  readonly pseudoParameters: Record<string, unknown>;
  readonly parameters: readonly ParameterInput[];
  previousValue(name: string): string | undefined;
  systemsManagerParameter(name: string): string | undefined;
  exported(name: string): string | undefined;
}

interface Source {
  readonly Description?: string;
  readonly Parameters?: Record<string, Record<string, unknown>>;
  readonly Mappings?: Scope['mappings'];
  readonly Conditions?: Record<string, unknown>;
  readonly Rules?: Record<string, { Assertions: { Assert: unknown; AssertDescription?: string }[] }>;
  readonly Resources?: Record<string, SourceResource>;
  readonly Outputs?: Record<string, { Value: unknown; Description?: string; Condition?: string; Export?: { Name: unknown } }>;
}

interface SourceResource {
  readonly Type: string;
  readonly Properties?: Properties;
  readonly Metadata?: unknown;
  readonly Condition?: string;
  readonly DependsOn?: string | string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

const SECTIONS = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings', 'Conditions', 'Rules', 'Resources', 'Outputs'];
const MEMBERS = ['Type', 'Properties', 'Metadata', 'Condition', 'DependsOn', 'DeletionPolicy', 'UpdateReplacePolicy'];

/** Reads and checks a template, before anything is made of it. */
export function readTemplate(body: string, surroundings: Surroundings): Template {
  const source = parse(body);
  const unknownSections = Object.keys(source).filter((section) => !SECTIONS.includes(section));
  if (unknownSections.length > 0) throw new TemplateError(`Invalid template property or properties [${unknownSections.join(', ')}]`);

  const parameters = readParameters(source.Parameters ?? {}, surroundings);
  const imports = new Set<string>();
  const scope: Scope = {
    parameters: new Map([
      ...Object.entries(surroundings.pseudoParameters),
      ...parameters.map((parameter) => [parameter.name, parameter.resolved] as const),
    ]),
    mappings: source.Mappings ?? {},
    condition(name) {
      const condition = source.Conditions?.[name];
      if (condition === undefined) throw new TemplateError(`Template format error: Unresolved condition ${name}`);
      return evaluate(condition, scope) === true;
    },
    importValue(name) {
      const value = surroundings.exported(name);
      if (value === undefined) throw new TemplateError(`No export named ${name} found.`);
      imports.add(name);
      return value;
    },
  };
  checkRules(source, scope);
  const declarations = readDeclarations(source, scope);
  const outputs = Object.entries(source.Outputs ?? {})
    .filter(([, output]) => output.Condition === undefined || scope.condition(output.Condition))
    .map(([name, output]) => ({
      name, description: output.Description, value: evaluate(output.Value, scope), exportName: evaluate(output.Export?.Name, scope),
    }));
  checkReferences(declarations, outputs);
  return { body, description: source.Description, parameters, declarations, outputs, imports, scope };
}

function parse(body: string): Source {
  try {
    return JSON.parse(body) as Source;
  } catch (error) {
    throw new TemplateError(`Template format error: the local platform reads JSON templates only. ${(error as Error).message}`);
  }
}

function checkRules(source: Source, scope: Scope): void {
  for (const rule of Object.values(source.Rules ?? {})) {
    for (const assertion of rule.Assertions) {
      if (evaluate(assertion.Assert, scope) !== true) throw new TemplateError(`Template error: ${assertion.AssertDescription ?? 'a rule does not hold'}`);
    }
  }
}

function readDeclarations(source: Source, scope: Scope): Map<string, Declaration> {
  const resources = Object.entries(source.Resources ?? {});
  if (resources.length === 0) throw new TemplateError('Template format error: At least one Resources member must be defined.');

  const unknownTypes = resources.map(([, resource]) => resource.Type).filter((type) => !isCustom(type) && !(type in RESOURCE_TYPES));
  if (unknownTypes.length > 0) {
    throw new TemplateError(`Template format error: Unrecognized resource types: [${[...new Set(unknownTypes)].join(', ')}]`);
  }
  const live = resources.filter(([, resource]) => resource.Condition === undefined || scope.condition(resource.Condition));
  const liveIds = new Set(live.map(([logicalId]) => logicalId));

  return new Map(live.map(([logicalId, resource]) => {
    const unknownMembers = Object.keys(resource).filter((member) => !MEMBERS.includes(member));
    if (unknownMembers.length > 0) {
      throw new TemplateError(`Template error: the local platform does not know [${unknownMembers.join(', ')}] of resource ${logicalId}`);
    }
    const properties = evaluate(resource.Properties ?? {}, scope) as Properties;
    checkProperties(logicalId, resource.Type, properties);

    const explicit = [resource.DependsOn ?? []].flat();
    const missing = explicit.filter((dependency) => !(dependency in (source.Resources ?? {})));
    if (missing.length > 0) {
      throw new TemplateError(`Template format error: Unresolved resource dependencies [${missing.join(', ')}] in the Resources block of the template`);
    }
    const deletionPolicy = policy(logicalId, resource, 'DeletionPolicy');
    return [logicalId, {
      logicalId,
      type: resource.Type,
      properties,
      metadata: resource.Metadata,
      dependencies: [...new Set([...explicit.filter((dependency) => liveIds.has(dependency)), ...references(properties)])],
      deletionPolicy,
      updateReplacePolicy: policy(logicalId, resource, 'UpdateReplacePolicy'),
    }];
  }));
}

export function isCustom(type: string): boolean {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';
}

function checkProperties(logicalId: string, type: string, properties: Properties): void {
  if (isCustom(type)) {
    if (properties.ServiceToken === undefined) throw new TemplateError(`Template format error: ServiceToken is missing in resource ${logicalId}`);
    return;
  }
  const unknown = Object.keys(properties).filter((property) => !RESOURCE_TYPES[type].properties.includes(property));
  if (unknown.length > 0) {
    throw new TemplateError(`Template error: the local platform does not interpret [${unknown.join(', ')}] of ${type} (resource ${logicalId})`);
  }
}

function policy(logicalId: string, resource: SourceResource, attribute: 'DeletionPolicy' | 'UpdateReplacePolicy'): DeletionPolicy {
  const given = resource[attribute] ?? 'Delete';
  if (given === 'Snapshot') {
    throw new TemplateError(`Template error: resource type ${resource.Type} does not support ${attribute} Snapshot (resource ${logicalId})`);
  }
  const allowed = attribute === 'DeletionPolicy' ? ['Delete', 'Retain', 'RetainExceptOnCreate'] : ['Delete', 'Retain'];
  if (!allowed.includes(given)) throw new TemplateError(`Template format error: Unrecognized ${attribute} ${given} for resource ${logicalId}`);
  return given as DeletionPolicy;
}

function checkReferences(declarations: ReadonlyMap<string, Declaration>, outputs: readonly OutputDeclaration[]): void {
  const referred = [...declarations.values()].flatMap((declaration) => declaration.dependencies);
  const unresolved = [...referred, ...references(outputs.map((output) => output.value))].filter((name) => !declarations.has(name));
  if (unresolved.length > 0) {
    throw new TemplateError(`Template format error: Unresolved resource dependencies [${[...new Set(unresolved)].join(', ')}] in the Resources block of the template`);
  }

  const finished = new Set<string>();
  const visit = (logicalId: string, path: readonly string[]): void => {
    if (finished.has(logicalId)) return;
    if (path.includes(logicalId)) throw new TemplateError(`Circular dependency between resources: [${path.slice(path.indexOf(logicalId)).join(', ')}]`);
    for (const dependency of declarations.get(logicalId)?.dependencies ?? []) visit(dependency, [...path, logicalId]);
    finished.add(logicalId);
  };
  for (const logicalId of declarations.keys()) visit(logicalId, []);
}
