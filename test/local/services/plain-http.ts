import { REGION } from './bench';

/** An Authorization header as a signer makes it; nothing checks the signature itself. */
export function authorization(service: string, region = REGION, date = new Date()): Record<string, string> {
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '');
  return {
    'x-amz-date': time,
    'authorization': `AWS4-HMAC-SHA256 Credential=AKID/${time.slice(0, 8)}/${region}/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=00`,
  };
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { __type?: string; message?: string; error?: { errorCode: string } } & Record<string, unknown>;
}

/** A call of Storage Gateway without any SDK that could make it better than it is. */
export async function callStorageGateway(
  endpoint: string, operation: string, input: unknown, headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      ...authorization('storagegateway'),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `StorageGateway_20130630.${operation}`,
      ...headers,
    },
    body: typeof input === 'string' ? input : JSON.stringify(input),
  });
  return { status: response.status, headers: response.headers, body: await response.json() as JsonAnswer['body'] };
}

/** A call of one of the services that take form parameters and answer in XML. */
export async function callQuery(endpoint: string, service: string, parameters: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, { method: 'POST', headers: { ...authorization(service), ...headers }, body: new URLSearchParams(parameters) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}
