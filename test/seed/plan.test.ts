import fc from 'fast-check';
import { planSeed } from '../../seed/plan';

const GIB = 2 ** 30;

test('an image is as large as its volume, rounded up', () => {
  expect(planSeed({ sizeInBytes: 1 })).toEqual({ sizeInBytes: 1, volumeSize: 1, blockCount: 1, shards: [{ firstBlock: 0, blockCount: 1 }] });
  expect(planSeed({ sizeInBytes: GIB + 1 })).toMatchObject({ volumeSize: 2, blockCount: 2049 });
});

test('a volume can be larger than its image, up to 64 TiB', () => {
  expect(planSeed({ sizeInBytes: GIB, volumeSize: 65_536 })).toMatchObject({ volumeSize: 65_536, blockCount: 2048 });
  expect(planSeed({ sizeInBytes: 65_536 * GIB })).toMatchObject({ volumeSize: 65_536, blockCount: 134_217_728 });
});

test.each<[object, string]>([
  [{ sizeInBytes: 0 }, 'the image must have at least one byte, got 0'],
  [{ sizeInBytes: GIB + 1, volumeSize: 1 }, 'the image has 1073741825 bytes and needs a volume size of at least 2 GiB, got 1'],
  [{ sizeInBytes: 1, volumeSize: 65_537 }, 'the volume size must be 1 to 65536 GiB, got 65537'],
  [{ sizeInBytes: 1, volumeSize: 1.5 }, 'the volume size must be 1 to 65536 GiB, got 1.5'],
  [{ sizeInBytes: 65_536 * GIB + 1 }, 'the volume size must be 1 to 65536 GiB, got 65537'],
])('fails for %j', (options, message) => {
  expect(() => planSeed(options as Parameters<typeof planSeed>[0])).toThrow(message);
});

test('shards hold every block once, in order', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5_000 * 524_288 }), fc.integer({ min: 1, max: 700 }), (sizeInBytes, blocksPerShard) => {
    const { shards, blockCount } = planSeed({ sizeInBytes, blocksPerShard });
    let next = 0;
    for (const shard of shards) {
      expect(shard.firstBlock).toBe(next);
      expect(shard.blockCount).toBeGreaterThan(0);
      expect(shard.blockCount).toBeLessThanOrEqual(blocksPerShard);
      next += shard.blockCount;
    }
    expect(next).toBe(blockCount);
  }));
});
