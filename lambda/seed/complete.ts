import type { AwaitTask, CompleteTask, Completion } from './execution';
import type { Worker } from './worker';
import { completed, sealSnapshot } from '../../seed/completion';
import { isValidationError } from '../../seed/condition';
import { linearChecksum, MemoryJournal } from '../../seed/journal';
import { OperationError } from '../../seed/retrier';

/** Milliseconds in which a snapshot that an earlier worker may have sealed, without living to say so, is expected to complete. */
const SEALED_GRACE = 300_000;

/** Seals the snapshot, after all blocks were decided on, and keeps its digests for later ones. */
export async function complete({ plan: { snapshot, shards } }: CompleteTask, worker: Worker): Promise<Completion> {
  await worker.watch.assertWanted();
  worker.retrier.snapshotIsNew(snapshot.startedAt);
  const journal = new MemoryJournal(snapshot.blockCount);
  await worker.journals.load(shards, journal);
  for (let index = 0; index < snapshot.blockCount; index++) {
    if (!journal.has(index)) {
      throw new Error(`the journal does not know what became of block ${index}, although its worker said that it was done`);
    }
  }
  // Before the seal, so that a snapshot that is complete has them.
  await worker.digests.save(snapshot.snapshotId, journal);
  const completion = worker.sharing(snapshot);
  try {
    await sealSnapshot(completion, journal);
  } catch (error) {
    const mayBeSealed = error instanceof OperationError && isValidationError(error.cause);
    if (!(mayBeSealed && await completed(completion, worker.clock.now() + SEALED_GRACE))) {
      throw error;
    }
  }
  return { blocksWritten: journal.blocksWritten, blocksInherited: journal.blocksInherited, checksum: linearChecksum(journal) };
}

/** Ends when the snapshot is completed, or fails when the time is up; then another worker goes on waiting. */
export async function awaitCompletion({ snapshot }: AwaitTask, worker: Worker): Promise<void> {
  await worker.watch.assertWanted();
  await completed(worker.sharing(snapshot));
}
