'use strict';

// In a clone, builds what is missing or older than its sources, by the project's own tasks. In the published package there are no sources, and nothing is built.

const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, readdirSync, renameSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');

const ROOT = join(__dirname, '..');
const TASKS = join(ROOT, '.projen/tasks.json');

/** The file of a bundle, fresh. */
exports.bundle = (entry, sources) => {
  const file = join(ROOT, 'assets', entry, 'index.js');
  if (isStale(file, [...sources, 'package-lock.json', 'projenrc/bundle.js'])) {
    say(`bundling ${entry}, as its sources are newer ...`);
    const [{ exec }] = require(TASKS).tasks[`bundle:${entry}`].steps;
    const [, script, source, , ...options] = exec.split(' ');
    // Beside the old one first, because another process may be reading that.
    const fresh = `${file}.${process.pid}`;
    mkdirSync(dirname(file), { recursive: true });
    run(process.execPath, [join(ROOT, script), source, fresh, ...options]);
    renameSync(fresh, file);
  }
  return file;
};

/** The library, as jsii compiles it. */
exports.library = () => {
  if (isStale(join(ROOT, 'lib/index.js'), ['src'])) {
    say('compiling the library, as its sources are newer ...');
    run(join(ROOT, 'node_modules/.bin/jsii'), ['--silence-warnings=reserved-word']);
  }
};

function isStale(file, sources) {
  return existsSync(TASKS) && (!existsSync(file) || sources.some((source) => changedAt(join(ROOT, source)) > statSync(file).mtimeMs));
}

/** When the newest file in a folder was changed. */
function changedAt(path) {
  const stats = statSync(path);
  return stats.isDirectory() ? Math.max(0, ...readdirSync(path).map((name) => changedAt(join(path, name)))) : stats.mtimeMs;
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' }, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    say(`${command} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
}

function say(line) {
  process.stderr.write(`cdk-storage-gateway: ${line}\n`);
}
