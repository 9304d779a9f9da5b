import { App, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { aGateway, aStack } from './declarations';
import { PERMISSIONS } from '../src/private/permissions';
import { Provider } from '../src/private/provider';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const statementsOf = (template: Template): Statement[] => Object.values(template.findResources('AWS::IAM::Policy'))
  .flatMap((policy) => policy.Properties.PolicyDocument.Statement as Statement[]);

test('two gateways share one provider', () => {
  const stack = aStack();
  aGateway(stack, {}, 'One');
  aGateway(stack, {}, 'Two');
  const tokens = Object.values(Template.fromStack(stack).findResources('Custom::StorageGatewayGateway')).map(({ Properties }) => JSON.stringify(Properties.ServiceToken));
  expect(new Set(tokens).size).toBe(1);
});

test('two stacks have a provider each', () => {
  const app = new App();
  const [one, two] = ['One', 'Two'].map((id) => Provider.of(new Stack(app, id)));
  expect(one).not.toBe(two);
});

test('the framework answers before CloudFormation gives up', () => {
  const stack = aStack();
  aGateway(stack);
  const template = Template.fromStack(stack);
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
  const [, interval, attempts] = /IntervalSeconds\W+(\d+)\W+MaxAttempts\W+(\d+)/.exec(JSON.stringify(machine.Properties.DefinitionString)) ?? [];
  expect(Number(interval) * Number(attempts)).toBe(55 * 60);
  template.hasResourceProperties('Custom::StorageGatewayGateway', { ServiceTimeout: '3600' });
});

test('the handlers do not outlive the function of the framework that calls them', () => {
  const stack = aStack();
  aGateway(stack);
  const template = Template.fromStack(stack);
  for (const Handler of ['index.onEvent', 'index.isComplete']) {
    template.hasResourceProperties('AWS::Lambda::Function', { Handler, Timeout: 14 * 60, Runtime: 'nodejs22.x' });
  }
});

test('requests pass the entry, which is allowed to call the framework before the first one comes', () => {
  const stack = aStack();
  aGateway(stack);
  const template = Template.fromStack(stack);
  const [[entryId, entry]] = Object.entries(template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'index.entry' } }));
  template.allResourcesProperties('Custom::StorageGatewayGateway', { ServiceToken: { 'Fn::GetAtt': [entryId, 'Arn'] } });
  const [policyId] = Object.entries(template.findResources('AWS::IAM::Policy')).find(([, { Properties }]) => (
    JSON.stringify(Properties.PolicyDocument.Statement) === JSON.stringify([{
      Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: entry.Properties.Environment.Variables.FRAMEWORK_FUNCTION,
    }])
  )) ?? [];
  expect(entry.DependsOn).toContain(policyId);
});

test('all functions write to one log group, which goes with the stack', () => {
  const stack = aStack();
  aGateway(stack);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Logs::LogGroup', 1);
  template.hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete' });
  template.allResourcesProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^StorageGatewayProviderLog') } } });
});

describe('the permissions', () => {
  test('are sorted, and none is given twice', () => {
    const actions = PERMISSIONS.flatMap((permission) => permission.actions);
    expect(new Set(actions).size).toBe(actions.length);
    for (const permission of PERMISSIONS) {
      expect(permission.actions).toEqual([...permission.actions].sort());
    }
  });

  test('say why a resource is wider than it could be', () => {
    expect(PERMISSIONS.filter(({ resources, reason }) => resources.some((resource) => resource === '*' || resource.includes(':*:')) && !reason)).toEqual([]);
  });

  test('are all that the handlers get, and everything is for all resources only where a reason is given', () => {
    const stack = aStack();
    aGateway(stack).addVolume('Data', { volumeSize: Size.gibibytes(1) });
    const forAll = statementsOf(Template.fromStack(stack)).filter(({ Resource }) => [Resource].flat().includes('*')).flatMap(({ Action }) => Action);
    const reasoned = PERMISSIONS.filter(({ resources, reason }) => reason && resources.includes('*')).flatMap(({ actions }) => actions);
    expect(forAll.sort()).toEqual(reasoned.sort());
  });

  test.each(['storagegateway:DeleteGateway', 'storagegateway:DeleteVolume', 'ec2:DeleteSnapshot'])('%s reaches only what this stack made', (action) => {
    const stack = aStack();
    aGateway(stack);
    const statement = statementsOf(Template.fromStack(stack)).find(({ Action }) => [Action].flat().includes(action));
    expect(statement?.Condition).toEqual({ StringLike: { 'aws:ResourceTag/cdk-storage-gateway:owner': 'Branch/*' } });
  });

  test('leave no placeholder', () => {
    const stack = aStack();
    aGateway(stack);
    expect(JSON.stringify(statementsOf(Template.fromStack(stack)))).not.toContain('${');
  });

  test('for a thing of the user are one policy, for which the functions do not wait', () => {
    const stack = aStack();
    aGateway(stack);
    const allow = () => Provider.of(stack).allow('ReadImages', () => [new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::images/*'] })]);
    expect(allow()).toBe(allow());
    const template = Template.fromStack(stack);
    const [[id, policy]] = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([, { Properties }]) => JSON.stringify(Properties).includes('s3:GetObject'));
    expect(policy.Properties.Roles).toEqual([{ Ref: expect.stringMatching(/^StorageGatewayProviderRole/) }]);
    expect(Object.values(template.findResources('AWS::Lambda::Function')).filter((fn) => JSON.stringify(fn).includes(id))).toEqual([]);
  });
});
