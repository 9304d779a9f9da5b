import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Change } from './state';

/** How much longer than after its last rewriting the file may become. */
const GROWTH_IN_BYTES = 16 * 1024 * 1024;

/**
 * The changes of the state in a file: one line per commit, written before the call is answered. A kill loses nothing that was
 * acknowledged, because what was written belongs to the operating system; a line that was cut off was never acknowledged.
 */
export class Journal {
  private descriptor?: number;
  private size = 0;
  private rewrittenSize = 0;

  constructor(private readonly file: string, private readonly growth = GROWTH_IN_BYTES) {
    mkdirSync(dirname(file), { recursive: true });
  }

  read(): Change[] {
    if (!existsSync(this.file)) {
      return [];
    }
    const bytes = readFileSync(this.file);
    const end = bytes.lastIndexOf('\n') + 1;
    if (end < bytes.length) {
      // What follows the last line break was cut off while it was being written.
      truncateSync(this.file, end);
    }
    this.size = end;
    const lines = bytes.subarray(0, end).toString('utf8').split('\n');
    return lines.slice(0, -1).flatMap((line) => JSON.parse(line) as Change[]);
  }

  append(changes: Change[]): void {
    const line = Buffer.from(`${JSON.stringify(changes)}\n`);
    this.descriptor ??= openSync(this.file, 'a');
    for (let written = 0; written < line.length;) {
      written += writeSync(this.descriptor, line, written);
    }
    this.size += line.length;
  }

  isLong(): boolean {
    return this.size > this.rewrittenSize + this.growth;
  }

  /** Replaces the history by what it led to. */
  rewrite(changes: Change[]): void {
    this.close();
    const replacement = `${this.file}.new`;
    const text = changes.length > 0 ? `${JSON.stringify(changes)}\n` : '';
    writeFileSync(replacement, text);
    renameSync(replacement, this.file);
    this.size = this.rewrittenSize = Buffer.byteLength(text);
  }

  close(): void {
    if (this.descriptor !== undefined) {
      closeSync(this.descriptor);
      this.descriptor = undefined;
    }
  }
}
