import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { outcomeTag, type FinishTask, type SeedOutput } from './execution';
import type { Worker } from './worker';
import { clientConfiguration, withoutRetries } from '../../seed/sdk-client';

/** Writes the outcome on the snapshot, and leaves nothing but it and its digests. */
export async function finish({ seed, plan, completion }: FinishTask, worker: Worker): Promise<SeedOutput> {
  const { blocksWritten, checksum } = completion;
  const seconds = (worker.clock.now() - plan.beganAt) / 1_000;
  const output = { snapshotId: plan.snapshot.snapshotId, volumeSize: seed.volumeSize, blocksWritten, checksum, seconds };
  await keep(output, worker);
  await worker.journals.remove();
  return output;
}

async function keep(output: SeedOutput, { retrier, signal }: Worker): Promise<void> {
  const ec2 = withoutRetries(new EC2Client(clientConfiguration(1)));
  const command = new CreateTagsCommand({ Resources: [output.snapshotId], Tags: [outcomeTag(output)] });
  try {
    await retrier.run('CreateTags', () => ec2.send(command), { signal });
  } finally {
    ec2.destroy();
  }
}
