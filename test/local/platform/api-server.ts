import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpRequest, HttpResponse } from '../../../local/platform/http';

export interface ApiServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Serves one API of the platform on its own, so that the SDK's client can be put in front of it. */
export async function serveApi(handle: (request: HttpRequest) => Promise<HttpResponse>): Promise<ApiServer> {
  return serve(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) {
      body.push(chunk as Buffer);
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const answer = await handle({
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(body),
      region,
    });
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  });
}

export async function serve(listener: (request: http.IncomingMessage, response: http.ServerResponse) => unknown): Promise<ApiServer> {
  const server = http.createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** What the SDK's clients need here, whatever the environment says. */
export function clientConfiguration(endpoint: string, region = 'eu-west-1') {
  return { endpoint, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
