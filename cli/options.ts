import { usageError } from './exit';
import type { Tag } from '../seed/snapshot-transport';

/** The number that an option was given, if it was. */
export function wholeNumber(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw usageError(`--${option} must be a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`);
  }
  return value;
}

export function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const value = allowed.find((word) => word === text);
  if (value === undefined) {
    throw usageError(`--${option} must be ${allowed.join(' or ')}, got ${JSON.stringify(text)}`);
  }
  return value;
}

/** `key=value`; a value may hold further equals signs. */
export function tagOf(text: string): Tag {
  const at = text.indexOf('=');
  const Key = text.slice(0, Math.max(at, 0));
  const Value = text.slice(at + 1);
  if (at < 1 || Key.length > 127 || Value.length > 255 || Key.startsWith('aws:')) {
    throw usageError(`--tag must be KEY=VALUE with a key of 1 to 127 characters that does not begin with aws: and a value of at most 255, got ${JSON.stringify(text)}`);
  }
  return { Key, Value };
}

export function snapshotIdOf(what: string, text: string): string {
  if (!/^snap-[0-9a-f]{1,59}$/.test(text)) {
    throw usageError(`${what} must be the id of a snapshot, like snap-0123456789abcdef0, got ${JSON.stringify(text)}`);
  }
  return text;
}

/** Exactly the words that a command takes. */
export function positionals<T extends readonly string[]>(given: readonly string[], ...names: T): { readonly [K in keyof T]: string } {
  if (given.length !== names.length) {
    throw usageError(`${names.join(' ')} must be given and nothing else, got ${given.length === 0 ? 'nothing' : given.map((word) => JSON.stringify(word)).join(' ')}`);
  }
  return given as unknown as { readonly [K in keyof T]: string };
}
