import { parseArgs } from 'node:util';
import { readPrices, type Prices } from './estimate';
import { usageError } from './exit';
import { defaultDirectory } from './journal-directory';
import { oneOf, positionals, snapshotIdOf, tagOf, wholeNumber } from './options';
import { LARGEST_VOLUME } from '../seed/plan';
import type { Verification } from '../seed/verifier';
import type { ZeroBlocks } from '../seed/writer';

const WORKERS = 64;
const MOST_WORKERS = 1_024;
/** The service's limit is 50, one of which is ours. */
const MOST_TAGS = 49;

/** What was asked for on the command line. */
export interface SeedOrder {
  readonly image: string;
  readonly description?: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly volumeSize?: number;
  readonly kmsKeyArn?: string;
  readonly zeroBlocks: ZeroBlocks;
  readonly parentSnapshotId?: string;
  readonly verify: Verification;
  readonly wait: boolean;
  readonly workers: number;
  readonly requestsPerSecond?: number;
  readonly dryRun: boolean;
  readonly directory: string;
  readonly restart: boolean;
  readonly json: boolean;
  readonly prices: Prices;
}

export function readSeedOrder(args: string[]): SeedOrder {
  const { values, positionals: words } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'description': { type: 'string' },
      'tag': { type: 'string', multiple: true, default: [] },
      'volume-size': { type: 'string' },
      'kms-key': { type: 'string' },
      'zero-blocks': { type: 'string', default: 'write' },
      'parent': { type: 'string' },
      'verify': { type: 'string' },
      'no-wait': { type: 'boolean', default: false },
      'workers': { type: 'string' },
      'rate': { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      'journal': { type: 'string' },
      'restart': { type: 'boolean', default: false },
      'json': { type: 'boolean', default: false },
      'price': { type: 'string', multiple: true, default: [] },
    },
  });
  const [image] = positionals(words, 'IMAGE');
  const tags = values.tag.map(tagOf);
  const repeated = tags.find(({ Key }, index) => tags.findIndex((other) => other.Key === Key) < index);
  if (repeated || tags.length > MOST_TAGS) {
    throw usageError(repeated ? `--tag ${repeated.Key} is given twice` : `--tag can be given ${MOST_TAGS} times at most, got ${tags.length}`);
  }
  if (values['kms-key'] !== undefined && values.parent !== undefined) {
    throw usageError('--kms-key cannot be given together with --parent, whose encryption applies');
  }
  if (values['kms-key'] !== undefined && !/^arn:aws[a-z0-9-]*:kms:[^:]+:\d{12}:key\/.+$/.test(values['kms-key'])) {
    throw usageError(`--kms-key must be the ARN of a key, got ${JSON.stringify(values['kms-key'])}`);
  }
  if (values.description !== undefined && values.description.length > 255) {
    throw usageError(`--description must have at most 255 characters, got ${values.description.length}`);
  }
  const wait = !values['no-wait'];
  const verify = oneOf('verify', values.verify ?? (wait ? 'sample' : 'none'), ['none', 'sample', 'full']);
  if (!wait && verify !== 'none') {
    throw usageError(`--verify ${verify} needs the completed snapshot, so it cannot be given together with --no-wait`);
  }
  return {
    image,
    description: values.description,
    tags,
    volumeSize: wholeNumber('volume-size', values['volume-size'], 1, LARGEST_VOLUME),
    kmsKeyArn: values['kms-key'],
    zeroBlocks: oneOf('zero-blocks', values['zero-blocks'], ['write', 'omit']),
    parentSnapshotId: values.parent === undefined ? undefined : snapshotIdOf('--parent', values.parent),
    verify,
    wait,
    workers: wholeNumber('workers', values.workers, 1, MOST_WORKERS) ?? WORKERS,
    requestsPerSecond: wholeNumber('rate', values.rate, 1, 100_000),
    dryRun: values['dry-run'],
    directory: values.journal ?? defaultDirectory(),
    restart: values.restart,
    json: values.json,
    prices: readPrices(values.price),
  };
}
