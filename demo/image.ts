import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

const MIB = 1024 * 1024;

export interface Image {
  readonly file: string;
  readonly size: number;
  readonly what: string;
}

/** The user's own image, or a file system that holds the repository's documentation. */
export function diskImage(given: string | undefined, directory: string): Image {
  if (given !== undefined) {
    const file = path.resolve(given);
    return { file, size: fs.statSync(file).size, what: `your image ${file}` };
  }
  const documents = path.join(directory, 'documents');
  fs.mkdirSync(documents);
  for (const name of ['README.md', 'API.md', 'CONTRIBUTING.md', 'LICENSE']) {
    fs.copyFileSync(path.join(__dirname, '..', name), path.join(documents, name));
  }
  const file = path.join(directory, 'documents.img');
  const what = makeExt4(documents, file) ? 'an ext4 file system' : makeRomfs(documents, file);
  return { file, size: fs.statSync(file).size, what: `${what} with this repository's documentation` };
}

function makeExt4(documents: string, file: string): boolean {
  // Also where the folder of the administrator's programs is not in the user's path.
  const env = { ...process.env, PATH: `${process.env.PATH}:/sbin:/usr/sbin` };
  try {
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-L', 'documents', '-d', documents, file, '48M'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * romfs, which Linux mounts: a chain of headers, each followed by its file. Written here, because no package writes one.
 *
 * @see https://docs.kernel.org/filesystems/romfs.html
 */
function makeRomfs(documents: string, file: string): string {
  const pad = (data: Buffer) => Buffer.concat([data, Buffer.alloc((16 - (data.length % 16)) % 16)]);
  const text = (value: string) => pad(Buffer.from(`${value}\0`));
  const withChecksum = (header: Buffer, covered: Buffer, at: number) => {
    let sum = 0;
    for (let offset = 0; offset < covered.length; offset += 4) sum = (sum + covered.readUInt32BE(offset)) % 2 ** 32;
    header.writeUInt32BE((2 ** 32 - sum) % 2 ** 32, at);
  };

  const volumeName = text('documents');
  const root = 16 + volumeName.length;
  // The low bits of a header's first word; headers stand at multiples of 16.
  const [hardLink, directory, regularFile, executable] = [0, 1, 2, 8];
  const files = [
    { name: '.', type: directory + executable, spec: root, data: Buffer.alloc(0) },
    { name: '..', type: hardLink, spec: root, data: Buffer.alloc(0) },
    ...fs.readdirSync(documents).map((name) => ({ name, type: regularFile, spec: 0, data: fs.readFileSync(path.join(documents, name)) })),
  ];
  let position = root;
  const entries = files.map(({ name, type, spec, data }, index) => {
    const header = Buffer.concat([Buffer.alloc(16), text(name)]);
    const entry = Buffer.concat([header, pad(data)]);
    const next = index === files.length - 1 ? 0 : position + entry.length;
    entry.writeUInt32BE(next + type, 0);
    entry.writeUInt32BE(spec, 4);
    entry.writeUInt32BE(data.length, 8);
    withChecksum(entry, entry.subarray(0, header.length), 12);
    position += entry.length;
    return entry;
  });
  const image = Buffer.concat([Buffer.alloc(16), volumeName, ...entries]);
  image.write('-rom1fs-', 0, 'latin1');
  image.writeUInt32BE(image.length, 8);
  withChecksum(image, pad(image.subarray(0, 512)), 12);
  fs.writeFileSync(file, image);
  fs.truncateSync(file, Math.ceil(image.length / MIB) * MIB);
  return 'a romfs file system';
}
