import { styleText } from 'node:util';

const out = process.stdout;
const colour = (format: Parameters<typeof styleText>[0], text: string) => (out.isTTY ? styleText(format, text) : text);

/** Runs one step of the story under a heading, and says how long it took. */
export async function step<T>(heading: string, work: () => Promise<T>): Promise<T> {
  out.write(`\n${colour('bold', `▶ ${heading}`)}\n`);
  const began = Date.now();
  const result = await work();
  out.write(colour('dim', `  ${((Date.now() - began) / 1000).toFixed(1)} s\n`));
  return result;
}

export function say(line: string): void {
  out.write(`  ${line}\n`);
}

/** What passes by while one waits. */
export function progress(line: string): void {
  out.write(colour('dim', `  │ ${line}\n`));
}

/** Something that was promised, and that just held. */
export function held(promise: string): void {
  out.write(`  ${colour('green', '✔')} ${promise}\n`);
}

export function table(rows: Array<Record<string, unknown>>): void {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]);
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '–')));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i].length)));
  const line = (values: string[]) => values.map((value, i) => value.padEnd(widths[i])).join('  ').trimEnd();
  say(colour('dim', line(columns)));
  cells.forEach((values) => say(line(values)));
}

/** One thing with many properties, each on its line. */
export function card(title: string, properties: Record<string, unknown>): void {
  say(colour('cyan', title));
  const width = Math.max(...Object.keys(properties).map((name) => name.length));
  for (const [name, value] of Object.entries(properties)) say(`  ${name.padEnd(width)}  ${value ?? '–'}`);
}
