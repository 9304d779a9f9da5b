import type { NormalizedSchema } from '@smithy/core/schema';
import { parseJson, readJson, writeJson } from './json';
import { inputOf, outputOf, type OperationSchema, type Protocol, type WireRequest } from './protocol';
import { serialization, unknownOperation } from '../errors';

interface Route {
  readonly operation: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly status: number;
}

const JSON_HEADERS = { 'content-type': 'application/json' };
const routes = new WeakMap<OperationSchema, Route>();

/** Operations by method and path; members in the path, the query, headers, and the body (raw, where the schema says that it is the payload). */
export const restJson: Protocol = {
  read(request, operations) {
    const segments = request.path.split('/');
    for (const schema of operations) {
      const route = routeOf(schema);
      if (route.method === request.method && matches(route.segments, segments)) {
        return { operation: route.operation, input: () => readInput(inputOf(schema), route, segments, request) };
      }
    }
    throw unknownOperation(404);
  },

  write(schema, output) {
    const headers: Record<string, string> = {};
    let payload: Buffer | undefined;
    let inBody = false;
    for (const [name, member] of outputOf(schema).structIterator()) {
      const traits = member.getMergedTraits();
      const value = output[name];
      if (traits.httpPayload) {
        payload = value as Buffer | undefined ?? Buffer.alloc(0);
      } else if (traits.httpHeader) {
        if (value !== undefined) {
          headers[traits.httpHeader.toLowerCase()] = String(value);
        }
      } else {
        inBody = true;
      }
    }
    const { status } = routeOf(schema);
    if (payload) {
      return { status, headers: { 'content-type': 'application/octet-stream', ...headers }, body: payload };
    }
    return { status, headers: { ...JSON_HEADERS, ...headers }, body: inBody ? writeJson(outputOf(schema), bodyOf(schema, output)) : '' };
  },

  writeError(error) {
    const { reason } = error.details;
    // Capitals, as the models of the direct APIs have it: clients read these members by name.
    const body = { Message: error.message, ...(reason !== undefined && { Reason: reason }) };
    return { status: error.status, headers: { ...JSON_HEADERS, 'x-amzn-errortype': error.type }, body: JSON.stringify(body) };
  },
};

function routeOf(schema: OperationSchema): Route {
  let route = routes.get(schema);
  if (!route) {
    const { http } = schema[3] as { http: [string, string, number] };
    route = { operation: schema[2], method: http[0], segments: http[1].split('?')[0].split('/'), status: http[2] };
    routes.set(schema, route);
  }
  return route;
}

const isLabel = (segment: string) => segment.startsWith('{');

const matches = (wanted: readonly string[], segments: readonly string[]) =>
  wanted.length === segments.length && wanted.every((segment, index) => (isLabel(segment) ? segments[index] !== '' : segment === segments[index]));

function readInput(schema: NormalizedSchema, route: Route, segments: string[], request: WireRequest): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const inBody: [string, NormalizedSchema][] = [];
  for (const [name, member] of schema.structIterator()) {
    const traits = member.getMergedTraits();
    if (traits.httpPayload) {
      input[name] = request.body;
    } else if (traits.httpLabel) {
      input[name] = readText(member, decoded(segments[route.segments.indexOf(`{${name}}`)]));
    } else if (traits.httpQuery !== undefined || traits.httpHeader !== undefined) {
      const text = traits.httpQuery !== undefined ? request.query.get(traits.httpQuery) : request.headers[(traits.httpHeader ?? '').toLowerCase()];
      if (text !== null && text !== undefined) {
        input[name] = readText(member, text);
      }
    } else {
      inBody.push([name, member]);
    }
  }
  if (inBody.length > 0) {
    const body = readJson(schema, parseJson(request.body)) as Record<string, unknown>;
    for (const [name] of inBody) {
      if (body[name] !== undefined) {
        input[name] = body[name];
      }
    }
  }
  return input;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw serialization(`${JSON.stringify(segment)} is not a part of a path`);
  }
}

function readText(schema: NormalizedSchema, text: string): unknown {
  if (schema.isNumericSchema()) {
    if (!/^-?\d{1,15}$/.test(text)) {
      throw serialization('STRING_VALUE can not be converted to a whole number');
    }
    return Number(text);
  }
  return schema.isBooleanSchema() ? text === 'true' : text;
}

function bodyOf(schema: OperationSchema, output: Record<string, unknown>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, member] of outputOf(schema).structIterator()) {
    if (!member.getMergedTraits().httpHeader && output[name] !== undefined) {
      body[name] = output[name];
    }
  }
  return body;
}
