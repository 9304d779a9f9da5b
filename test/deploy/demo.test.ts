import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

test('the demo holds everything that it promises, and touches neither the home folder nor the repository', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-storage-gateway-home-'));
  const seen = () => execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' });
  const before = seen();
  try {
    const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'demo'], {
      cwd: ROOT,
      encoding: 'utf8',
      // What a real account would look like must not matter.
      env: { PATH: process.env.PATH, HOME: home, AWS_PROFILE: 'production', AWS_ACCESS_KEY_ID: 'AKIAREALLOOKINGKEY00', AWS_SECRET_ACCESS_KEY: 'real' },
    });
    expect({ status, stderr, stdout: status === 0 ? '' : stdout }).toEqual({ status: 0, stderr: expect.any(String), stdout: '' });
    expect(stdout).toContain('verified: the snapshot holds the image, byte for byte');
    expect(fs.readdirSync(home)).toEqual([]);
    expect(seen()).toBe(before);
  } finally {
    fs.rmSync(home, { recursive: true });
  }
}, 300_000);
