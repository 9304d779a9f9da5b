import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { DeleteSnapshotCommand, EC2Client, EnableEbsEncryptionByDefaultCommand } from '@aws-sdk/client-ec2';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BLOCK_SIZE, lastLine, Terminal } from './terminal';
import { diskImage } from '../../demo/image';
import { S3Service } from '../../local/platform/s3';
import { serve } from '../local/platform/api-server';

let terminal: Terminal;

beforeEach(async () => {
  terminal = await Terminal.open();
});
afterEach(() => terminal.close());

const journals = () => (existsSync(terminal.path('state/cdk-storage-gateway/journals')) ? readdirSync(terminal.path('state/cdk-storage-gateway/journals')) : []);

/** Whether the snapshot reads back as the image. */
async function readsBackAs(snapshotId: string, image: string): Promise<boolean> {
  const file = terminal.path(`${snapshotId}.img`);
  const { code } = await terminal.run('read', snapshotId, file);
  const bytes = readFileSync(image);
  return code === 0 && readFileSync(file).subarray(0, bytes.length).equals(bytes);
}

test('an image becomes a snapshot that reads back byte for byte; its id is on standard error at once and the last line of the output', async () => {
  const image = terminal.image('image', 5, { zeros: [2], extraBytes: 1 });

  const ended = await terminal.run('seed', image, '--description', 'an image', '--tag', 'Name=disk');

  expect(ended.code).toBe(0);
  const snapshotId = lastLine(ended);
  expect(terminal.snapshots()).toEqual([{ id: snapshotId, state: 'completed' }]);
  expect(ended.stderr).toContain(`snapshot ${snapshotId}\n`);
  expect(terminal.calls('PutSnapshotBlock')).toBe(6);
  expect(journals()).toEqual([]);
  expect(await readsBackAs(snapshotId, image)).toBe(true);
});

test('a real file system comes back byte for byte', async () => {
  const directory = terminal.path('file-system');
  mkdirSync(directory);
  const { file: image } = diskImage(undefined, directory);
  truncateSync(image, 64 * 2 ** 20);

  const { code, stdout } = await terminal.run('seed', image, '--zero-blocks', 'omit', '--verify', 'full', '--json');

  expect(code).toBe(0);
  const { snapshotId, blocksWritten, blocksOmitted } = JSON.parse(stdout) as { snapshotId: string; blocksWritten: number; blocksOmitted: number };
  expect(blocksWritten + blocksOmitted).toBe(128);
  expect(terminal.calls('PutSnapshotBlock')).toBe(blocksWritten);
  expect((await terminal.run('verify', snapshotId, image)).code).toBe(0);
  expect(await readsBackAs(snapshotId, image)).toBe(true);
  const { size, blocks } = statSync(terminal.path(`${snapshotId}.img`));
  expect(size).toBe(2 ** 30);
  expect(blocks * 512).toBeLessThan(64 * 2 ** 20);
});

test('after a kill in the middle, the same command ends in the same snapshot and puts few blocks twice', async () => {
  const image = terminal.image('image', 200);
  const killed = terminal.start('seed', image, '--workers', '8', '--rate', '100');
  await terminal.called('PutSnapshotBlock', 100);
  killed.kill('SIGKILL');
  await killed.ended;
  const [{ id, state }] = terminal.snapshots();
  expect(state).toBe('pending');

  const ended = await terminal.run('seed', image, '--workers', '8', '--verify', 'full');

  expect(ended.code).toBe(0);
  expect(lastLine(ended)).toBe(id);
  expect(ended.stderr).toMatch(/going on: \d+ blocks of 200/);
  expect(terminal.snapshots()).toEqual([{ id, state: 'completed' }]);
  expect(terminal.calls('PutSnapshotBlock')).toBeLessThanOrEqual(200 + 32);
  expect(await readsBackAs(id, image)).toBe(true);
});

test.each([['SIGINT', 130], ['SIGTERM', 5]] as const)('%s ends with %d, a pending snapshot and its journal; the same command goes on', async (signal, code) => {
  const image = terminal.image('image', 100);
  const stopped = terminal.start('seed', image, '--workers', '4', '--rate', '50');
  await terminal.called('PutSnapshotBlock', 20);
  stopped.kill(signal);

  const ended = await stopped.ended;
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain('the same command goes on');
  const [{ id, state }] = terminal.snapshots();
  expect(state).toBe('pending');
  expect(journals()).toHaveLength(1);

  const again = await terminal.run('seed', image);
  expect([again.code, lastLine(again)]).toEqual([0, id]);
  expect(terminal.snapshots()).toHaveLength(1);
});

