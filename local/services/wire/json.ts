import { JsonCodec } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';
import { serialization } from '../errors';

/** Epoch seconds: how AWS's JSON protocols write times. */
const EPOCH_SECONDS = 7;
const codec = new JsonCodec({ timestampFormat: { useTrait: true, default: EPOCH_SECONDS }, jsonName: false });

export function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw serialization('The request body is not valid JSON');
  }
}

export function writeJson(schema: NormalizedSchema, value: Record<string, unknown>): string {
  if (schema.isUnitSchema()) {
    return '{}';
  }
  const serializer = codec.createSerializer();
  serializer.write(schema, value);
  return String(serializer.flush());
}

/**
 * A JSON value as its schema wants it: unknown members dropped, null taken as absent, and a value of the wrong type refused. (The SDK's own
 * decoder reads answers, and forgives.)
 */
export function readJson(schema: NormalizedSchema, value: unknown): unknown {
  if (schema.isStructSchema()) {
    return readStructure(schema, value);
  }
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) {
      throw wrongType(value, 'a list');
    }
    const member = schema.getValueSchema();
    return value.map((item) => readJson(member, item));
  }
  if (schema.isStringSchema()) {
    return readScalar(value, 'string', 'a string');
  }
  if (schema.isBooleanSchema()) {
    return readScalar(value, 'boolean', 'a boolean');
  }
  if (schema.isTimestampSchema()) {
    return new Date(Number(readScalar(value, 'number', 'a timestamp')) * 1000);
  }
  if (schema.isNumericSchema()) {
    if (!Number.isSafeInteger(value)) {
      throw wrongType(value, 'a whole number');
    }
    return value;
  }
  throw serialization(`${schema.getName() ?? 'The value'} cannot be read`);
}

function readStructure(schema: NormalizedSchema, value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw wrongType(value, 'a structure');
  }
  const given = value as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const item = Object.hasOwn(given, name) ? given[name] : undefined;
    if (item !== undefined && item !== null) {
      result[name] = readJson(member, item);
    }
  }
  return result;
}

function readScalar(value: unknown, type: 'string' | 'boolean' | 'number', wanted: string): unknown {
  if (typeof value !== type) {
    throw wrongType(value, wanted);
  }
  return value;
}

function wrongType(value: unknown, wanted: string) {
  const found = value === null ? 'NULL' : Array.isArray(value) ? 'LIST' : typeof value === 'object' ? 'STRUCTURE' : `${typeof value}`.toUpperCase();
  return serialization(`${found}_VALUE can not be converted to ${wanted}`);
}
