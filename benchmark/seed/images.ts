import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import * as path from 'node:path';

export interface Image {
  readonly path: string;
  readonly sizeInBytes: number;
}

const MEBIBYTE = 2 ** 20;
export const GIBIBYTE = 2 ** 30;

/** Random bytes; with `zeros`, every other MiB is zeros that are stored as such. Written just now, it lies in the page cache. */
export function randomImage(folder: string, sizeInBytes: number, zeros = false): Image {
  const file = path.join(folder, zeros ? 'half-zero.raw' : 'random.raw');
  const descriptor = openSync(file, 'w');
  const random = Buffer.alloc(MEBIBYTE);
  const zero = Buffer.alloc(MEBIBYTE);
  for (let offset = 0; offset < sizeInBytes; offset += MEBIBYTE) {
    const isZero = zeros && (offset / MEBIBYTE) % 2 === 1;
    writeSync(descriptor, isZero ? zero : randomFillSync(random), 0, Math.min(MEBIBYTE, sizeInBytes - offset));
  }
  closeSync(descriptor);
  return { path: file, sizeInBytes };
}

/** All zeros, and almost nothing on the disk: for rows that count requests, not bytes. Read once, it lies in the page cache, too. */
export function sparseImage(folder: string, sizeInBytes: number): Image {
  const file = path.join(folder, 'sparse.raw');
  const descriptor = openSync(file, 'w+');
  ftruncateSync(descriptor, sizeInBytes);
  const piece = Buffer.alloc(MEBIBYTE);
  for (let offset = 0; offset < sizeInBytes; offset += MEBIBYTE) {
    readSync(descriptor, piece, 0, MEBIBYTE, offset);
  }
  closeSync(descriptor);
  return { path: file, sizeInBytes };
}
