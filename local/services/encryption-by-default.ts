import type { Context } from './service';
import { partitionOf } from '../identity';
import type { Collection } from './state/state';

/** What an account has set for all that it makes in a Region: EC2 sets it, EBS obeys it. */
interface EncryptionSetting {
  readonly enabled?: boolean;
  /** As it was given; AWS's own key where there is none. */
  readonly keyId?: string;
}

type Place = Pick<Context, 'account' | 'region' | 'state'>;

const AWS_MANAGED_KEY = 'alias/aws/ebs';
/** A key that stands for the one behind AWS's alias. */
const MANAGED_KEY_ID = '00000000-0000-0000-0000-000000000000';
const ONLY = 'setting';

const settingsOf = ({ state }: Place): Collection<EncryptionSetting> => state.collection('ebs-encryption-by-default');
const settingOf = (place: Place): EncryptionSetting => settingsOf(place).get(ONLY) ?? {};

export const encryptsByDefault = (place: Place): boolean => settingOf(place).enabled ?? false;

export function setEncryptionByDefault(place: Place, enabled: boolean): void {
  settingsOf(place).put(ONLY, { ...settingOf(place), enabled });
}

/** As EC2 shows it: an ARN, but for AWS's own key. */
export function defaultKeyOf(place: Place): string {
  const { keyId } = settingOf(place);
  return keyId === undefined ? AWS_MANAGED_KEY : arnOf(place, keyId);
}

/** Without a key, AWS's own one again. */
export function setDefaultKey(place: Place, keyId?: string): void {
  settingsOf(place).put(ONLY, { enabled: encryptsByDefault(place), ...(keyId !== undefined && keyId !== AWS_MANAGED_KEY && { keyId }) });
}

/** What a snapshot is encrypted with that names no key. */
export const keyArnByDefault = (place: Place): string => arnOf(place, settingOf(place).keyId ?? MANAGED_KEY_ID);

/** A key's id or alias, or the ARN of either. */
function arnOf({ account, region }: Place, keyId: string): string {
  if (keyId.startsWith('arn:')) {
    return keyId;
  }
  return `arn:${partitionOf(region)}:kms:${region}:${account}:${keyId.startsWith('alias/') ? keyId : `key/${keyId}`}`;
}
