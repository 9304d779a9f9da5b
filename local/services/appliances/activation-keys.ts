import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock';
import type { Collection, State } from '../state/state';

/** What an appliance gives out once and the service takes once. How the gateway will reach AWS was decided when it was asked for. */
export interface ActivationKey {
  readonly key: string;
  readonly applianceId: string;
  readonly region: string;
  readonly issuedAt: number;
  readonly vpcEndpoint?: string;
  readonly endpointType?: string;
}

/** Unused for longer, a key is of no use. */
const LIFETIME_IN_MINUTES = 30;

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export const activationKeysOf = (state: State): Collection<ActivationKey> => state.collection('activation-keys');

/** Five groups of five, as the appliance prints them. */
export function newActivationKey(): string {
  const group = () => [...randomBytes(5)].map((byte) => CHARACTERS[byte % CHARACTERS.length]).join('');
  return Array.from({ length: 5 }, group).join('-');
}

export const isExpired = (key: ActivationKey, clock: Clock) => clock.time() >= key.issuedAt + LIFETIME_IN_MINUTES * 60_000;
