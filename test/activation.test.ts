import { CfnParameter, Duration } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ACCOUNT, GATEWAY_ARN, REGION, aGateway, aStack } from './declarations';
import { Activation, type ActivationFromAddressOptions, EndpointType, IpVersion } from '../src';

const GATEWAY = 'Custom::StorageGatewayGateway';
const FUNCTION = { Handler: 'index.handler', VpcConfig: Match.anyValue() };

describe('by address', () => {
  test.each(['198.51.100.7', '198.51.100.7:8080', 'appliance.example.com', '[2001:db8::7]', '[2001:db8::7]:8080'])('takes %s', (address) => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromAddress(address) });
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { ApplianceAddress: address, ActivationKeyFunctionArn: Match.absent() });
  });

  test('takes an address that only the deployment knows', () => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromAddress(new CfnParameter(stack, 'Address').valueAsString) });
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { ApplianceAddress: { Ref: 'Address' } });
  });

  test.each(['', 'http://198.51.100.7', '198.51.100.7/', '2001:db8::7', 'two words', 'host:port'])('fails for %j', (address) => {
    expect(() => Activation.fromAddress(address)).toThrow(`'address' must be a host or host:port, without scheme and path, got ${JSON.stringify(address)}`);
  });

  test('hands on what the appliance is to be asked for', () => {
    const stack = aStack();
    const vpcEndpointDnsName = `vpce-1a2b3c4d-5e6f.storagegateway.${REGION}.vpce.amazonaws.com`;
    aGateway(stack, {
      activation: Activation.fromAddress('10.0.0.7', { vpcEndpointDnsName, endpointType: EndpointType.FIPS, ipVersion: IpVersion.IPV6, settleTime: Duration.minutes(2) }),
    });
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { VpcEndpoint: vpcEndpointDnsName, EndpointType: 'FIPS', IpVersion: 'ipv6', SettleTime: '120' });
  });

  test('does not ask for the standard endpoint, which has no name at the appliance', () => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromAddress('10.0.0.7', { endpointType: EndpointType.STANDARD }) });
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { EndpointType: Match.absent() });
  });

  test.each<[ActivationFromAddressOptions, string]>([
    [{ vpcEndpointDnsName: 'vpce-1a2b3c4d' }, "'vpcEndpointDnsName' must be the endpoint's DNS name, not its id, got \"vpce-1a2b3c4d\""],
    [{ settleTime: Duration.minutes(11) }, "'settleTime' must be 0 to 600 seconds, got 660"],
    [{ vpcSubnets: {} }, "'vpcSubnets' can only be given with 'vpc'"],
    [{ securityGroups: [] }, "'securityGroups' can only be given with 'vpc'"],
  ])('fails for %j', (options, message) => {
    expect(() => Activation.fromAddress('10.0.0.7', options)).toThrow(message);
  });
});

describe('by address inside a VPC', () => {
  test('asks through a function there, which only the handlers may call', () => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromAddress('10.0.0.7', { vpc: new ec2.Vpc(stack, 'Vpc') }) });
    const template = Template.fromStack(stack);
    const [id] = Object.keys(template.findResources('AWS::Lambda::Function', { Properties: FUNCTION }));
    template.hasResource(GATEWAY, {
      Properties: { ActivationKeyFunctionArn: { 'Fn::GetAtt': [id, 'Arn'] } },
      DependsOn: Match.arrayWith([id]),
    });
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [id, 'Arn'] },
      Principal: { 'Fn::GetAtt': [Match.stringLikeRegexp('^StorageGatewayProviderRole'), 'Arn'] },
    });
  });

  test('shares the function among gateways of the same network only', () => {
    const stack = aStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const securityGroups = [new ec2.SecurityGroup(stack, 'Admitted', { vpc })];
    const vpcSubnets = { subnetType: ec2.SubnetType.PUBLIC };
    [{ vpc }, { vpc }, { vpc, securityGroups }, { vpc, securityGroups, vpcSubnets }].forEach((network, n) => {
      aGateway(stack, { activation: Activation.fromAddress('10.0.0.7', network) }, `Gateway${n}`);
    });
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Function', { Properties: FUNCTION }))).toHaveLength(3);
  });

  test('takes the security groups that the appliance admits', () => {
    const stack = aStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const admitted = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Admitted', 'sg-0123456789abcdef0');
    aGateway(stack, { activation: Activation.fromAddress('10.0.0.7', { vpc, securityGroups: [admitted] }) });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { VpcConfig: { SecurityGroupIds: ['sg-0123456789abcdef0'] } });
  });
});

describe('by key', () => {
  test('takes a parameter, so that no key stands in the template', () => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromKey(new CfnParameter(stack, 'Key', { noEcho: true }).valueAsString) });
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { ActivationKey: { Ref: 'Key' }, ApplianceAddress: Match.absent() });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('warns of a key that stands in the template', () => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromKey('GGR7O-OJOHO-REP4R-9UIF9-5T6DR') });
    Annotations.fromStack(stack).hasWarning('/Branch/Gateway', Match.stringLikeRegexp('^the activation key stands in the template.*cdk-storage-gateway:literalActivationKey'));
  });

  test.each(['', 'A'.repeat(51)])('fails for %j', (key) => {
    expect(() => Activation.fromKey(key)).toThrow(`'activationKey' must be 1 to 50 characters, got ${JSON.stringify(key)}`);
  });
});

describe('by ARN', () => {
  test('manages the gateway that is there', () => {
    const stack = aStack();
    aGateway(stack, { activation: Activation.fromGatewayArn(GATEWAY_ARN) });
    Template.fromStack(stack).hasResourceProperties(GATEWAY, { GatewayARN: GATEWAY_ARN, ApplianceAddress: Match.absent() });
  });

  test.each([
    ['sgw-12A3456B', "'gatewayArn' must be like arn:aws:storagegateway:<region>:<account>:gateway/<gateway id>, got \"sgw-12A3456B\""],
    [`arn:aws:storagegateway:us-east-1:${ACCOUNT}:gateway/sgw-1`, "'gatewayArn' must be in the stack's Region eu-central-1, got \"us-east-1\""],
  ])('fails for %s', (arn, message) => {
    expect(() => aGateway(aStack(), { activation: Activation.fromGatewayArn(arn) })).toThrow(message);
  });
});
