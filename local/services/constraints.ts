import type { NormalizedSchema } from '@smithy/core/schema';
import { validation, type ServiceError } from './errors';
import { inputOf, requiredMembers, type OperationSchema } from './wire/protocol';

/** What a value must be like, beyond its type. Of a list, `each` is said of its items and `count` of their number. */
export interface Constraint {
  readonly length?: Range;
  readonly range?: Range;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  readonly count?: Range;
  readonly each?: Constraint;
  readonly members?: Constraints;
  /** Required here although the schema leaves it open. */
  readonly required?: true;
}

export type Range = readonly [minimum: number, maximum?: number];
export type Constraints = Readonly<Record<string, Constraint>>;

export interface Violation {
  /** Path of the member, as `tags.1.member.key`. */
  readonly member: string;
  readonly kind: 'missing' | 'wrong';
  readonly value: unknown;
  /** What the value fails to satisfy, in AWS's words. */
  readonly constraint: string;
}

/** Everything that an input lacks or has wrong. Which members are required is taken from the SDK's schema. */
export function violationsOf(schema: OperationSchema, constraints: Constraints, input: object): Violation[] {
  const structure = inputOf(schema);
  return structure.isStructSchema() ? structureViolations(structure, constraints, input as Record<string, unknown>, '') : [];
}

/** AWS's usual sentence for violations of a model. */
export function validationError(violations: readonly Violation[]): ServiceError {
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`;
  const sentences = violations.map(({ member, value, constraint }) => `Value ${wordOf(value)} at '${member}' failed to satisfy constraint: ${constraint}`);
  return validation(`${count}: ${sentences.join('; ')}`);
}

const wordOf = (value: unknown) => (value === undefined ? 'null' : Array.isArray(value) ? `'[${value.join(', ')}]'` : `'${String(value)}'`);

function structureViolations(schema: NormalizedSchema, constraints: Constraints, value: Record<string, unknown>, path: string): Violation[] {
  const required = new Set([...requiredMembers(schema), ...Object.keys(constraints).filter((name) => constraints[name].required)]);
  const violations: Violation[] = [];
  for (const [name, member] of schema.structIterator()) {
    const at = `${path}${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    if (value[name] === undefined) {
      if (required.has(name)) {
        violations.push({ member: at, kind: 'missing', value: undefined, constraint: 'Member must not be null' });
      }
    } else {
      violations.push(...valueViolations(member, constraints[name] ?? {}, value[name], at));
    }
  }
  return violations;
}

function valueViolations(schema: NormalizedSchema, constraint: Constraint, value: unknown, path: string): Violation[] {
  const wrong = (words: string): Violation => ({ member: path, kind: 'wrong', value, constraint: words });
  if (schema.isStructSchema()) {
    return structureViolations(schema, constraint.members ?? {}, value as Record<string, unknown>, `${path}.`);
  }
  if (schema.isListSchema()) {
    const items = value as unknown[];
    const member = schema.getValueSchema();
    return [
      ...outside(items.length, constraint.count, 'Member must have length').map(wrong),
      ...items.flatMap((item, index) => valueViolations(member, constraint.each ?? {}, item, `${path}.${index + 1}.member`)),
    ];
  }
  if (typeof value === 'number') {
    return outside(value, constraint.range, 'Member must have value').map(wrong);
  }
  if (typeof value !== 'string') {
    return [];
  }
  const violations = outside([...value].length, constraint.length, 'Member must have length').map(wrong);
  if (constraint.pattern && !constraint.pattern.test(value)) {
    violations.push(wrong(`Member must satisfy regular expression pattern: ${constraint.pattern.source}`));
  }
  if (constraint.values && !constraint.values.includes(value)) {
    violations.push(wrong(`Member must satisfy enum value set: [${constraint.values.join(', ')}]`));
  }
  return violations;
}

function outside(size: number, range: Range | undefined, subject: string): string[] {
  const [minimum, maximum] = range ?? [];
  if (minimum !== undefined && size < minimum) {
    return [`${subject} greater than or equal to ${minimum}`];
  }
  return maximum !== undefined && size > maximum ? [`${subject} less than or equal to ${maximum}`] : [];
}

