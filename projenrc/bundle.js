'use strict';

// Bundles one program: node projenrc/bundle.js ENTRY OUTFILE [--minify]

const { readFileSync } = require('node:fs');
const { build } = require('esbuild');

const [entry, outfile, ...options] = process.argv.slice(2);

/**
 * The SDK describes every shape of a service in one file, with keys like `[_xN]`. esbuild cannot know that computing them has no effect,
 * so it would keep nearly all shapes of EC2, 0.5 MiB that take 20 MiB in memory. With the keys written out only those in use are left.
 */
const plainKeys = {
  name: 'plain-keys',
  setup: ({ onLoad }) => onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]\w+\.js$/ }, ({ path }) => {
    const source = readFileSync(path, 'utf8');
    const constants = new Map([...source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]));
    return { contents: source.replace(/\[(_\w+)\]:/g, (key, name) => (constants.has(name) ? `${constants.get(name)}:` : key)), loader: 'js' };
  }),
};

build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  // The oldest Node that the repository supports; Lambda runs a newer one.
  target: 'node20',
  // The SDK's ES modules shake down to half of what its CommonJS files weigh.
  mainFields: ['module', 'main'],
  minify: options.includes('--minify'),
  plugins: [plainKeys],
  logLevel: 'warning',
}).catch(() => {
  // esbuild has said why.
  process.exitCode = 1;
});
