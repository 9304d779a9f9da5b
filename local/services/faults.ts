import { randomUUID } from 'node:crypto';
import { ServiceError } from './errors';

export interface FaultError {
  readonly status: number;
  readonly type: string;
  readonly errorCode?: string;
  readonly message: string;
}

/** What is to go wrong: the `nth` call of an operation from now on, and the ones after it up to `times`. */
export interface Fault {
  readonly service: string;
  /** An operation's name, or `*`. */
  readonly operation: string;
  /** Before the call takes effect, or after it: then the caller does not hear of what was done. */
  readonly when: 'before' | 'after';
  readonly nth?: number;
  readonly times?: number;
  /** An answer, a reset connection, or none at all; reset where it is not said. */
  readonly error?: FaultError | 'reset' | 'hang';
}

export interface FaultRecord {
  readonly id: string;
  /** How often it happened. */
  readonly fired: number;
}

/** The connection is to end, or to stay silent, instead of an answer. */
export class LostAnswer extends Error {
  constructor(readonly how: 'reset' | 'hang') {
    super(`the answer is lost by ${how}`);
    this.name = 'LostAnswer';
  }
}

export class Faults {
  private readonly entries = new Map<string, { fault: Fault; seen: number; fired: number }>();

  add(fault: Fault): string {
    const id = randomUUID();
    this.entries.set(id, { fault, seen: 0, fired: 0 });
    return id;
  }

  list(): FaultRecord[] {
    return [...this.entries].map(([id, { fired }]) => ({ id, fired }));
  }

  clear(): void {
    this.entries.clear();
  }

  /** Throws if a fault wants this call at this moment. */
  check(service: string, operation: string, when: Fault['when']): void {
    let due: Fault | undefined;
    for (const entry of this.entries.values()) {
      const { fault } = entry;
      const matches = fault.when === when && folded(fault.service) === folded(service) && (fault.operation === '*' || fault.operation === operation);
      // Every fault counts the call, whichever one is to happen.
      entry.seen += matches ? 1 : 0;
      const first = fault.nth ?? 1;
      if (matches && !due && entry.seen >= first && entry.seen < first + (fault.times ?? 1)) {
        entry.fired += 1;
        due = fault;
      }
    }
    if (due) {
      throw failure(due.error ?? 'reset');
    }
  }
}

/** `storage-gateway`, `storagegateway` and `Storage Gateway` are one service. */
export const folded = (service: string) => service.toLowerCase().replace(/[^a-z0-9]/g, '');

function failure(error: FaultError | 'reset' | 'hang'): Error {
  if (typeof error === 'string') {
    return new LostAnswer(error);
  }
  return new ServiceError(error.status, error.type, error.message, { errorCode: error.errorCode });
}
