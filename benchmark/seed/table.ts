/** One line of the table. Of a value, less is better unless said otherwise. */
export interface Row {
  readonly measure: string;
  readonly value: number;
  readonly unit?: '×' | '%' | 'MiB' | 'CPU-s' | 'blocks';
  readonly target?: number;
  readonly wished?: number;
  readonly atLeast?: boolean;
  /** Why the value means nothing. */
  readonly voidedBy?: string;
  /** What the value was made of. */
  readonly made: string;
}

/** A measure that could not be taken here. */
export interface Skipped {
  readonly measure: string;
  readonly skipped: string;
}

export type Outcome = 'wished' | 'reached' | 'short' | 'void' | 'skipped' | 'computed';

export function outcomeOf(row: Row | Skipped): Outcome {
  if ('skipped' in row) {
    return 'skipped';
  }
  const reaches = (limit: number | undefined) => limit !== undefined && (row.atLeast ? row.value >= limit : row.value <= limit);
  if (row.voidedBy !== undefined) {
    return 'void';
  }
  if (row.target === undefined) {
    return 'computed';
  }
  return reaches(row.wished) ? 'wished' : reaches(row.target) ? 'reached' : 'short';
}

export const TABLE_HEAD = ['| measure | measured | to reach | wished | | made of |', '|---|---|---|---|---|---|'];

export function tableLine(row: Row | Skipped): string {
  if ('skipped' in row) {
    return `| ${row.measure} | | | | skipped | ${row.skipped} |`;
  }
  const sign = row.atLeast ? '≥' : '≤';
  const limit = (value: number | undefined) => value === undefined ? '' : `${sign} ${format(value, row.unit)}`;
  const note = row.voidedBy === undefined ? row.made : `${row.voidedBy}; ${row.made}`;
  return `| ${row.measure} | ${format(row.value, row.unit)} | ${limit(row.target)} | ${limit(row.wished)} | ${outcomeOf(row)} | ${note} |`;
}

function format(value: number, unit: Row['unit']): string {
  switch (unit) {
    case '×': return value.toFixed(2);
    case '%': return `${(value * 100).toFixed(1)} %`;
    case 'MiB': return `${value.toFixed(0)} MiB`;
    case 'blocks': return `${value.toFixed(0)} blocks`;
    case 'CPU-s': return `${value.toFixed(2)} CPU-s`;
    default: return value.toFixed(2);
  }
}
