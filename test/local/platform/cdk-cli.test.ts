import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, CfnOutput, CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { REGION, TestCloud } from './cloud-formation';
import { scriptedProvider } from './provider';
import { Cdk } from '../../../local/cdk';

jest.setTimeout(180_000);

let cloud: TestCloud;
let directory: string;

beforeAll(async () => {
  cloud = await TestCloud.start();
  directory = mkdtempSync(path.join(tmpdir(), 'cdk-cli-test-'));
});
afterAll(async () => {
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The unmodified CLI on a small app, which is synthesised here. */
function cdk(size: string): Cdk {
  const outdir = path.join(directory, `size-${size}`);
  const home = path.join(directory, 'home');
  mkdirSync(home, { recursive: true });
  const stack = new Stack(new App({ outdir, analyticsReporting: false }), 'Small');
  const { serviceToken } = scriptedProvider(stack, cloud.scriptUrl);
  const thing = new CustomResource(stack, 'Thing', { serviceToken, resourceType: 'Custom::Thing', serviceTimeout: Duration.minutes(1), properties: { Size: size } });
  // Its contents are deleted by a handler that CDK ships.
  new Bucket(stack, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
  new CfnOutput(stack, 'Size', { value: thing.getAttString('Size') });
  (stack.node.root as App).synth();
  const environment = { ...cloud.platform.env, AWS_REGION: REGION, PATH: process.env.PATH ?? '', HOME: home };
  return new Cdk({ app: outdir, environment, directory });
}

const answerSize = () => cloud.script((event, verb) => verb === 'isComplete' ? { IsComplete: true, Data: { Size: event.ResourceProperties?.Size } } : undefined);
const thingJournal = () => cloud.journal('Small').filter((entry) => entry.includes('Thing'));

test('the unmodified CLI deploys, shows differences, deploys nothing twice, updates and destroys', async () => {
  answerSize();
  expect(await cdk('1').deploy()).toEqual({ Small: { Size: '1' } });
  expect(await cdk('1').run('diff')).toContain('There were no differences');
  expect(await cdk('1').run('deploy')).toContain('(no changes)');
  expect(thingJournal()).toEqual(['Create Thing']);

  expect(await cdk('2').run('diff')).toMatch(/\[~\] Custom::Thing.*[^]*\[-\] 1[^]*\[\+\] 2/);
  expect(await cdk('2').deploy()).toEqual({ Small: { Size: '2' } });
  await cdk('2').destroy();
  expect(thingJournal()).toEqual(['Create Thing', 'Update Thing Thing-id', 'Delete Thing Thing-id']);
  await expect(cloud.describe('Small')).rejects.toThrow('does not exist');
});

test('the CLI reports why a deployment failed, and the next one starts afresh', async () => {
  cloud.script(() => {
    throw new Error('the appliance does not answer');
  });
  const { code, output } = await cdk('1').start('deploy', '--require-approval', 'never').ended;
  expect(code).toBe(1);
  expect(output).toContain('the appliance does not answer');
  expect((await cloud.describe('Small')).StackStatus).toBe('ROLLBACK_COMPLETE');

  answerSize();
  expect(await cdk('1').deploy('--method', 'direct')).toEqual({ Small: { Size: '1' } });
  await cdk('1').destroy();
});

test('a deployment goes on when its CLI is killed; a deletion that fails says why, and can be repeated', async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let begin = (): void => undefined;
  const began = new Promise<void>((resolve) => (begin = resolve));
  cloud.script(async (event, verb) => {
    if (verb === 'isComplete') return { IsComplete: true, Data: { Size: event.ResourceProperties.Size } };
    begin();
    await released;
    return undefined;
  });
  const { child, ended } = cdk('1').start('deploy', '--require-approval', 'never');
  await began;
  child.kill('SIGKILL');
  await ended;
  release();
  expect((await cloud.settled('Small')).StackStatus).toBe('CREATE_COMPLETE');
  expect(await cdk('1').run('deploy')).toContain('(no changes)');

  cloud.script((event) => {
    if (event.ResourceType === 'Custom::Thing') throw new Error('initiators are connected');
    return undefined;
  });
  const refused = await cdk('1').start('destroy', '--force').ended;
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('initiators are connected');
  expect((await cloud.describe('Small')).StackStatus).toBe('DELETE_FAILED');
  answerSize();
  await cdk('1').destroy();
});
