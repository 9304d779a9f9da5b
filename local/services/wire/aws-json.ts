import { parseJson, readJson, writeJson } from './json';
import { inputOf, outputOf, type Protocol } from './protocol';
import { unknownOperation } from '../errors';

const HEADERS = { 'content-type': 'application/x-amz-json-1.1' };

/** JSON in the body, the operation in `X-Amz-Target`; the first prefix is today's, others are those of older clients. */
export function awsJson1_1(targetPrefixes: readonly string[]): Protocol {
  return {
    read(request, operations) {
      const [prefix, name] = (request.headers['x-amz-target'] ?? '').split('.');
      const known = request.method === 'POST' && targetPrefixes.includes(prefix) && [...operations].some((schema) => schema[2] === name);
      if (!known) {
        throw unknownOperation(400);
      }
      return {
        operation: name,
        input: (schema) => readJson(inputOf(schema), parseJson(request.body)) as Record<string, unknown>,
      };
    },

    write: (schema, output) => ({ status: 200, headers: { ...HEADERS }, body: writeJson(outputOf(schema), output) }),

    writeError(error) {
      const { errorCode } = error.details;
      const body = {
        __type: error.type,
        ...(error.message !== '' && { message: error.message }),
        ...(errorCode !== undefined && { error: { errorCode } }),
      };
      return { status: error.status, headers: { ...HEADERS }, body: JSON.stringify(body) };
    },
  };
}
