/** The handlers' time and chance; tests put their own in place, so that nothing there waits. */
export const clock = {
  /** Milliseconds since 1970. */
  now: (): number => Date.now(),
  sleep: (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  /** 0 to 1. */
  random: (): number => Math.random(),
};
