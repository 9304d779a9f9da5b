import * as fs from 'node:fs';
import * as path from 'node:path';

/** KiB, as README.md promises. */
const BUDGET = {
  'lambda/index': 700,
  'lambda/activation-key/index': 16,
  'lambda/seed/index': 600,
  'cli/index': 600,
  'cli/local/index': 600,
};

test.each(Object.entries(BUDGET))('the bundle %s stays within %i KiB', (name, kib) => {
  const { size } = fs.statSync(path.join(__dirname, '..', 'assets', name, 'index.js'));
  expect(size / 1024).toBeLessThanOrEqual(kib);
  const readme = fs.readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8');
  expect(readme).toMatch(new RegExp(`\\| \`${name}\` \\|.*\\| ${kib.toLocaleString('en')} KiB \\|`));
});
