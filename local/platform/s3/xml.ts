import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { S3Error } from './error';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const builder = new XMLBuilder({ ignoreAttributes: false });
// Keys are texts: neither numbers nor trimmed.
const parser = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true, isArray: (name) => name === 'Part' || name === 'Object' });

export type Element = string | number | boolean | undefined | { readonly [name: string]: Element | readonly Element[] };

export function toXml(root: string, content: { readonly [name: string]: Element | readonly Element[] }): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { '@_xmlns': NAMESPACE, ...content } })}`;
}

export function toErrorXml(error: S3Error, requestId: string): string {
  const content = { Code: error.code, Message: error.message, ...error.details, RequestId: requestId, HostId: 'local' };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ Error: content })}`;
}

/** @throws S3Error MalformedXML */
export function fromXml(text: string, root: string): Record<string, unknown> {
  const malformed = () => new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
  let parsed: Record<string, unknown>;
  try {
    parsed = parser.parse(text, true) as Record<string, unknown>;
  } catch {
    throw malformed();
  }
  const content = parsed[root];
  if (typeof content !== 'object' || content === null) {
    throw malformed();
  }
  return content as Record<string, unknown>;
}
