import { setMaxListeners } from 'node:events';

/**
 * Runs so many workers at a time. The first failure, or the outer signal, stops all of them; when it settles, none is running any more,
 * and it rejects with what came first.
 */
export async function inParallel(workers: number, work: (worker: number, stop: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  // Every worker's request listens to it, which is no leak.
  setMaxListeners(0, stop.signal);
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  try {
    await Promise.all(Array.from({ length: workers }, async (_, worker) => {
      try {
        await work(worker, stop.signal);
      } catch (error) {
        stop.abort(error);
      }
    }));
    stop.signal.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', forward);
  }
}