test('a kill between completion and the end of the command is nothing but a repetition', async () => {
  const image = terminal.image('image', 20);
  const killed = terminal.start('seed', image, '--workers', '1', '--rate', '20', '--verify', 'full');
  await terminal.called('GetSnapshotBlock', 5);
  killed.kill('SIGKILL');
  await killed.ended;

  const again = await terminal.run('seed', image, '--verify', 'full');
  expect(again.code).toBe(0);
  expect(terminal.snapshots()).toEqual([{ id: lastLine(again), state: 'completed' }]);
  expect(terminal.calls('PutSnapshotBlock')).toBe(20);
});

test('a service that gives other bytes back than it was given: exit 4, and nothing is left', async () => {
  await terminal.close();
  terminal = await Terminal.open({ snapshotQuotas: {}, accountQuotas: {}, corruptBlocks: [3] });

  const ended = await terminal.run('seed', terminal.image('image', 5), '--verify', 'full', '--json');

  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain('block 3');
  expect(JSON.parse(ended.stdout)).toMatchObject({ exitCode: 4 });
  expect(terminal.snapshots()).toEqual([]);
  expect(journals()).toEqual([]);
});

test('a refused block is fatal at once: exit 1, and nothing is left', async () => {
  terminal.services.control.injectFault({
    service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', times: 1_000, error: { status: 403, type: 'AccessDeniedException', message: 'not allowed' },
  });

  const ended = await terminal.run('seed', terminal.image('image', 50));

  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('not allowed');
  expect(terminal.snapshots()).toEqual([]);
  expect(journals()).toEqual([]);
});

test('an unfinished seed of an image that was changed since is refused; --restart deletes its snapshot and begins again', async () => {
  const image = terminal.image('image', 60);
  const stopped = terminal.start('seed', image, '--rate', '20', '--workers', '2');
  await terminal.called('PutSnapshotBlock', 10);
  stopped.kill('SIGINT');
  await stopped.ended;
  const [{ id }] = terminal.snapshots();
  appendFileSync(image, 'more');

  const refused = await terminal.run('seed', image);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('--restart');

  const restarted = await terminal.run('seed', image, '--restart');
  expect(restarted.code).toBe(0);
  expect(lastLine(restarted)).not.toBe(id);
  expect(terminal.snapshots()).toEqual([{ id: lastLine(restarted), state: 'completed' }]);
});

test('an unfinished seed with other options is refused by their name', async () => {
  const image = terminal.image('image', 60);
  const stopped = terminal.start('seed', image, '--rate', '20', '--workers', '2');
  await terminal.called('PutSnapshotBlock', 10);
  stopped.kill('SIGINT');
  await stopped.ended;

  const refused = await terminal.run('seed', image, '--description', 'another');
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('--description');
});

test('a source that is written to during the run fails it, and nothing is left', async () => {
  const image = terminal.image('image', 60);
  const running = terminal.start('seed', image, '--rate', '30', '--workers', '2');
  await terminal.called('PutSnapshotBlock', 10);
  appendFileSync(image, 'more');

  const ended = await running.ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('was written to while it was being read');
  expect(terminal.snapshots()).toEqual([]);
});

test('a second command on the same image is refused while the first one runs', async () => {
  const image = terminal.image('image', 60);
  terminal.start('seed', image, '--rate', '10', '--workers', '2');
  await terminal.called('PutSnapshotBlock', 2);

  const second = await terminal.run('seed', image);
  expect(second.code).toBe(3);
  expect(second.stderr).toContain('is working on this image');
});

test('a delta puts only what differs from the parent, zeros over old data included', async () => {
  const parent = lastLine(await terminal.run('seed', terminal.image('old', 10)));
  const image = terminal.image('new', 8, { zeros: [3] });
  const before = terminal.calls('PutSnapshotBlock');

  const ended = await terminal.run('seed', image, '--parent', parent, '--verify', 'full');

  expect(ended.code).toBe(0);
  expect(terminal.calls('PutSnapshotBlock') - before).toBe(3);
  expect((await terminal.run('verify', lastLine(ended), image)).code).toBe(0);
  expect(await readsBackAs(lastLine(ended), image)).toBe(true);
});

test('a parent that was not seeded from here is read first', async () => {
  const parent = lastLine(await terminal.run('seed', terminal.image('old', 10), '--journal', terminal.path('elsewhere')));
  const before = terminal.calls('PutSnapshotBlock');

  const ended = await terminal.run('seed', terminal.image('new', 10, { zeros: [9] }), '--parent', parent);

  expect(ended.code).toBe(0);
  expect(ended.stderr).toContain('its blocks are read');
  expect(terminal.calls('PutSnapshotBlock') - before).toBe(1);
});

