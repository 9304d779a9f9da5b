import { XmlCodec } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';
import { inputOf, outputOf, type OperationSchema, type Protocol, type WireRequest } from './protocol';
import { ServiceError } from '../errors';

/** RFC 3339: how AWS's XML protocols write times. */
const DATE_TIME = 5;
const XML_HEADERS = { 'content-type': 'text/xml;charset=UTF-8' };
/** What a request may carry besides the operation's members: the operation itself, and a signature in the query. */
const ENVELOPE = /^(Action|Version|X-Amz-[A-Za-z-]+)$/i;

/** What the XML protocols call the refusals that all services have in common. */
const QUERY_CODES: Record<string, string> = {
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  IncompleteSignatureException: 'IncompleteSignature',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  ValidationException: 'ValidationError',
};

const codeOf = ({ type, message }: ServiceError) => `<Code>${escape(QUERY_CODES[type] ?? type)}</Code><Message>${escape(message)}</Message>`;

/** EC2's form parameters and XML answers. */
export function ec2Query(namespace: string): Protocol {
  return {
    read: (request, operations) => readCall(request, operations, ec2Key, true),
    write(schema, output, requestId) {
      const result = outputOf(schema).isUnitSchema() ? '<return>true</return>' : writeMembers(schema, output);
      return xml(200, `<${schema[2]}Response xmlns="${namespace}"><requestId>${requestId}</requestId>${result}</${schema[2]}Response>`);
    },
    writeError(error, requestId) {
      const errors = `<Errors><Error>${codeOf(error)}</Error></Errors>`;
      return xml(error.status, `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${errors}<RequestID>${requestId}</RequestID></Response>`);
    },
  };
}

/** Form parameters and XML answers of the other services of that age (STS, IAM, CloudFormation). */
export function awsQuery(namespace: string): Protocol {
  return {
    read: (request, operations) => readCall(request, operations, queryKey, false),
    write(schema, output, requestId) {
      const name = schema[2];
      const result = outputOf(schema).isUnitSchema() ? '' : `<${name}Result>${writeMembers(schema, output)}</${name}Result>`;
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      return xml(200, `<${name}Response xmlns="${namespace}">${result}${metadata}</${name}Response>`);
    },
    writeError(error, requestId) {
      const fault = error.status < 500 ? 'Sender' : 'Receiver';
      const type = `<Type>${fault}</Type>${codeOf(error)}`;
      return xml(error.status, `<ErrorResponse xmlns="${namespace}"><Error>${type}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`);
    },
  };
}

type Key = (name: string, traits: { xmlName?: string; ec2QueryName?: string }) => string;

const ec2Key: Key = (name, traits) => traits.ec2QueryName ?? capitalised(traits.xmlName ?? name);
const queryKey: Key = (name, traits) => traits.xmlName ?? name;
const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function readCall(request: WireRequest, operations: Iterable<OperationSchema>, key: Key, flat: boolean) {
  const parameters = new Map([...request.query, ...new URLSearchParams(request.body.toString('utf8'))]);
  const operation = parameters.get('Action');
  if (!operation) {
    throw new ServiceError(400, 'MissingAction', 'The request must contain the parameter Action');
  }
  if (![...operations].some((schema) => schema[2] === operation)) {
    throw new ServiceError(400, 'InvalidAction', `The action ${operation} is not valid for this web service.`);
  }
  return {
    operation,
    input(schema: OperationSchema) {
      const unread = new Set([...parameters.keys()].filter((name) => !ENVELOPE.test(name)));
      const input = (readMember(inputOf(schema), '', { parameters, unread, key, flat }) ?? {}) as Record<string, unknown>;
      const [unknown] = unread;
      if (unknown !== undefined) {
        throw new ServiceError(400, 'UnknownParameter', `The parameter ${unknown} is not recognized`);
      }
      return input;
    },
  };
}

interface Reading {
  readonly parameters: ReadonlyMap<string, string>;
  readonly unread: Set<string>;
  readonly key: Key;
  readonly flat: boolean;
}

function readMember(schema: NormalizedSchema, prefix: string, reading: Reading): unknown {
  if (schema.isStructSchema()) {
    const result: Record<string, unknown> = {};
    for (const [name, member] of schema.structIterator()) {
      const value = readMember(member, `${prefix}${prefix && '.'}${reading.key(name, member.getMergedTraits())}`, reading);
      if (value !== undefined) {
        result[name] = value;
      }
    }
    return prefix === '' || Object.keys(result).length > 0 ? result : undefined;
  }
  if (schema.isListSchema()) {
    return readList(schema, prefix, reading);
  }
  const text = reading.parameters.get(prefix);
  reading.unread.delete(prefix);
  return text === undefined ? undefined : readScalar(schema, prefix, text);
}

function readList(schema: NormalizedSchema, prefix: string, reading: Reading): unknown[] | undefined {
  const member = schema.getValueSchema();
  const isFlat = reading.flat || schema.getMergedTraits().xmlFlattened;
  const list = isFlat ? `${prefix}.` : `${prefix}.${member.getMergedTraits().xmlName ?? 'member'}.`;
  const indices = new Set<number>();
  for (const name of reading.parameters.keys()) {
    const index = name.startsWith(list) ? /^\d+/.exec(name.slice(list.length)) : null;
    if (index) {
      indices.add(Number(index[0]));
    }
  }
  // How an empty list travels; its items travel under names of their own.
  if (reading.parameters.get(prefix) === '') {
    reading.unread.delete(prefix);
  }
  const items = [...indices].sort((a, b) => a - b).map((index) => readMember(member, `${list}${index}`, reading));
  return items.length > 0 || reading.parameters.has(prefix) ? items : undefined;
}

function readScalar(schema: NormalizedSchema, name: string, text: string): unknown {
  if (schema.isNumericSchema()) {
    if (!/^-?\d{1,15}$/.test(text)) {
      throw new ServiceError(400, 'InvalidParameterValue', `Value (${text}) for parameter ${name} is invalid. Expecting a whole number`);
    }
    return Number(text);
  }
  if (schema.isBooleanSchema()) {
    if (!/^(true|false)$/i.test(text)) {
      throw new ServiceError(400, 'InvalidParameterValue', `Value (${text}) for parameter ${name} is invalid. Expecting true or false`);
    }
    return text.toLowerCase() === 'true';
  }
  return schema.isTimestampSchema() ? new Date(text) : text;
}

/** The members of an answer without the element that the codec puts around them: each protocol has its own. */
function writeMembers(schema: OperationSchema, output: Record<string, unknown>): string {
  const serializer = new XmlCodec({ timestampFormat: { useTrait: true, default: DATE_TIME }, xmlNamespace: '', serviceNamespace: '' }).createSerializer();
  serializer.write(outputOf(schema), output);
  const element = String(serializer.flush());
  return element.endsWith('/>') && element.indexOf('<', 1) < 0 ? '' : element.slice(element.indexOf('>') + 1, element.lastIndexOf('<'));
}

/** Characters that XML has no way to write: one of them in a description would make the whole answer unreadable. */
const UNWRITABLE = /[^\P{Cc}\t\n\r\u007f-\u009f]|[\ufffe\uffff]/gu;

const xml = (status: number, body: string) => ({ status, headers: { ...XML_HEADERS }, body: body.replace(UNWRITABLE, '\ufffd') });

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);
