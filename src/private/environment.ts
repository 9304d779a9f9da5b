import { type ResourceEnvironment, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { check } from './validate';

/** Fails for something in another account or Region: the handlers of a stack call the services where the stack is. */
export function checkEnvironment(scope: Construct, property: string, environment: ResourceEnvironment): void {
  const { account } = Stack.of(scope);
  check(property, environment.account, (value) => Token.isUnresolved(account) || value === account, `in the stack's account ${account}`);
  checkRegion(scope, property, environment);
}

/** Fails for something in another Region, where another account is no matter. */
export function checkRegion(scope: Construct, property: string, environment: ResourceEnvironment): void {
  const { region } = Stack.of(scope);
  check(property, environment.region, (value) => Token.isUnresolved(region) || value === region, `in the stack's Region ${region}`);
}
