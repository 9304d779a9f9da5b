import * as fs from 'node:fs';
import * as path from 'node:path';
import { CfnParameter, Duration, Size } from 'aws-cdk-lib';
import { gatewayProps, Stage } from './stage';
import { Activation, CachedVolumeGateway } from '../../src';

const SETTLED_SOON = { settleTime: Duration.seconds(6) };

let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

test('an activation key leaves no trace in templates, answers of CloudFormation, events and logs', async () => {
  const { url, address } = await stage.cloud.createAppliance();
  const key = await (await fetch(`${url}/?activationRegion=us-east-1&gatewayType=CACHED&no_redirect`)).text();
  const cdk = stage.cdk('ByKey', (stack) => {
    const parameter = new CfnParameter(stack, 'ActivationKey', { noEcho: true });
    new CachedVolumeGateway(stack, 'Gateway', { ...gatewayProps(address), activation: Activation.fromKey(parameter.valueAsString, SETTLED_SOON) })
      .addVolume('Volume', { volumeSize: Size.gibibytes(10) });
  });

  await cdk.deploy('--parameters', `ActivationKey=${key}`);

  expect(await stage.gatewayArns()).toHaveLength(1);
  const told = JSON.stringify([await stage.cloud.events(), await stage.describe('ByKey')]);
  expect(told).toContain('Custom::StorageGatewayGateway');
  expect(told).not.toContain(key);
  const logs = filesBelow(path.join(stage.cloud.platformDirectory, 'lambda', 'logs'));
  expect(logs.length).toBeGreaterThan(2);
  for (const file of [...logs, ...filesBelow(path.join(stage.directory, 'app0'))]) {
    expect([file, fs.readFileSync(file, 'utf8').includes(key)]).toEqual([file, false]);
  }
});

function filesBelow(folder: string): string[] {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
