/** The one account that exists locally: the services and the platform answer with the same. */
export const ACCOUNT = '000000000000';

/** What STS says to whoever asks: credentials are not checked, so that everyone is the account itself. */
export const CALLER = { Account: ACCOUNT, Arn: `arn:aws:iam::${ACCOUNT}:root`, UserId: ACCOUNT } as const;

/** The partition that a Region's ARNs begin with. */
export function partitionOf(region: string): string {
  const partitions: [RegExp, string][] = [
    [/^cn-/, 'aws-cn'],
    [/^us-gov-/, 'aws-us-gov'],
    [/^us-iso-/, 'aws-iso'],
    [/^us-isob-/, 'aws-iso-b'],
    [/^eu-isoe-/, 'aws-iso-e'],
    [/^us-isof-/, 'aws-iso-f'],
    [/^eusc-/, 'aws-eusc'],
  ];
  return partitions.find(([pattern]) => pattern.test(region))?.[1] ?? 'aws';
}
