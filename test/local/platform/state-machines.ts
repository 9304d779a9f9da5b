import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { DescribeExecutionCommand, type DescribeExecutionCommandOutput, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import AdmZip from 'adm-zip';
import { type ApiServer, clientConfiguration, serveApi } from './api-server';
import { LambdaService } from '../../../local/platform/lambda';
import { StepFunctionsService } from '../../../local/platform/step-functions';

const CODE = `
const { appendFileSync, readFileSync } = require('node:fs');
const count = (file) => { appendFileSync(file, '.'); return readFileSync(file, 'utf8').length; };
exports.handler = async (event) => {
  switch (event.do) {
    case 'throw': throw Object.assign(new Error(event.message ?? 'thrown'), { name: event.name ?? 'Error' });
    case 'throwUntil': if (count(event.file) < event.times) throw Object.assign(new Error('not yet'), { name: event.name ?? 'Error' }); return 'ready';
    case 'hang': count(event.file); return new Promise(() => {});
    case 'count': return count(event.file);
    case 'large': return 'x'.repeat(262144);
    default: return { got: event };
  }
};
`;

/* The service alone on a port of its own, with a function that does what it is told, and a client in front. */

export const FUNCTION = 'arn:aws:lambda:eu-west-1:000000000000:function:worker';
export const INVOKE = 'arn:aws:states:::lambda:invoke';
export const machineArn = (name: string) => `arn:aws:states:eu-west-1:000000000000:stateMachine:${name}`;

let directory: string;
export let lambda: LambdaService;
export let service: StepFunctionsService;
let api: ApiServer;
export let client: SFNClient;
let machines = 0;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'step-functions-test-'));
  const zip = path.join(directory, 'code.zip');
  const archive = new AdmZip();
  archive.addFile('index.js', Buffer.from(CODE));
  archive.writeZip(zip);
  lambda = new LambdaService({ directory, environment: () => ({}) });
  for (const functionName of ['worker', 'impatient']) {
    await lambda.createFunction({
      functionName,
      arn: FUNCTION.replace('worker', functionName),
      region: 'eu-west-1',
      zip,
      handler: 'index.handler',
      runtime: 'nodejs22.x',
      timeoutSeconds: functionName === 'worker' ? 60 : 1,
      memorySize: 128,
      environment: {},
      role: 'arn:aws:iam::000000000000:role/worker',
    });
  }
  service = new StepFunctionsService({ lambda });
  api = await serveApi((request) => service.handle(request));
  client = new SFNClient(clientConfiguration(api.endpoint));
});

afterAll(async () => {
  service.close();
  await lambda.close();
  await api.close();
  client.destroy();
  rmSync(directory, { recursive: true });
});

export function create(states: object, machine: object = {}): string {
  const name = `machine-${machines += 1}`;
  const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states, ...machine });
  service.createStateMachine({ name, arn: machineArn(name), region: 'eu-west-1', definition, role: 'arn:aws:iam::000000000000:role/machine' });
  return machineArn(name);
}

export async function start(stateMachineArn: string, input: unknown = {}, name?: string): Promise<string> {
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name }));
  return executionArn ?? '';
}

export async function ended(executionArn: string): Promise<DescribeExecutionCommandOutput & { result: any }> {
  for (;;) {
    const described = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (described.status !== 'RUNNING') {
      return { ...described, result: described.output === undefined ? undefined : JSON.parse(described.output) };
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const run = async (states: object, input?: unknown, machine?: object) => ended(await start(create(states, machine), input));
export const file = (name: string) => path.join(directory, name);
/** How often the function has written to a file. */
export const calls = (name: string) => readFileSync(file(name), 'utf8').length;
/** Resolves when the function has been called with a file. */
export async function called(name: string): Promise<void> {
  writeFileSync(file(name), '', { flag: 'a' });
  while (calls(name) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
