import type { Collection } from './state/state';

export type ClockMode = 'wall' | 'frozen';

/**
 * The services' time: the wall clock plus what was advanced; a frozen clock moves by being advanced only.
 *
 * States follow it (they are computed from it when they are read, so that nothing waits for a timer). Signatures do not: they are made by
 * clients, which know the wall clock alone.
 */
export class Clock {
  private readonly frozenAt?: number;
  private advanced: number;

  constructor(mode: ClockMode, private readonly memory: Collection<number>) {
    this.frozenAt = mode === 'frozen' ? Date.now() : undefined;
    this.advanced = memory.get('advanced') ?? 0;
  }

  now(): Date {
    return new Date(this.time());
  }

  /** Milliseconds since 1970. */
  time(): number {
    return (this.frozenAt ?? Date.now()) + this.advanced;
  }

  advance(seconds: number): Date {
    this.advanced += seconds * 1000;
    this.memory.put('advanced', this.advanced);
    return this.now();
  }
}
