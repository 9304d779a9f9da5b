import { invalidRequest } from './errors';
import type { Context } from '../service';

/** What the service puts on a page where no limit is given. */
const PAGE = 100;
const SHORT_PAGE = 2;

export interface Paging {
  readonly Limit?: number;
  readonly Marker?: string;
}

export interface Page<T> {
  readonly items: T[];
  /** Absent on the last page. */
  readonly Marker?: string;
}

/** The part of a sorted list that follows the marker. Markers hold the last key, so that a page is right although items came and went meanwhile. */
export function page<T>(items: readonly T[], keyOf: (item: T) => string, { Limit = PAGE, Marker }: Paging, { shortPages }: Context): Page<T> {
  const after = Marker === undefined ? undefined : decode(Marker);
  const sorted = [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter((item) => keyOf(item) > after);
  const some = rest.slice(0, Math.min(Limit, shortPages ? SHORT_PAGE : PAGE));
  const last = some.at(-1);
  return { items: some, ...(last !== undefined && some.length < rest.length && { Marker: encode(keyOf(last)) }) };
}

const PREFIX = 'v1:';

const encode = (key: string) => Buffer.from(`${PREFIX}${key}`).toString('base64');

function decode(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString('utf8');
  if (!text.startsWith(PREFIX)) {
    throw invalidRequest('InvalidParameters', 'The marker is not one of this service.');
  }
  return text.slice(PREFIX.length);
}
