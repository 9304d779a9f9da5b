import { GetEbsDefaultKmsKeyId$, GetEbsEncryptionByDefault$, type GetEbsDefaultKmsKeyIdResult, type GetEbsEncryptionByDefaultResult } from '@aws-sdk/client-ec2';
import { refuseDryRun } from './dry-run';
import { operation, type Operation } from '../service';

interface DryRunInput {
  readonly DryRun?: boolean;
}

/** A fresh account's settings: nothing is encrypted that is not asked to be, and then with AWS's own key. */
export const settingOperations = (): Operation[] => [
  operation<DryRunInput, GetEbsEncryptionByDefaultResult>(GetEbsEncryptionByDefault$, {}, (input) => {
    refuseDryRun(input);
    return { EbsEncryptionByDefault: false };
  }),

  operation<DryRunInput, GetEbsDefaultKmsKeyIdResult>(GetEbsDefaultKmsKeyId$, {}, (input) => {
    refuseDryRun(input);
    return { KmsKeyId: 'alias/aws/ebs' };
  }),
];
