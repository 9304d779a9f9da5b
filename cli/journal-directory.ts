import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { refusal } from './exit';
import { FileJournal } from '../seed/file-journal';

/** What a journal belongs to; a run that differs in any of it must not go on with it. */
export interface Binding {
  /** By which the journal is found: the same command finds the same one. */
  readonly place: string;
  readonly source: Readonly<Record<string, string | number>>;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Header extends Binding {
  readonly version: 1;
  /** Of the seed: the client tokens are made of it. */
  readonly name: string;
  readonly blockCount: number;
  readonly snapshotId?: string;
}

const HEADER = 'header.json';
const LOCK = 'lock';

export function defaultDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_STATE_HOME || join(homedir(), '.local/state'), 'cdk-storage-gateway');
}

/**
 * The journal of one seed, or of one reading: a folder with a header, a lock, and the digests of the snapshot. Digests are filed
 * under the snapshot's id, so those of a snapshot that the service gave up are never taken for those of the next one.
 */
export class SeedJournal {
  /** Undefined if there is none. */
  static find(directory: string, place: string): SeedJournal | undefined {
    const folder = folderOf(directory, place);
    return existsSync(join(folder, HEADER)) ? SeedJournal.locked(folder, readHeader(folder)) : undefined;
  }

  static create(directory: string, binding: Binding, blockCount: number): SeedJournal {
    const folder = folderOf(directory, binding.place);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const journal = SeedJournal.locked(folder, { version: 1, ...binding, blockCount, name: randomUUID() });
    journal.save();
    return journal;
  }

  /** A second process must not write to it. The process that a lock names may be gone. */
  private static locked(folder: string, header: Header): SeedJournal {
    const lock = join(folder, LOCK);
    for (let tries = 1; ; tries++) {
      try {
        writeFileSync(lock, processMark(process.pid), { flag: 'wx' });
        return new SeedJournal(folder, header);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw error;
        }
      }
      const mark = readFileSync(lock, 'utf8');
      const pid = Number(mark.split(' ')[0]);
      if (tries > 1 || (pid > 0 && processMark(pid) === mark)) {
        throw refusal(`process ${pid} is working on this image: its journal is ${folder}`);
      }
      rmSync(lock, { force: true });
    }
  }

  /** Blocks that earlier runs have stored. */
  resumedBlocks = 0;
  private digests: FileJournal | undefined;

  private constructor(readonly folder: string, private header: Header) {}

  get name(): string {
    return this.header.name;
  }

  get snapshotId(): string | undefined {
    return this.header.snapshotId;
  }

  get blockCount(): number {
    return this.header.blockCount;
  }

  get counts(): { readonly blocksInherited: number; readonly blocksOmitted: number } {
    return { blocksInherited: this.digests?.blocksInherited ?? 0, blocksOmitted: this.digests?.blocksOmitted ?? 0 };
  }

  /** Names what differs, if anything does. */
  difference(binding: Binding): string | undefined {
    for (const part of ['source', 'options'] as const) {
      const [was, is] = [this.header[part], binding[part]] as Readonly<Record<string, unknown>>[];
      const key = [...new Set([...Object.keys(was), ...Object.keys(is)])].find((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
      if (key !== undefined) {
        return `${part === 'source' ? 'the source\'s ' : '--'}${key} was ${JSON.stringify(was[key] ?? 'absent')} and is ${JSON.stringify(is[key] ?? 'absent')}`;
      }
    }
    return undefined;
  }

  open(snapshotId: string): FileJournal {
    this.digests?.close();
    this.header = { ...this.header, snapshotId };
    this.save();
    this.digests = FileJournal.open(this.digestFile(snapshotId), this.header.blockCount);
    this.resumedBlocks = this.digests.blocksWritten + this.digests.blocksInherited;
    return this.digests;
  }

  /** Lets the next run have it. */
  close(): void {
    this.digests?.close();
    this.digests = undefined;
    rmSync(join(this.folder, LOCK), { force: true });
  }

  remove(): void {
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends it, and keeps the digests where a seed that names the snapshot as its parent finds them. */
  finish(directory: string, scope: string): void {
    const { snapshotId } = this.header;
    this.close();
    if (snapshotId !== undefined) {
      const folder = digestFolder(directory, scope);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      renameSync(this.digestFile(snapshotId), join(folder, `${snapshotId}.digests`));
      writeFileSync(join(folder, `${snapshotId}.json`), JSON.stringify({ blockCount: this.header.blockCount }));
    }
    this.remove();
  }

  private digestFile(snapshotId: string): string {
    return join(this.folder, `${snapshotId}.digests`);
  }

  private save(): void {
    const file = join(this.folder, HEADER);
    writeFileSync(`${file}.new`, JSON.stringify(this.header, undefined, 2));
    renameSync(`${file}.new`, file);
  }
}

/** The digests of a snapshot that was seeded from here. */
export function storedDigests(directory: string, scope: string, snapshotId: string): FileJournal | undefined {
  const file = join(digestFolder(directory, scope), snapshotId);
  if (!existsSync(`${file}.json`)) {
    return undefined;
  }
  const { blockCount } = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as { blockCount: number };
  return FileJournal.open(`${file}.digests`, blockCount);
}

/** Digests to be filled in; they are there for others once they are `kept`. */
export function newDigests(
  directory: string, scope: string, snapshotId: string, blockCount: number,
): { readonly journal: FileJournal; keep(): void } {
  const folder = digestFolder(directory, scope);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const journal = FileJournal.open(join(folder, `${snapshotId}.digests`), blockCount);
  return {
    journal,
    keep: () => {
      journal.flush();
      writeFileSync(join(folder, `${snapshotId}.json`), JSON.stringify({ blockCount }));
    },
  };
}

export function storedSnapshots(directory: string, scope: string): string[] {
  const folder = digestFolder(directory, scope);
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length)) : [];
}

export function forgetDigests(directory: string, scope: string, snapshotId: string): void {
  const file = join(digestFolder(directory, scope), snapshotId);
  rmSync(`${file}.json`, { force: true });
  rmSync(`${file}.digests`, { force: true });
}

function readHeader(folder: string): Header {
  try {
    return JSON.parse(readFileSync(join(folder, HEADER), 'utf8')) as Header;
  } catch (error) {
    throw refusal(`the journal ${folder} cannot be read: ${String(error)}`);
  }
}

function folderOf(directory: string, place: string): string {
  return join(directory, 'journals', createHash('sha256').update(place).digest('hex').slice(0, 32));
}

function digestFolder(directory: string, scope: string): string {
  return join(directory, 'snapshots', scope);
}

/** A process id is given again; with the time at which the process began it names one process, where the kernel tells that. */
function processMark(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return isAlive(pid) ? `${pid}` : '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
