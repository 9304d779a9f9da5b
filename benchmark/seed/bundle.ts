import * as path from 'node:path';
import { buildSync } from 'esbuild';

/** Scripts of this folder as plain JavaScript, so that no compiler is measured with them. */
export function bundle(folder: string, name: string): string {
  const outfile = path.join(folder, `${name}.js`);
  buildSync({
    entryPoints: [path.join(__dirname, `${name}.ts`)], outfile, bundle: true, platform: 'node', target: 'node20', minify: true, logLevel: 'error',
  });
  return outfile;
}
