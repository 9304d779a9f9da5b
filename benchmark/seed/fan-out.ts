import { Behaviour } from './behaviour';
import type { Row } from './table';
import { VirtualClock } from './virtual-clock';
import { planOf, rateOf } from '../../lambda/seed/plan';
import { CONCURRENCY } from '../../lambda/seed/worker';
import { BLOCK_SIZE, GIBIBYTE } from '../../seed/block';
import { Limiter, REQUESTS_PER_SECOND } from '../../seed/limiter';
import { inParallel } from '../../seed/parallel';
import { OperationError, Retrier } from '../../seed/retrier';

interface Simulated {
  readonly seconds: number;
  /** Of each worker, to begin with. */
  readonly putsPerSecond: number;
  readonly blocksPerShard: number;
  readonly throttled: number;
  readonly puts: number;
}

const QUOTA = REQUESTS_PER_SECOND;
/** Milliseconds of a put. */
const LATENCY = 100;
const SLOW_SHARES = 0.03;
const SLOWER = 4;
const DEATH_EVERY = 60_000;
const RESTART = 30_000;

/**
 * Parallel workers over a simulated service, with the stack's own plan and the engine's own limiter and retries: a worker takes the next
 * shard when it is done with one, some shards are slow, and every minute one worker dies with what it has in flight.
 */
async function simulateFanOut(gibibytes: number, workers: number): Promise<Simulated> {
  const clock = new VirtualClock();
  const service = new Behaviour({ limit: QUOTA });
  const division = { source: { sizeInBytes: gibibytes * GIBIBYTE }, requestsPerSecond: QUOTA, workers };
  const planned = planOf(division);
  const { blockCount, shards } = planned;
  const ratePerSecond = rateOf(division, planned);
  const alive = new Map<number, AbortController>();
  let next = 0;
  let stored = 0;
  let throttled = 0;
  let puts = 0;

  const writeShard = async (worker: number, shard: number): Promise<void> => {
    const latency = (shard * 0.6180339887498949) % 1 < SLOW_SHARES ? LATENCY * SLOWER : LATENCY;
    const done = new Set<number>();
    const { blockCount: blocks } = shards[shard];
    while (done.size < blocks) {
      const stop = new AbortController();
      alive.set(worker, stop);
      const limiter = new Limiter({ clock, ratePerSecond });
      const retrier = new Retrier({ clock, random: () => 0.5 });
      const todo = Array.from({ length: blocks }, (_, block) => block).filter((block) => !done.has(block)).values();
      try {
        await inParallel(Math.min(CONCURRENCY, blocks - done.size), async (_, signal) => {
          for (let block = todo.next(); !block.done; block = todo.next()) {
            await retrier.run('PutSnapshotBlock', async () => {
              await clock.sleep(latency);
              puts++;
              // A put that was sent has used the quota, even if the worker does not live to see its answer.
              const verdict = service.next(clock.now());
              signal.throwIfAborted();
              if (verdict === 'throttle') {
                throttled++;
                throw Object.assign(new Error('throttled'), { name: 'RequestThrottledException', Reason: 'RESOURCE_LEVEL_THROTTLE' });
              }
            }, { signal, limiter, budget: Number.POSITIVE_INFINITY });
            done.add(block.value);
            stored++;
          }
        }, stop.signal);
      } catch (error) {
        if (!stop.signal.aborted || error instanceof OperationError) {
          throw error;
        }
        await clock.sleep(RESTART);
      }
    }
    alive.delete(worker);
  };

  const kill = async (): Promise<void> => {
    for (let death = 0; stored < blockCount; death++) {
      await clock.sleep(DEATH_EVERY);
      alive.get(death % workers)?.abort(new Error('the worker died'));
    }
  };

  const all = inParallel(workers, async (worker) => {
    while (next < shards.length) {
      await writeShard(worker, next++);
    }
  });
  let endedAt = 0;
  await clock.run(Promise.race([all.then(() => endedAt = clock.now()), kill().then(() => all)]));
  return { seconds: endedAt / 1_000, putsPerSecond: ratePerSecond, blocksPerShard: shards[0].blockCount, throttled, puts };
}

export async function fanOutRow(gibibytes: number, workers: number): Promise<Row> {
  const { seconds, putsPerSecond, blocksPerShard, throttled, puts } = await simulateFanOut(gibibytes, workers);
  const ideal = gibibytes * GIBIBYTE / BLOCK_SIZE / QUOTA;
  const division = `shards of ${blocksPerShard * BLOCK_SIZE / GIBIBYTE} GiB, ${putsPerSecond.toFixed(1)} puts/s a worker`;
  return {
    measure: `fan-out of ${gibibytes} GiB over ${workers} workers, simulated: time against the quota's own`,
    value: seconds / ideal,
    unit: '×',
    target: 1.05,
    made: `${seconds.toFixed(0)} s to ${ideal.toFixed(0)} s; ${division}, ${throttled} of ${puts} puts throttled; 3 % of the shards four times slower, one worker dies each minute`,
  };
}
