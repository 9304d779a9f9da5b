import type { Stacks } from './stacks';

/** What `cdk bootstrap` would have made: the CLI asks for it before each deployment. */
export const BOOTSTRAP_VERSION = '30';
export const BOOTSTRAP_PARAMETER = '/cdk-bootstrap/hnb659fds/version';

export function assetsBucket(account: string, region: string): string {
  return `cdk-hnb659fds-assets-${account}-${region}`;
}

export function addBootstrapStack(stacks: Stacks): void {
  const bucket = assetsBucket(stacks.account, stacks.region);
  const stack = stacks.add('CDKToolkit');
  stack.become('CREATE_COMPLETE');
  stack.outputs = [
    { OutputKey: 'BucketName', OutputValue: bucket },
    { OutputKey: 'BucketDomainName', OutputValue: `${bucket}.s3.${stacks.region}.amazonaws.com` },
    { OutputKey: 'BootstrapVersion', OutputValue: BOOTSTRAP_VERSION },
  ];
}
