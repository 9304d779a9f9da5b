import * as fs from 'node:fs';
import * as path from 'node:path';
import { RemovalPolicy } from 'aws-cdk-lib';
import { pausing, Stage } from './stage';
import { SeedSource, SnapshotSeed, type SnapshotSeedProps } from '../../src';

const MIB = 2 ** 20;

// Whoever deletes a seed that was stopped waits until its workers must have noticed.
jest.setTimeout(180_000);

let stage: Stage;
beforeEach(async () => { stage = await Stage.open(); });
afterEach(() => stage.close());

test('a seed whose workers are killed in the middle ends in one complete snapshot', async () => {
  const cdk = seedApp('KilledWorkers', { source: image('image.img', 384, 'contents') });

  const { ended } = cdk.start('deploy', '--require-approval', 'never');
  await pausing(20, async () => (await stage.snapshots()).some((snapshot) => snapshot.State === 'pending'));
  await stage.cloud.killFunctions('Seed');

  const { code, output } = await ended;
  expect([code, output]).toEqual([0, expect.anything()]);
  expect((await stage.snapshots()).map((snapshot) => snapshot.State)).toEqual(['completed']);
  expect((await stage.journalObjects('KilledWorkers')).filter((key) => !key.startsWith('digests/'))).toEqual([]);
});

test('an update that is cancelled in the middle of a seed leaves the former snapshot, and nothing of the new one', async () => {
  const former = image('former.img', 2, 'former');
  await seedApp('Cancelled', { source: former, removalPolicy: RemovalPolicy.DESTROY }).deploy();
  const [{ SnapshotId: formerId }] = await stage.snapshots();
  const objects = await stage.journalObjects('Cancelled');

  const slow = seedApp('Cancelled', { source: image('latter.img', 256, 'latter'), maxPutsPerSecond: 20, removalPolicy: RemovalPolicy.DESTROY });
  const { ended } = slow.start('deploy', '--require-approval', 'never');
  await pausing(20, async () => (await stage.snapshots()).some((snapshot) => snapshot.State === 'pending'));
  await stage.cancelUpdate('Cancelled');
  await ended;

  expect(await stage.restOf('Cancelled')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect((await stage.snapshots()).map(({ SnapshotId, State }) => [SnapshotId, State])).toEqual([[formerId, 'completed']]);
  expect(await stage.runningExecutions('Cancelled')).toEqual([]);
  expect(await stage.journalObjects('Cancelled')).toEqual(objects);
});

test('a seed that cannot be verified fails with the reason, and leaves no snapshot, no journal and no bucket', async () => {
  const error = { status: 400, type: 'ValidationException', message: 'the block token is of another day' };
  await stage.cloud.injectFault({ service: 'ebs', operation: 'GetSnapshotBlock', when: 'before', times: 100, error });

  const { code, output } = await seedApp('Unverified', { source: image('image.img', 2, 'contents') }).start('deploy', '--require-approval', 'never').ended;

  expect([code, output]).toEqual([1, expect.stringContaining(error.message)]);
  expect(await stage.restOf('Unverified')).toBe('ROLLBACK_COMPLETE');
  expect(await stage.snapshots()).toEqual([]);
  expect(await stage.resources('Unverified', 'AWS::S3::Bucket')).toEqual([]);
});

function seedApp(stackName: string, props: SnapshotSeedProps) {
  return stage.cdk(stackName, (stack) => { new SnapshotSeed(stack, 'Seed', props); });
}

/** An image without a block of zeros. */
function image(name: string, mebibytes: number, contents: string): SeedSource {
  const file = path.join(stage.directory, name);
  fs.writeFileSync(file, Buffer.alloc(mebibytes * MIB, contents));
  return SeedSource.fromAsset(file);
}
