import { Token } from 'aws-cdk-lib';

/**
 * Fails unless the value is allowed. A value that only the deployment knows passes: the service will look at it.
 *
 * @param property the property as the user wrote it
 * @param allowed tells whether the value may be used
 * @param expectation completes the sentence "'property' must be ..."
 */
export function check<T>(property: string, value: T | undefined, allowed: (value: T) => boolean, expectation: string): void {
  if (value === undefined || Token.isUnresolved(value) || allowed(value)) {
    return;
  }
  throw new Error(`'${property}' must be ${expectation}, got ${JSON.stringify(value)}`);
}

/** Fails for a text that is too short or too long, or holds a character that the service refuses. */
export function checkText(property: string, value: string | undefined, min: number, max: number, pattern: RegExp = /^/, characters = 'characters'): void {
  check(property, value, (text) => text.length >= min && text.length <= max && pattern.test(text), `${min} to ${max} ${characters}`);
}

/** Fails for a number that is not whole or out of range. */
export function checkWhole(property: string, value: number | undefined, min: number, max: number, unit = ''): void {
  check(property, value, (number) => Number.isInteger(number) && number >= min && number <= max, `a whole number from ${min} to ${max}${unit}`);
}

/** Fails if more than one of the properties has a value. */
export function checkAtMostOne(properties: { readonly [property: string]: unknown }): void {
  const given = Object.keys(properties).filter((property) => properties[property] !== undefined);
  if (given.length > 1) {
    throw new Error(`only one of ${Object.keys(properties).map((property) => `'${property}'`).join(', ')} can be given, got ${given.map((property) => `'${property}'`).join(' and ')}`);
  }
}

/** Whether it is one of EC2's ids, the short ones of old included. */
export function isSnapshotId(text: string): boolean {
  return /^snap-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$/.test(text);
}
