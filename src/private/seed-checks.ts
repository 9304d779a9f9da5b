import { SizeRoundingBehavior, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DEFAULT_WORKERS, MAX_PUTS_PER_SECOND, MAX_WORKERS, refuseSeed } from './seed-estimate';
import { check, checkText, checkWhole } from './validate';
import type { SnapshotSeedProps } from '../snapshot-seed';
import { ZeroBlocks } from '../zero-blocks';

const MAX_VOLUME_SIZE_IN_GIB = 65_536;
const GIB = 2 ** 30;
const BLOCK = 2 ** 19;

/** EBS takes fifty tags; three are ours: owner, request, and what came of the seed. */
const MAX_TAGS = 47;
const MAX_TAG_KEY = 127;
const MAX_TAG_VALUE = 255;

const SNAPSHOT_SEED = Symbol.for('cdk-storage-gateway.SnapshotSeed');

/** Tells a seed from an imported snapshot, also where two copies of the library are at work. */
export function markSeed(seed: Construct): void {
  Object.defineProperty(seed, SNAPSHOT_SEED, { value: true });
}

/** Fails for what cannot become a snapshot. */
export function checkSeed(scope: Construct, props: SnapshotSeedProps): void {
  checkSizes(props);
  checkText('description', props.description, 0, 255);
  checkParent(scope, props);
  checkEncryption(props);
}

function checkSizes({ source, volumeSize, zeroBlocks, parent, verify, maxPutsPerSecond, workers, waitForCompletion }: SnapshotSeedProps): void {
  const size = volumeSize?.isUnresolved() ? undefined : volumeSize?.toGibibytes({ rounding: SizeRoundingBehavior.NONE });
  checkWhole('volumeSize', size, 1, MAX_VOLUME_SIZE_IN_GIB, ' GiB');
  checkWhole('maxPutsPerSecond', maxPutsPerSecond, 1, MAX_PUTS_PER_SECOND);
  checkWhole('workers', workers, 1, MAX_WORKERS);
  const imageSize = source._size;
  if (imageSize === undefined) {
    return; // the handler asks S3
  }
  check('volumeSize', size, (value) => value * GIB >= imageSize, `at least ${Math.ceil(imageSize / GIB)} GiB, the size of the image`);
  const refusal = refuseSeed({
    blockCount: Math.ceil(imageSize / BLOCK),
    sparing: zeroBlocks === ZeroBlocks.OMIT ? 'zeros' : parent && 'parent',
    verify,
    // What only the deployment knows is taken for as fast as can be: the handler looks again.
    maxPutsPerSecond: Token.isUnresolved(maxPutsPerSecond) ? MAX_PUTS_PER_SECOND : maxPutsPerSecond,
    workers: Token.isUnresolved(workers) ? DEFAULT_WORKERS : workers,
    waitForCompletion,
  });
  if (refusal !== undefined) {
    throw new Error(`the image of 'source' ${refusal}`);
  }
}

/** Only of seeds of its own stack are the digests at hand, without which nobody can tell what differs. */
function checkParent(scope: Construct, { parent }: SnapshotSeedProps): void {
  if (parent === undefined || (SNAPSHOT_SEED in parent && Stack.of(parent) === Stack.of(scope))) {
    return;
  }
  const ways = 'seed the image without it, or in a terminal (npx cdk-storage-gateway seed IMAGE --parent SNAPSHOT) and name it by SnapshotSeed.fromSnapshotId';
  throw new Error(`'parent' must be a SnapshotSeed of the same stack, whose digests are kept there, got ${JSON.stringify(parent.node.path)}: ${ways}`);
}

function checkEncryption({ encryptionKey, parent, zeroBlocks }: SnapshotSeedProps): void {
  if (encryptionKey !== undefined && parent !== undefined) {
    throw new Error('\'encryptionKey\' and \'parent\' cannot both be given: what starts from a parent is encrypted as that is');
  }
  if (encryptionKey !== undefined && zeroBlocks === ZeroBlocks.OMIT) {
    throw new Error('\'zeroBlocks\' must be WRITE with \'encryptionKey\', got "OMIT": what an encrypted snapshot lacks does not read as zeros');
  }
}

/** What is wrong with the tags: the direct APIs are narrower than other services. */
export function seedTagErrors(tags: { [key: string]: string }): string[] {
  const errors = Object.entries(tags).flatMap(([key, value]) => [
    ...key.length > MAX_TAG_KEY ? [`tag key ${JSON.stringify(key)} of a snapshot seed must have at most ${MAX_TAG_KEY} characters, got ${key.length}`] : [],
    ...value.length > MAX_TAG_VALUE ? [`tag ${JSON.stringify(key)} of a snapshot seed must have a value of at most ${MAX_TAG_VALUE} characters, got ${value.length}`] : [],
  ]);
  const count = Object.keys(tags).length;
  return count > MAX_TAGS ? [...errors, `at most ${MAX_TAGS} tags of a snapshot seed are allowed (three more are this library's own), got ${count}`] : errors;
}
