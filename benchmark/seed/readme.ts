import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const README = path.join(ROOT, 'README.md');
const CHART = 'docs/seed-rate.svg';
const BEGIN = '<!-- benchmark:seed -->';
const END = '<!-- /benchmark:seed -->';

/** Puts the last run's table and chart where readers look for them: between two comments of README.md. */
export function writeReadme(machine: string, table: readonly string[], chart: string): void {
  const text = readFileSync(README, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`README.md must have the comments ${BEGIN} and ${END}, in this order`);
  }
  mkdirSync(path.join(ROOT, path.dirname(CHART)), { recursive: true });
  writeFileSync(path.join(ROOT, CHART), chart);
  const part = `${machine}.\n\n${table.join('\n')}\n\n![Puts accepted per second under a limit of 400](${CHART})\n`;
  writeFileSync(README, `${text.slice(0, begin)}${BEGIN}\n${part}${text.slice(end)}`);
}
