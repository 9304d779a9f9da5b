import {
  DisableEbsEncryptionByDefault$, EnableEbsEncryptionByDefault$, GetEbsDefaultKmsKeyId$, GetEbsEncryptionByDefault$, ModifyEbsDefaultKmsKeyId$,
  ResetEbsDefaultKmsKeyId$, type GetEbsDefaultKmsKeyIdResult, type GetEbsEncryptionByDefaultResult, type ModifyEbsDefaultKmsKeyIdRequest,
} from '@aws-sdk/client-ec2';
import { refuseDryRun } from './dry-run';
import { defaultKeyOf, encryptsByDefault, setDefaultKey, setEncryptionByDefault } from '../encryption-by-default';
import { ServiceError } from '../errors';
import { operation, type Context, type Operation } from '../service';
import type { OperationSchema } from '../wire/protocol';

interface DryRunInput {
  readonly DryRun?: boolean;
}

const KEY_ID = /^(arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:\d{12}:)?(key\/[A-Za-z0-9-]{36,}|alias\/[A-Za-z0-9/_-]+)$|^[A-Za-z0-9-]{36,}$/;

/** What an account has set for all snapshots and volumes of a Region. A fresh one encrypts nothing that is not asked to be. */
export const settingOperations = (): Operation[] => [
  setting(GetEbsEncryptionByDefault$, () => undefined, encryption),
  setting(EnableEbsEncryptionByDefault$, (context) => setEncryptionByDefault(context, true), encryption),
  setting(DisableEbsEncryptionByDefault$, (context) => setEncryptionByDefault(context, false), encryption),
  setting(GetEbsDefaultKmsKeyId$, () => undefined, key),
  setting(ResetEbsDefaultKmsKeyId$, (context) => setDefaultKey(context), key),

  operation<ModifyEbsDefaultKmsKeyIdRequest, GetEbsDefaultKmsKeyIdResult>(ModifyEbsDefaultKmsKeyId$, {
    KmsKeyId: { required: true },
  }, (input, context) => {
    const { KmsKeyId = '' } = input;
    if (!KEY_ID.test(KmsKeyId)) {
      const message = `Value (${KmsKeyId}) for parameter KmsKeyId is invalid. It must be the id, alias or ARN of a KMS key`;
      throw new ServiceError(400, 'InvalidParameterValue', message);
    }
    refuseDryRun(input);
    setDefaultKey(context, KmsKeyId);
    return key(context);
  }),
];

const encryption = (context: Context): GetEbsEncryptionByDefaultResult => ({ EbsEncryptionByDefault: encryptsByDefault(context) });

const key = (context: Context): GetEbsDefaultKmsKeyIdResult => ({ KmsKeyId: defaultKeyOf(context) });

/** Changes something, or nothing, and answers with what is now. */
function setting(schema: OperationSchema, change: (context: Context) => void, answer: (context: Context) => object): Operation {
  return operation<DryRunInput, object>(schema, {}, (input, context) => {
    refuseDryRun(input);
    change(context);
    return answer(context);
  });
}
