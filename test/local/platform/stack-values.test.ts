import { CloudFormationClient, CreateChangeSetCommand, CreateStackCommand, DescribeChangeSetCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { REGION, TestCloud, type TestTemplate } from './cloud-formation';
import type { Event } from './provider';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
afterAll(async () => cloud.close());

const attribute = (logicalId: string, name: string) => ({ 'Fn::GetAtt': [logicalId, name] });
const group = (properties: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({ Type: 'AWS::Logs::LogGroup', Properties: properties, ...more });
const refusal = async (template: TestTemplate) => cloud.deploy('Refused', template).then(() => undefined, ({ message }: Error) => message);

function received(logicalId: string): Event {
  const call = cloud.calls.find(({ event }) => event.LogicalResourceId === logicalId);
  if (!call) throw new Error(`${logicalId} got no event`);
  return call.event;
}

describe('what a custom resource gets', () => {
  test('is the event as AWS writes it, every scalar a string', async () => {
    cloud.script();
    await cloud.deploy('Scalars', { Resources: { Thing: cloud.custom({ Number: 5, Yes: true, List: [1, false], Nested: { Deep: 1.5 }, Gone: { Ref: 'AWS::NoValue' } }) } });
    const event = received('Thing');
    expect(event).toMatchObject({
      RequestType: 'Create',
      ResourceType: 'Custom::Thing',
      StackId: expect.stringMatching(/^arn:aws:cloudformation:eu-west-1:000000000000:stack\/Scalars\//),
      RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(event.ResourceProperties).toEqual({
      ServiceToken: expect.any(String), ServiceTimeout: '60', Number: '5', Yes: 'true', List: ['1', 'false'], Nested: { Deep: '1.5' },
    });
    expect(event).not.toHaveProperty('PhysicalResourceId');
  });

  test.each(['{{resolve:secretsmanager:password}}', '{{resolve:ssm-secure:password:1}}'])('is never what %s stands for', async (reference) => {
    cloud.script();
    const name = reference.includes('ssm') ? 'SecureParameter' : 'Secret';
    const { StackStatus: status } = await cloud.finish(name, { Resources: { Thing: cloud.custom({ Password: { 'Fn::Join': ['', [reference]] } }) } });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason(name, 'Thing')).toBe(`Dynamic references are not supported in custom resources: ${reference}`);
    expect(cloud.journal(name)).toEqual([]);
  });
});

describe('what a custom resource answers', () => {
  test('reaches GetAtt, also names with dots, also when only isComplete delivers it', async () => {
    cloud.script((_, verb) => verb === 'isComplete' ? { IsComplete: true, Data: { 'Endpoint.Port': 3260, 'Ready': true } } : { PhysicalResourceId: 'id', Data: { Early: 'a' } });
    const outputs = await cloud.deploy('Attributes', {
      Resources: { Thing: cloud.custom() },
      Outputs: {
        Id: { Value: { Ref: 'Thing' } },
        Early: { Value: attribute('Thing', 'Early') },
        Port: { Value: { 'Fn::Sub': 'port ${Thing.Endpoint.Port}' } },
        Ready: { Value: attribute('Thing', 'Ready') },
      },
    });
    expect(outputs).toEqual({ Id: 'id', Early: 'a', Port: 'port 3260', Ready: 'true' });
  });

  test('fails the deployment where an attribute is missing', async () => {
    cloud.script();
    const { StackStatus: status } = await cloud.finish('MissingAttribute', { Resources: { Thing: cloud.custom(), Reader: cloud.custom({ Of: attribute('Thing', 'Nothing') }) } });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason('MissingAttribute', 'Reader')).toMatch(/Unable to retrieve Nothing attribute for Custom::Thing/);
  });

  test('is masked in outputs when it is NoEcho, and open to other resources', async () => {
    cloud.script((event) => ({ PhysicalResourceId: event.LogicalResourceId, ...(event.LogicalResourceId === 'Hidden' && { NoEcho: true, Data: { Password: 'hunter2' } }) }));
    const outputs = await cloud.deploy('NoEcho', {
      Resources: { Hidden: cloud.plain(), Reader: cloud.plain({ Password: attribute('Hidden', 'Password') }) },
      Outputs: { Password: { Value: attribute('Hidden', 'Password') } },
    });
    expect(outputs).toEqual({ Password: '*****' });
    expect(received('Reader').ResourceProperties.Password).toBe('hunter2');
    expect(JSON.stringify(cloud.platform.journal)).not.toContain('hunter2');
  });

  test.each([
    ['too long', { Data: { Text: 'x'.repeat(4096) } }, /Response object is too long/],
    ['without an id', { PhysicalResourceId: '' }, /Invalid PhysicalResourceId/],
  ])('is refused when it is %s', async (kind, answer, reason) => {
    cloud.script((event) => event.RequestType === 'Create' ? { PhysicalResourceId: 'id', ...answer } : {});
    const name = `Answer-${kind.replace(/ /g, '-')}`;
    expect((await cloud.finish(name, { Resources: { Thing: cloud.plain() } })).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason(name, 'Thing')).toMatch(reason);
  });

  test('cannot come from another function after an update', async () => {
    cloud.script((event, verb) => verb === 'plain' ? { PhysicalResourceId: event.LogicalResourceId } : undefined);
    await cloud.deploy('OtherToken', { Resources: { Thing: cloud.custom() } });
    expect((await cloud.finish('OtherToken', { Resources: { Thing: cloud.plain() } })).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await cloud.reason('OtherToken', 'Thing')).toBe('Modifying service token is not allowed.');
  });
});

describe('a template', () => {
  test.each<[string, () => TestTemplate, RegExp]>([
    ['a type that is not on the list', () => ({ Resources: { Disk: { Type: 'AWS::EC2::Volume' } } }), /Unrecognized resource types: \[AWS::EC2::Volume\]/],
    ['a property that is not interpreted', () => ({ Resources: { Group: group({ Shards: 1 }) } }), /does not interpret \[Shards\] of AWS::Logs::LogGroup \(resource Group\)/],
    ['Snapshot for a custom resource', () => ({ Resources: { Thing: cloud.custom({}, { DeletionPolicy: 'Snapshot' }) } }), /Custom::Thing does not support DeletionPolicy Snapshot/],
    ['a reference to nothing', () => ({ Resources: { Group: group({ LogGroupName: { Ref: 'Nothing' } }) } }), /Unresolved resource dependencies \[Nothing\]/],
    ['a circle', () => ({ Resources: { A: group({}, { DependsOn: 'B' }), B: group({ LogGroupName: { Ref: 'A' } }) } }), /Circular dependency between resources: \[A, B\]/],
    ['an unknown function', () => ({ Resources: { Group: group({ LogGroupName: { 'Fn::Cidr': [] } }) } }), /does not know the function Fn::Cidr/],
    ['an unknown section', () => ({ Resources: { Group: group() }, Transform: 'AWS::Serverless-2016-10-31' }), /Invalid template property or properties \[Transform\]/],
    ['a parameter without a value', () => ({ Parameters: { Size: { Type: 'Number' } }, Resources: { Group: group() } }), /Parameters: \[Size\] must have values/],
    ['an export that nobody makes', () => ({ Resources: { Group: group({ LogGroupName: { 'Fn::ImportValue': 'nobody' } }) } }), /No export named nobody found/],
  ])('is refused for %s', async (_, template, message) => {
    expect(await refusal(template())).toMatch(message);
    await expect(cloud.describe('Refused')).rejects.toThrow('does not exist');
  });

  test('with a state machine that cannot be interpreted fails the deployment by naming what it is', async () => {
    const definition = { QueryLanguage: 'JSONata', StartAt: 'Only', States: { Only: { Type: 'Succeed' } } };
    const machine = { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionString: JSON.stringify(definition), RoleArn: 'arn:aws:iam::000000000000:role/r' } };
    expect((await cloud.finish('Machine', { Resources: { Machine: machine } })).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await cloud.reason('Machine', 'Machine')).toContain('JSONata');
  });

  test('has parameters, conditions, mappings and the intrinsic functions that CDK writes', async () => {
    cloud.script();
    await cloud.deploy('Intrinsics', {
      Parameters: { Size: { Type: 'Number', Default: 5 }, Version: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' } },
      Mappings: { Zones: { 'eu-west-1': { name: 'Ireland' } } },
      Conditions: { Large: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Size' }, '1'] }] }, Small: { 'Fn::Equals': [{ Ref: 'Size' }, '1'] } },
      Resources: {
        Thing: cloud.custom({
          Size: { Ref: 'Size' },
          Version: { Ref: 'Version' },
          Zone: { 'Fn::FindInMap': ['Zones', { Ref: 'AWS::Region' }, 'name'] },
          Chosen: { 'Fn::If': ['Large', 'large', { Ref: 'Absent' }] },
          Omitted: { 'Fn::If': ['Small', 'small', { Ref: 'AWS::NoValue' }] },
          Last: { 'Fn::Select': [2, { 'Fn::Split': ['/', 'a/b/c'] }] },
          Literal: { 'Fn::Sub': ['${!Kept} ${Given} ${AWS::AccountId}', { Given: 'x' }] },
          Encoded: { 'Fn::Base64': 'plain' },
        }),
        Absent: cloud.custom({}, { Condition: 'Small' }),
      },
    });
    expect(received('Thing').ResourceProperties).toEqual({
      ServiceToken: expect.any(String),
      ServiceTimeout: '60',
      Size: '5',
      Version: '30',
      Zone: 'Ireland',
      Chosen: 'large',
      Last: 'c',
      Literal: '${Kept} x 000000000000',
      Encoded: 'cGxhaW4=',
    });
    expect(cloud.journal('Intrinsics')).toEqual(['Create Thing']);
  });

  test('reads what another stack exports, which then cannot be deleted', async () => {
    cloud.script();
    await cloud.deploy('Exporting', { Resources: { Thing: cloud.custom() }, Outputs: { Id: { Value: { Ref: 'Thing' }, Export: { Name: 'thing' } } } });
    await cloud.deploy('Importing', { Resources: { Reader: cloud.custom({ Of: { 'Fn::ImportValue': 'thing' } }) } });
    expect(received('Reader').ResourceProperties.Of).toBe('Thing-id');
    await expect(cloud.destroy('Exporting')).rejects.toThrow('Export thing cannot be deleted as it is in use by Importing');
  });

  test('does not show a NoEcho parameter', async () => {
    cloud.script();
    await cloud.deploy('HiddenParameter', { Parameters: { Key: { Type: 'String', NoEcho: true, Default: 'ABCDE' } }, Resources: { Thing: cloud.custom({ Key: { Ref: 'Key' } }) } });
    expect((await cloud.describe('HiddenParameter')).Parameters).toEqual([{ ParameterKey: 'Key', ParameterValue: '****' }]);
    expect(received('Thing').ResourceProperties.Key).toBe('ABCDE');
  });

  test('makes a secret that GetSecretValue answers', async () => {
    const { Arn: SecretId } = await cloud.deploy('Secrets', {
      Resources: {
        Secret: {
          Type: 'AWS::SecretsManager::Secret',
          Properties: { GenerateSecretString: { PasswordLength: 14, ExcludePunctuation: true, GenerateStringKey: 'secret', SecretStringTemplate: '{"user":"u"}' } },
        },
      },
      Outputs: { Arn: { Value: { Ref: 'Secret' } } },
    });
    const client = new SecretsManagerClient({ endpoint: cloud.platform.endpoint, region: REGION, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
    const { SecretString: value = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
    expect(JSON.parse(value)).toEqual({ user: 'u', secret: expect.stringMatching(/^[A-Za-z0-9]{14}$/) });
    client.destroy();
  });

  test('is not deployed twice under one name', async () => {
    const input = { StackName: 'Twice', TemplateBody: JSON.stringify({ Resources: { Group: group() } }) };
    await cloud.cloudFormation.send(new CreateStackCommand(input));
    await expect(cloud.cloudFormation.send(new CreateStackCommand(input))).rejects.toMatchObject({ name: 'AlreadyExistsException' });
    await cloud.settled('Twice');
  });
});

test('each Region has stacks of its own', async () => {
  cloud.script();
  await cloud.deploy('Regional', { Resources: { Group: group() } });
  const elsewhere = new CloudFormationClient({ endpoint: cloud.platform.endpoint, region: 'us-west-2', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  const { Stacks: stacks = [] } = await elsewhere.send(new DescribeStacksCommand({}));
  expect(stacks.map(({ StackName: name }) => name)).toEqual(['CDKToolkit']);
  elsewhere.destroy();
});

test('a change set names what would change, and how', async () => {
  cloud.script();
  const template = (size: number, name: string) => JSON.stringify({
    Resources: {
      Thing: cloud.custom({ Size: size }), Group: group({ LogGroupName: name }), ...(size === 2 ? { Added: group() } : { Removed: group() }),
    },
  });
  await cloud.deploy('Changes', JSON.parse(template(1, 'before')));
  const change = { StackName: 'Changes', ChangeSetName: 'change', TemplateBody: template(2, 'after') };
  await cloud.cloudFormation.send(new CreateChangeSetCommand(change));
  const { Changes: changes, Status: status } = await cloud.cloudFormation.send(new DescribeChangeSetCommand(change));
  expect(status).toBe('CREATE_COMPLETE');
  expect(changes?.map(({ ResourceChange: { Action, LogicalResourceId, Replacement } = {} }) => [Action, LogicalResourceId, Replacement])).toEqual([
    ['Add', 'Added', undefined], ['Modify', 'Thing', 'False'], ['Modify', 'Group', 'True'], ['Remove', 'Removed', undefined],
  ]);
});