test('digests are kept for deltas until their snapshot is gone', async () => {
  const image = terminal.image('image', 2);
  const first = lastLine(await terminal.run('seed', image));
  const second = lastLine(await terminal.run('seed', image));
  const client = new EC2Client({ endpoint: terminal.services.endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  await client.send(new DeleteSnapshotCommand({ SnapshotId: first }));
  client.destroy();

  const third = lastLine(await terminal.run('seed', image));
  const kept = readdirSync(terminal.path('state/cdk-storage-gateway/snapshots'), { recursive: true }).filter((name) => String(name).endsWith('.digests'));
  expect(kept.map((name) => String(name).replace(/^.*\/|\.digests$/g, '')).sort()).toEqual([second, third].sort());
});

test('gzip is unpacked on the way', async () => {
  const image = terminal.image('image', 4, { extraBytes: 100 });
  writeFileSync(terminal.path('image.gz'), gzipSync(readFileSync(image)));

  const ended = await terminal.run('seed', terminal.path('image.gz'));
  expect(ended.code).toBe(0);
  expect((await terminal.run('verify', lastLine(ended), image)).code).toBe(0);
  expect(terminal.calls('PutSnapshotBlock')).toBe(5);
});

test('an object is seeded in the version that was current at the beginning, and goes on after a stop', async () => {
  const service = new S3Service({ directory: terminal.path('buckets') });
  await service.createBucket('images', { region: 'eu-west-1' });
  const objects = await serve((request, response) => service.handle(request, response));
  terminal.environment.AWS_ENDPOINT_URL_S3 = objects.endpoint;
  const client = new S3Client({ endpoint: objects.endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' }, forcePathStyle: true });
  try {
    const image = terminal.image('image', 60, { extraBytes: 5 });
    await client.send(new PutObjectCommand({ Bucket: 'images', Key: 'disks/image', Body: readFileSync(image) }));
    const stopped = terminal.start('seed', 's3://images/disks/image', '--rate', '30', '--workers', '4');
    await terminal.called('PutSnapshotBlock', 20);
    stopped.kill('SIGKILL');
    await stopped.ended;

    const ended = await terminal.run('seed', 's3://images/disks/image');
    expect(ended.stderr).toContain('going on');
    expect(terminal.snapshots()).toEqual([{ id: lastLine(ended), state: 'completed' }]);
    expect((await terminal.run('verify', lastLine(ended), image)).code).toBe(0);
  } finally {
    client.destroy();
    await objects.close();
  }
});

test('zstd is unpacked on the way', async () => {
  const image = terminal.path('image');
  writeFileSync(image, Buffer.alloc(2 * BLOCK_SIZE, 'x'));
  // One segment with its size, then blocks of 128 KiB that repeat one byte.
  const blocks = Array.from({ length: 8 }, (_, index) => {
    const head = Buffer.alloc(4, 'x');
    head.writeUIntLE(131_072 * 8 + 2 + (index === 7 ? 1 : 0), 0, 3);
    return head;
  });
  const size = Buffer.alloc(4);
  size.writeUInt32LE(2 * BLOCK_SIZE);
  writeFileSync(terminal.path('image.zst'), Buffer.concat([Buffer.from('28b52ffda0', 'hex'), size, ...blocks]));

  const ended = await terminal.run('seed', terminal.path('image.zst'));
  expect(ended.stderr).toContain('unpacking it once to count');
  expect((await terminal.run('verify', lastLine(ended), image)).code).toBe(0);
});

test('credentials that expire in the middle end in exit 5, and new ones go on', async () => {
  const image = terminal.image('image', 10);
  terminal.services.control.injectFault({
    service: 'ebs', operation: 'PutSnapshotBlock', when: 'before', nth: 5, times: 64, error: { status: 403, type: 'ExpiredTokenException', message: 'expired' },
  });
  const stopped = await terminal.run('seed', image, '--workers', '1', '--json');
  expect(stopped.code).toBe(5);
  const [{ id, state }] = terminal.snapshots();
  expect(state).toBe('pending');
  expect(JSON.parse(stopped.stdout)).toMatchObject({ snapshotId: id, exitCode: 5 });
  terminal.services.control.clearFaults();

  expect(lastLine(await terminal.run('seed', image))).toBe(id);
});

test('standard input needs a volume size, and is written as far as it goes', async () => {
  const image = terminal.image('image', 3, { extraBytes: 7 });
  expect((await terminal.run('seed', '-')).code).toBe(2);

  const child = terminal.start('seed', '-', '--volume-size', '1');
  child.stdin?.end(readFileSync(image));
  const ended = await child.ended;
  expect(ended.code).toBe(0);
  expect(terminal.calls('PutSnapshotBlock')).toBe(4);
  expect(await readsBackAs(lastLine(ended), image)).toBe(true);
});

test('zeros are not left out of what will be encrypted', async () => {
  const key = 'arn:aws:kms:eu-west-1:000000000000:key/00000000-0000-0000-0000-000000000000';
  const image = terminal.image('image', 2);

  const refused = await terminal.run('seed', image, '--zero-blocks', 'omit', '--kms-key', key);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('--zero-blocks omit is refused')]);

  const parent = lastLine(await terminal.run('seed', image, '--kms-key', key));
  expect((await terminal.run('seed', image, '--zero-blocks', 'omit', '--parent', parent)).code).toBe(3);
});

test('zeros are not left out where the account encrypts by default, and an unencrypted parent is refused before anything is started', async () => {
  const image = terminal.image('image', 2);
  const parent = lastLine(await terminal.run('seed', image));
  const client = new EC2Client({ endpoint: terminal.services.endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  await client.send(new EnableEbsEncryptionByDefaultCommand({}));
  client.destroy();
  const started = terminal.calls('StartSnapshot');

  const refused = await terminal.run('seed', image, '--zero-blocks', 'omit');
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('encryption by default')]);
  expect((await terminal.run('seed', image, '--parent', parent)).code).toBe(3);
  expect(terminal.calls('StartSnapshot')).toBe(started);

  const written = await terminal.run('seed', image);
  expect([written.code, written.stderr]).toEqual([0, expect.stringContaining('encryption: because of the account\'s encryption by default')]);
});

test('a question of the preflight that is refused is not checked, and no reason to stop', async () => {
  terminal.services.control.injectFault({
    service: 'ec2', operation: 'GetEbsEncryptionByDefault', when: 'before', times: 9, error: { status: 403, type: 'UnauthorizedOperation', message: 'no' },
  });

  const ended = await terminal.run('seed', terminal.image('image', 1));
  expect(ended.code).toBe(0);
  expect(ended.stderr).toContain('encryption by default: not checked');
});

test('a dry run counts, and starts nothing', async () => {
  const ended = await terminal.run('seed', terminal.image('image', 10, { zeros: [1, 2, 3] }), '--zero-blocks', 'omit', '--dry-run', '--json', '--price', 'put=1');

  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({ dryRun: true, blocks: 10, zeroBlocks: 3, puts: 7 });
  expect(terminal.calls('StartSnapshot')).toBe(0);
});

test.each([
  ['an image that is not there', ['seed', '/nowhere']],
  ['a snapshot that is not there', ['read', 'snap-0123456789abcdef0', '/nowhere/file']],
])('%s is refused before anything is started', async (_, args) => {
  expect((await terminal.run(...args)).code).toBe(3);
  expect(terminal.calls('StartSnapshot')).toBe(0);
});

test('an image of another format is refused with the command that converts it', async () => {
  writeFileSync(terminal.path('image'), Buffer.concat([Buffer.from('514649fb', 'hex'), Buffer.alloc(BLOCK_SIZE)]));

  const ended = await terminal.run('seed', terminal.path('image'));
  expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining('qemu-img convert')]);
});

