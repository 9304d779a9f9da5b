import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { State } from '../state/state';

const SIGNATURE_SIZE = 12;

/** Opaque tokens that expire, can be given for one thing only, and need not be remembered. */
export class Tokens {
  private readonly secret: Buffer;

  constructor(state: State) {
    const memory = state.collection<string>('ebs-token-secret');
    if (!memory.has('secret')) {
      memory.put('secret', randomBytes(32).toString('base64'));
    }
    this.secret = Buffer.from(memory.get('secret') ?? '', 'base64');
  }

  /** `value` comes back from `open`; `purpose` must be the same then. */
  issue(purpose: string, value: number, expiresAt: number): string {
    const content = Buffer.alloc(12);
    content.writeUInt32LE(value, 0);
    content.writeDoubleLE(expiresAt, 4);
    return Buffer.concat([content, this.sign(purpose, content)]).toString('base64');
  }

  /** Undefined for a token that was never given, was given for another purpose, or has expired. */
  open(purpose: string, token: string, now: number): number | undefined {
    const bytes = Buffer.from(token, 'base64');
    const content = bytes.subarray(0, 12);
    const signature = bytes.subarray(12);
    if (signature.length !== SIGNATURE_SIZE || !timingSafeEqual(signature, this.sign(purpose, content)) || content.readDoubleLE(4) <= now) {
      return undefined;
    }
    return content.readUInt32LE(0);
  }

  private sign(purpose: string, content: Buffer): Buffer {
    return createHmac('sha256', this.secret).update(purpose).update('\n').update(content).digest().subarray(0, SIGNATURE_SIZE);
  }
}
