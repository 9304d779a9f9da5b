import { createHash } from 'crypto';
import { join } from 'path';
import { Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { Provider } from './provider';

/** Where the function stands. */
export interface ActivationKeyNetwork {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * The function that asks appliances for their keys from inside a network: one for each distinct network in a stack.
 *
 * It talks to nothing but the appliance and whoever called it, so it needs no way out of the network.
 */
export function activationKeyFunction(scope: Construct, network: ActivationKeyNetwork): lambda.IFunction {
  const stack = Stack.of(scope);
  const id = `StorageGatewayActivationKey${fingerprint(network)}`;
  const existing = stack.node.tryFindChild(id) as lambda.Function | undefined;
  if (existing) {
    return existing;
  }

  const provider = Provider.of(scope);
  const fn = new lambda.Function(stack, id, {
    code: lambda.Code.fromAsset(join(__dirname, '../../assets/lambda/activation-key/index')),
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_22_X,
    description: 'Asks storage gateway appliances for their activation keys',
    // One question, for which it waits ten seconds.
    timeout: Duration.seconds(30),
    logGroup: provider.logGroup,
    allowPublicSubnet: true,
    ...network,
  });
  // A permission of the function, not of the role: the provider must not wait for the user's network.
  fn.addPermission('Handlers', { principal: new iam.ArnPrincipal(provider.role.roleArn) });
  return fn;
}

/** Of the places in the construct tree, which two synths of one app agree on. */
function fingerprint({ vpc, vpcSubnets, securityGroups = [] }: ActivationKeyNetwork): string {
  const subnets = vpc.selectSubnets(vpcSubnets).subnets;
  const parts = [[vpc], subnets, securityGroups].map((constructs) => constructs.map(({ node }) => node.addr).sort());
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}
