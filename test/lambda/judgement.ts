import type { Play } from './plays';

/** Whether a verb must succeed, must fail, or may do either: then what follows must hold all the same. */
export type Ending = 'well' | 'badly' | 'somehow';

export interface Injected {
  fired(): boolean;
  /** Nothing goes wrong any more. */
  clear(): void;
}

/**
 * Has a play acted with a fault, and cleaned up afterwards.
 *
 * @param says what a failure must name
 * @returns what went wrong
 */
export async function judge(play: Play, fault: Injected, ends: Ending, says: readonly string[]): Promise<string | undefined> {
  let failure: unknown;
  try {
    await play.act();
  } catch (error) {
    failure = error;
  }
  const fired = fault.fired();
  fault.clear();
  try {
    if (!fired) {
      return 'the fault did not fire';
    }
    if (failure === undefined) {
      await play.holds();
      return ends === 'badly' ? 'it succeeded' : undefined;
    }
    const text = (failure as Error).message;
    if (ends === 'well') {
      return `it failed: ${text}`;
    }
    await play.recover();
    const unsaid = says.filter((word) => !text.includes(word));
    return unsaid.length > 0 ? `the failure does not say ${unsaid.join(' and ')}: ${text}` : undefined;
  } catch (error) {
    return `afterwards: ${(error as Error).message}`;
  } finally {
    await play.cleanUp();
  }
}
