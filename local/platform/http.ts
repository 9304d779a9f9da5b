import type { IncomingHttpHeaders } from 'node:http';

/** A request as the server hands it to a service: body read, Region known from the credential scope. */
export interface HttpRequest {
  readonly method: string;
  /** Undecoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly region: string;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}