test.each([
  ['a command', ['sow']], ['an image', ['seed']], ['an option', ['seed', 'x', '--fast']], ['a number', ['seed', 'x', '--rate', 'all']],
  ['a snapshot', ['verify', 'vol-1', 'x']], ['two contradicting options', ['seed', 'x', '--no-wait', '--verify', 'full']],
])('usage is checked first: %s', async (_, args) => {
  expect((await terminal.run(...args)).code).toBe(2);
});

test('verify names the blocks that differ, and exits with 4', async () => {
  const snapshotId = lastLine(await terminal.run('seed', terminal.image('one', 6)));
  const other = terminal.image('other', 6, { zeros: [4] });

  const ended = await terminal.run('verify', snapshotId, other, '--json');
  expect(ended.code).toBe(4);
  expect(JSON.parse(ended.stdout)).toMatchObject({ equal: false, differingBlocks: 1, firstDifferingBlocks: [4] });
});

test('reading goes on where it was killed', async () => {
  const image = terminal.image('image', 60);
  const snapshotId = lastLine(await terminal.run('seed', image));
  const file = terminal.path('copy');
  const before = terminal.calls('GetSnapshotBlock');
  const killed = terminal.start('read', snapshotId, file, '--rate', '30', '--workers', '2');
  await terminal.called('GetSnapshotBlock', before + 30);
  killed.kill('SIGKILL');
  await killed.ended;
  expect(existsSync(file)).toBe(false);

  expect((await terminal.run('read', snapshotId, file)).code).toBe(0);
  expect(readFileSync(file).subarray(0, statSync(image).size).equals(readFileSync(image))).toBe(true);
  expect(terminal.calls('GetSnapshotBlock') - before).toBeLessThanOrEqual(60 + 16);
});
