import { usageError } from './exit';
import { REQUESTS_PER_SECOND } from '../seed/limiter';
import { blocksReadBack, type Verification } from '../seed/verifier';

/** US dollars for 1,000 requests. */
export interface Prices {
  readonly put: number;
  readonly get: number;
  readonly list: number;
}

/** What AWS's price list said at that date for us-east-1; storage of the snapshot comes on top. */
export const PRICES_OF = '2026-11';
const PRICES: Prices = { put: 0.006, get: 0.003, list: 0.0006 };

const BLOCKS_PER_PAGE = 10_000;

export interface Estimate {
  readonly puts: number;
  readonly gets: number;
  readonly lists: number;
  readonly dollars: number;
  /** At the quota, or at the rate that was asked for. */
  readonly seconds: number;
}

/** `put=0.0065`, each operation by itself. */
export function readPrices(given: readonly string[]): Prices {
  const changed = given.map((text) => {
    const [, operation, price] = /^(put|get|list)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
    if (operation === undefined) {
      throw usageError(`--price must be put=USD, get=USD or list=USD for 1,000 requests, got ${JSON.stringify(text)}`);
    }
    return [operation, Number(price)] as const;
  });
  return { ...PRICES, ...Object.fromEntries(changed) };
}

export interface Work {
  readonly puts: number;
  /** Blocks that the snapshot will list. */
  readonly blocks: number;
  readonly verify: Verification;
  /** Blocks that are read to find out what the parent holds. */
  readonly parentReads?: number;
  readonly requestsPerSecond?: number;
}

export function estimate({ puts, blocks, verify, parentReads = 0, requestsPerSecond = REQUESTS_PER_SECOND }: Work, prices: Prices): Estimate {
  const gets = blocksReadBack(blocks, verify) + parentReads;
  const lists = (verify === 'none' ? 0 : pages(blocks)) + (parentReads === 0 ? 0 : pages(parentReads));
  const dollars = (puts * prices.put + gets * prices.get + lists * prices.list) / 1_000;
  return { puts, gets, lists, dollars, seconds: (puts + gets) / requestsPerSecond };
}

function pages(blocks: number): number {
  return Math.max(1, Math.ceil(blocks / BLOCKS_PER_PAGE));
}
