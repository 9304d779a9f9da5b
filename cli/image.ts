import { refusal } from './exit';
import type { BlockSource } from '../seed/block-source';
import type { formatOf } from '../seed/image-format';

/** An image as a command is given it. */
export interface Image {
  /** As the user wrote it. */
  readonly name: string;
  readonly source: BlockSource;
  /** What must be the same for a later run to go on. Absent: it cannot be read a second time. */
  readonly identity?: { readonly place: string; readonly state: Readonly<Record<string, string | number>> };
  /** Whether its size is an upper limit only. */
  readonly sizeIsLimit?: boolean;
  /** Reads it from the beginning, for a look at its blocks before the seed. */
  readonly again?: () => Promise<BlockSource>;
}

export interface ImageOptions {
  /** GiB; limits what is not known to end. */
  readonly volumeSize?: number;
  /** Blocks that are asked for at a time. */
  readonly workers: number;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Refuses what holds a disk in a format of its own. */
export function assertRaw(name: string, format: ReturnType<typeof formatOf>): void {
  if (format) {
    throw refusal(`image ${JSON.stringify(name)} is ${format.name}, must be a raw disk image; convert it first: ${format.conversion}`);
  }
}
