/** What names in a template stand for. Where a resource is not known yet, its Ref and GetAtt stay as they are. */
export interface Scope {
  /** Parameters and pseudo parameters. */
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly mappings: Record<string, Record<string, Record<string, unknown>>>;
  readonly resources?: {
    ref(logicalId: string): unknown;
    attribute(logicalId: string, name: string): unknown;
  };
  condition(name: string): boolean;
  importValue(name: string): unknown;
}

export class TemplateError extends Error {}

/** A member or element that has this value is left out. */
export const NO_VALUE = Symbol('AWS::NoValue');

/**
 * Evaluates the intrinsic functions in a value. A function whose arguments are not all known stays in place with those that are,
 * so that one walk serves both the comparison of templates and the final values.
 */
export function evaluate(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) {
    return value.map((element) => evaluate(element, scope)).filter((element) => element !== NO_VALUE);
  }
  if (value === null || typeof value !== 'object') return value;

  const intrinsic = intrinsicOf(value);
  if (!intrinsic) {
    const members = Object.entries(value).map(([name, member]) => [name, evaluate(member, scope)] as const);
    return Object.fromEntries(members.filter(([, member]) => member !== NO_VALUE));
  }

  const { name, argument } = intrinsic;
  if (name === 'Ref') return ref(String(argument), scope);
  if (name === 'Condition') return scope.condition(String(argument));
  if (name === 'Fn::GetAtt') return getAtt(argument, scope);
  if (name === 'Fn::Sub') return evaluate(joinOfSub(argument), scope);
  if (name === 'Fn::If') {
    const [condition, whenTrue, whenFalse] = list(argument, name, 3);
    return evaluate(scope.condition(String(condition)) ? whenTrue : whenFalse, scope);
  }

  const compute = FUNCTIONS[name];
  if (!compute) throw new TemplateError(`Template error: the local platform does not know the function ${name}`);
  const known = evaluate(argument, scope);
  return references(known).length > 0 ? { [name]: known } : compute(known, scope);
}

/** The resources (or parameters) that a value refers to. */
export function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (value === null || typeof value !== 'object') return [];
  const intrinsic = intrinsicOf(value);
  if (intrinsic?.name === 'Ref') return [String(intrinsic.argument)];
  if (intrinsic?.name === 'Fn::GetAtt') return [getAttArguments(intrinsic.argument)[0]];
  if (intrinsic?.name === 'Fn::Sub') return references(joinOfSub(intrinsic.argument));
  return Object.values(value).flatMap(references);
}

const FUNCTIONS: Record<string, (argument: unknown, scope: Scope) => unknown> = {
  'Fn::Join': (argument) => {
    const [delimiter, parts] = list(argument, 'Fn::Join', 2);
    return list(parts, 'Fn::Join').map(text).join(String(delimiter));
  },
  'Fn::Split': (argument) => {
    const [delimiter, source] = list(argument, 'Fn::Split', 2);
    return text(source).split(String(delimiter));
  },
  'Fn::Select': (argument) => {
    const [index, from] = list(argument, 'Fn::Select', 2);
    const selected = list(from, 'Fn::Select')[Number(index)];
    if (selected === undefined) throw new TemplateError(`Template error: Fn::Select cannot select nonexistent value at index ${String(index)}`);
    return selected;
  },
  'Fn::Equals': (argument) => {
    const [one, other] = list(argument, 'Fn::Equals', 2);
    return JSON.stringify(one) === JSON.stringify(other);
  },
  'Fn::Not': (argument) => !truth(list(argument, 'Fn::Not', 1)[0]),
  'Fn::And': (argument) => list(argument, 'Fn::And').every(truth),
  'Fn::Or': (argument) => list(argument, 'Fn::Or').some(truth),
  'Fn::Contains': (argument) => {
    const [values, value] = list(argument, 'Fn::Contains', 2);
    return list(values, 'Fn::Contains').includes(value);
  },
  'Fn::Base64': (argument) => Buffer.from(text(argument)).toString('base64'),
  'Fn::GetAZs': (argument, scope) => {
    const region = argument === '' ? String(scope.parameters.get('AWS::Region')) : text(argument);
    return ['a', 'b', 'c'].map((zone) => region + zone);
  },
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second] = list(argument, 'Fn::FindInMap', 3).map(text);
    const found = scope.mappings[map]?.[first]?.[second];
    if (found === undefined) throw new TemplateError(`Template error: Unable to get mapping for ${map}::${first}::${second}`);
    return found;
  },
  'Fn::ImportValue': (argument, scope) => scope.importValue(text(argument)),
};

function intrinsicOf(value: object): { name: string; argument: unknown } | undefined {
  const [entry, ...more] = Object.entries(value);
  if (!entry || more.length > 0) return undefined;
  const [name, argument] = entry as [string, unknown];
  if (name.startsWith('Fn::') || name === 'Ref') return { name, argument };
  // A member of a policy statement has the same name, but is an object.
  return name === 'Condition' && typeof argument === 'string' ? { name, argument } : undefined;
}

function ref(name: string, scope: Scope): unknown {
  if (name === 'AWS::NoValue') return NO_VALUE;
  if (scope.parameters.has(name)) return scope.parameters.get(name);
  return scope.resources ? scope.resources.ref(name) : { Ref: name };
}

function getAtt(argument: unknown, scope: Scope): unknown {
  const [logicalId, attribute] = getAttArguments(argument);
  return scope.resources ? scope.resources.attribute(logicalId, attribute) : { 'Fn::GetAtt': [logicalId, attribute] };
}

/** Only the first dot parts resource and attribute: an attribute's own name may hold dots. */
function getAttArguments(argument: unknown): [string, string] {
  const [logicalId, ...attribute] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
  return [logicalId, attribute.join('.')];
}

function joinOfSub(argument: unknown): unknown {
  const [template, variables] = Array.isArray(argument) ? (argument as [string, Record<string, unknown>]) : [String(argument), {}];
  const parts = template.split(/\$\{([^}]*)\}/).map((part, index) => {
    if (index % 2 === 0) return part;
    if (part.startsWith('!')) return `\${${part.slice(1)}}`;
    const name = part.trim();
    if (name in variables) return variables[name];
    return name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name };
  });
  return { 'Fn::Join': ['', parts] };
}

function list(value: unknown, name: string, length?: number): unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw new TemplateError(`Template error: ${name} needs a list${length === undefined ? '' : ` of ${length}`}, got ${JSON.stringify(value)}`);
  }
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new TemplateError(`Template error: a string is needed, got ${JSON.stringify(value)}`);
  }
  return String(value);
}

function truth(value: unknown): boolean {
  return value === true || value === 'true';
}
