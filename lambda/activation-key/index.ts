import { askForKey, type KeyAnswer, type KeyRequest } from './exchange';

/** Asks in the appliance's network, on behalf of the handler, which is outside. It logs nothing: the key is in the answer. */
export const handler = (wanted: KeyRequest): Promise<KeyAnswer> => askForKey(wanted);
