import { readFileSync, readdirSync } from 'fs';
import { join } from 'path';
import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { aGateway, everything } from './declarations';

describe('the template of a stack with everything', () => {
  const app = new App();
  const template = Template.fromStack(everything(app));
  const text = JSON.stringify(template.toJSON());

  test('says nothing of a local mode', () => {
    expect(text).not.toMatch(/AWS_ENDPOINT_URL|localhost|127\.0\.0\.1/i);
  });

  test('holds no secret', () => {
    expect(text).not.toMatch(/secret|password|activationkey":/i);
  });

  test('gives the handlers no environment of their own, but the way on from the entry', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function', { Properties: { Runtime: 'nodejs22.x' } }))) {
      if (Properties.Handler.startsWith('index.')) {
        const wayOn = { Variables: { FRAMEWORK_FUNCTION: { 'Fn::GetAtt': [expect.stringMatching(/frameworkonEvent/), 'Arn'] } } };
        expect(Properties.Environment).toEqual(Properties.Handler === 'index.entry' ? wayOn : undefined);
      }
    }
  });

  test('sends every resource to the one provider and waits as long as CloudFormation can', () => {
    const resources = Object.values<{ Type: string; Properties: { ServiceToken: unknown; ServiceTimeout: unknown } }>(template.toJSON().Resources)
      .filter(({ Type }) => Type.startsWith('Custom::') && Type !== 'Custom::VpcRestrictDefaultSG');
    expect(new Set(resources.map(({ Properties }) => JSON.stringify(Properties.ServiceToken))).size).toBe(1);
    expect(resources.every(({ Properties }) => Properties.ServiceTimeout === '3600')).toBe(true);
  });
});

test('ten gateways with 32 volumes each fit into one template', () => {
  const stack = new Stack(new App(), 'Large');
  for (let g = 0; g < 10; g++) {
    const gateway = aGateway(stack, {}, `Gateway${g}`);
    for (let v = 0; v < 32; v++) {
      gateway.addVolume(`Volume${v}`, { volumeSize: Size.gibibytes(1) });
    }
  }
  const template = Template.fromStack(stack);
  template.resourceCountIs('Custom::StorageGatewayCachedVolume', 320);
  expect(Object.keys(template.toJSON().Resources).length).toBeLessThanOrEqual(500);
  expect(JSON.stringify(template.toJSON()).length).toBeLessThan(1_000_000);
});

test('the public API is what its files export', () => {
  const source = join(__dirname, '../src');
  const files = readdirSync(source).filter((file) => file.endsWith('.ts') && file !== 'index.ts');
  expect(readFileSync(join(source, 'index.ts'), 'utf8').trim().split('\n')).toEqual(files.map((file) => `export * from './${file.slice(0, -3)}';`).sort());
});
