import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';

const VERSION = '0.12.0';

/**
 * The peer: `coldsnap` in PATH, in the folder that COLDSNAP_ROOT names, or built here once by cargo, which takes some minutes. Otherwise
 * the reason why there is none.
 */
export function findColdsnap(cache: string, environment: NodeJS.ProcessEnv = process.env): { file: string } | { missing: string } {
  const places = [...(environment.PATH ?? '').split(path.delimiter), ...[environment.COLDSNAP_ROOT, cache].filter((root) => root !== undefined).map((root) => path.join(root, 'bin'))];
  const found = places.map((folder) => path.join(folder, 'coldsnap')).find((file) => existsSync(file));
  if (found) {
    return { file: found };
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
  return { file: path.join(cache, 'bin', 'coldsnap') };
}
