import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, CfnOutput, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Provider } from 'aws-cdk-lib/custom-resources';

export interface Event {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly ResourceProperties: Record<string, unknown>;
  readonly OldResourceProperties?: Record<string, unknown>;
  readonly Data?: Record<string, unknown>;
}

export type Verb = 'onEvent' | 'isComplete' | 'plain';
export type Script = (event: Event, verb: Verb) => unknown;

/** A handler that does whatever the running test says. The plain one answers CloudFormation itself, as functions without the framework do. */
const HANDLER = `
const https = require('node:https');
async function ask(verb, event) {
  const response = await fetch(process.env.SCRIPT_URL + '/' + verb, { method: 'POST', body: JSON.stringify(event) });
  const { result, error } = await response.json();
  if (error) throw Object.assign(new Error(error.message), { name: error.name });
  return result;
}
exports.onEvent = (event) => ask('onEvent', event);
exports.isComplete = (event) => ask('isComplete', event);
exports.plain = async (event) => {
  const result = await ask('plain', event);
  if (!result) return;
  const { StackId, RequestId, LogicalResourceId } = event;
  const body = JSON.stringify({ Status: 'SUCCESS', StackId, RequestId, LogicalResourceId, PhysicalResourceId: event.PhysicalResourceId, ...result });
  const url = new URL(event.ResponseURL);
  await new Promise((resolve, reject) => {
    const request = https.request({ hostname: url.hostname, path: url.pathname + url.search, method: 'PUT' }, (response) => response.resume().on('end', resolve));
    request.on('error', reject).end(body);
  });
};
`;

/** Where the handlers ask what to do. */
export class ScriptServer {
  public script: Script;
  private readonly server: Server;

  constructor() {
    this.script = () => ({});
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const verb = (request.url ?? '').slice(1) as Verb;
        void Promise.resolve()
          .then(() => this.script(JSON.parse(Buffer.concat(chunks).toString()) as Event, verb))
          .then((result) => response.end(JSON.stringify({ result: result ?? null })))
          .catch(({ name, message }: Error) => response.end(JSON.stringify({ error: { name, message } })));
      });
    });
  }

  public async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

export interface Synthesised {
  readonly template: {
    readonly Parameters: Record<string, unknown>;
    readonly Resources: Record<string, Resource>;
    readonly Outputs: Record<string, { Value: unknown }>;
    readonly [section: string]: unknown;
  };
  /** Folders of the assets, by key. */
  readonly assets: Record<string, string>;
  remove(): void;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly [member: string]: unknown;
}

/** A function that asks what to do. */
function scripted(stack: Stack, id: string, name: Verb, scriptUrl: string): lambda.Function {
  return new lambda.Function(stack, id, {
    code: lambda.Code.fromInline(HANDLER),
    handler: `index.${name}`,
    runtime: lambda.Runtime.NODEJS_22_X,
    timeout: Duration.seconds(30),
    environment: { SCRIPT_URL: scriptUrl },
  });
}

export function scriptedProvider(stack: Stack, scriptUrl: string): Provider {
  return new Provider(stack, 'Framework', {
    onEventHandler: scripted(stack, 'OnEvent', 'onEvent', scriptUrl),
    isCompleteHandler: scripted(stack, 'IsComplete', 'isComplete', scriptUrl),
    totalTimeout: Duration.minutes(55),
  });
}

/** The stack of a provider as CDK writes it, framework included. */
export function synthesiseProvider(): Synthesised {
  const outdir = mkdtempSync(path.join(tmpdir(), 'provider-test-'));
  const app = new App({ outdir });
  const stack = new Stack(app, 'Provider');
  const scriptUrl = new CfnParameter(stack, 'ScriptUrl').valueAsString;
  new CfnOutput(stack, 'ServiceToken', { value: scriptedProvider(stack, scriptUrl).serviceToken });
  new CfnOutput(stack, 'PlainServiceToken', { value: scripted(stack, 'Plain', 'plain', scriptUrl).functionArn });
  app.synth();

  const assets = JSON.parse(readFileSync(path.join(outdir, 'Provider.assets.json'), 'utf8')) as {
    files: Record<string, { source: { path: string; packaging: string } }>;
  };
  return {
    template: JSON.parse(readFileSync(path.join(outdir, 'Provider.template.json'), 'utf8')),
    assets: Object.fromEntries(Object.entries(assets.files).filter(([, { source }]) => source.packaging === 'zip')
      .map(([hash, { source }]) => [`${hash}.zip`, path.join(outdir, source.path)])),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
