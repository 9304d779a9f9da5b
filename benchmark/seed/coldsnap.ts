import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

const VERSION = '0.12.0';

/** The peer's executable with its version, or why there is none. */
export type Coldsnap = { readonly file: string; readonly version: string } | { readonly missing: string };

/**
 * The peer: `coldsnap` in PATH, in the folder that COLDSNAP_ROOT names, or built here once by cargo, which takes some minutes. Otherwise
 * the reason why there is none.
 */
export function findColdsnap(cache: string, environment: NodeJS.ProcessEnv = process.env): Coldsnap {
  const places = [...(environment.PATH ?? '').split(path.delimiter), ...[environment.COLDSNAP_ROOT, cache].filter((root) => root !== undefined).map((root) => path.join(root, 'bin'))];
  const found = places.map((folder) => path.join(folder, 'coldsnap')).find((file) => existsSync(file));
  if (found) {
    return { file: found, version: versionOf(found) };
  }
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).error) {
    return { missing: 'neither coldsnap nor cargo is in PATH' };
  }
  process.stderr.write(`building coldsnap ${VERSION} in ${cache} (once; some minutes)\n`);
  try {
    execFileSync('cargo', ['install', 'coldsnap', '--version', VERSION, '--locked', '--root', cache], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    return { missing: `cargo could not build coldsnap ${VERSION}` };
  }
  return { file: path.join(cache, 'bin', 'coldsnap'), version: VERSION };
}

/** The program does not say it, but cargo writes down what it installs. */
function versionOf(file: string): string {
  const list = path.join(path.dirname(file), '..', '.crates.toml');
  return (existsSync(list) ? /^"coldsnap (\S+)/m.exec(readFileSync(list, 'utf8'))?.[1] : undefined) ?? 'of unknown version';
}
