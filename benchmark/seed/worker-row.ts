import type { Row } from './table';
import { BLOCK_SIZE, GIBIBYTE } from '../../seed/block';
import { REQUESTS_PER_SECOND } from '../../seed/limiter';

/** US dollars for a GB-second of Lambda on x86 in us-east-1, November 2026. */
const GB_SECOND = 0.0000166667;
const FULL_CORE_MB = 1_769;
const BLOCKS_PER_TIB = 2 ** 40 / BLOCK_SIZE;
/** What is set is a multiple of this. */
const STEP_MB = 128;
/** Of the memory and of the processor time a share is left for what was not measured: Lambda's own runtime, and slower cores. */
const RESERVE = 1.5;

/** What one of so many workers needs to keep its share of the quota, from what was measured here: not from Lambda. */
export function workerRow(workers: number, cpuSecondsPerGib: number, peakMiB: number): Row {
  const gibPerSecond = REQUESTS_PER_SECOND / workers * BLOCK_SIZE / GIBIBYTE;
  const cores = cpuSecondsPerGib * gibPerSecond;
  const needed = Math.max(peakMiB * RESERVE, cores * RESERVE * FULL_CORE_MB);
  const memory = Math.ceil(needed / STEP_MB) * STEP_MB;
  const dollars = workers * BLOCKS_PER_TIB / REQUESTS_PER_SECOND * memory / 1_024 * GB_SECOND;
  return {
    measure: `Lambda, ${workers} workers: memory setting (computed, not run)`,
    value: memory,
    unit: 'MiB',
    made: `${cores.toFixed(2)} cores and ${peakMiB.toFixed(0)} MiB at ${(REQUESTS_PER_SECOND / workers).toFixed(1)} puts/s a worker, ${RESERVE} times that reserved; US$ ${dollars.toFixed(2)} per TiB beside US$ 12.58 for the puts`,
  };
}
