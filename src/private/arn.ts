import { Arn, ArnFormat, Fn, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { checkEnvironment } from './environment';
import { check } from './validate';

const GATEWAY_ARN = /^arn:[^:]+:storagegateway:[^:]+:\d{12}:gateway\/[^/]+$/;
const VOLUME_ARN = /^arn:[^:]+:storagegateway:[^:]+:\d{12}:gateway\/[^/]+\/volume\/[^/]+$/;

/** Returns the id of the gateway; fails if it is none, or not one for this stack. */
export function gatewayIdFrom(scope: Construct, gatewayArn: string): string {
  check('gatewayArn', gatewayArn, (arn) => GATEWAY_ARN.test(arn), 'like arn:aws:storagegateway:<region>:<account>:gateway/<gateway id>');
  return part(scope, 'gatewayArn', gatewayArn, 1);
}

/** Returns the id of the volume; fails if it is none, or not one for this stack. */
export function volumeIdFrom(scope: Construct, volumeArn: string): string {
  check('volumeArn', volumeArn, (arn) => VOLUME_ARN.test(arn), 'like arn:aws:storagegateway:<region>:<account>:gateway/<gateway id>/volume/<volume id>');
  return part(scope, 'volumeArn', volumeArn, 3);
}

function part(scope: Construct, property: string, arn: string, index: number): string {
  const { account, region } = Arn.split(arn, ArnFormat.NO_RESOURCE_NAME);
  checkEnvironment(scope, property, { account: account ?? '', region: region ?? '' });
  return Token.isUnresolved(arn) ? Fn.select(index, Fn.split('/', arn)) : arn.split('/')[index];
}
