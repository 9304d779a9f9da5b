import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { digestOf } from '../../seed/block';
import { FileJournal } from '../../seed/file-journal';
import { linearChecksum, MemoryJournal } from '../../seed/journal';

const BLOCKS = 40;
const digest = (index: number) => digestOf(Buffer.from(String(index)));

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-test-'));
  path = join(directory, 'digests');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function written(indices: readonly number[]): void {
  rmSync(path, { force: true });
  const journal = FileJournal.open(path, BLOCKS);
  indices.forEach((index) => journal.record(index, digest(index)));
  journal.close();
}

test('what was recorded is there again, in any order, with the same aggregate checksum', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(BLOCKS - 1)), (indices) => {
    written(indices);
    const memory = new MemoryJournal(BLOCKS);
    indices.forEach((index) => memory.record(index, digest(index)));

    const journal = FileJournal.open(path, BLOCKS);
    expect([...journal.indices()]).toEqual([...indices].sort((a, b) => a - b));
    expect(linearChecksum(journal)).toBe(linearChecksum(memory));
    journal.close();
  }));
});

test('cut off at any byte, it holds the records before, and goes on behind them', () => {
  const indices = [5, 3, 9, 1];
  written(indices);
  const whole = readFileSync(path);
  const recordSize = whole.length / indices.length;
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole);
    truncateSync(path, length);

    const journal = FileJournal.open(path, BLOCKS);
    const kept = indices.slice(0, Math.floor(length / recordSize));
    expect([...journal.indices()]).toEqual([...kept].sort((a, b) => a - b));
    journal.record(20, digest(20));
    journal.close();

    const again = FileJournal.open(path, BLOCKS);
    expect([...again.indices()]).toEqual([...kept, 20].sort((a, b) => a - b));
    again.close();
  }
});

test('what a crash of the machine leaves in the place of records is dropped', () => {
  written([5, 3]);
  const { size } = statSync(path);
  appendFileSync(path, Buffer.alloc(size));

  const journal = FileJournal.open(path, BLOCKS);
  expect([...journal.indices()]).toEqual([3, 5]);
  journal.close();
  expect(statSync(path).size).toBe(size);
});

test('inherited blocks are remembered as such, blocks left out are not written down', () => {
  const journal = FileJournal.open(path, BLOCKS);
  journal.record(1, digest(1), 'inherited');
  journal.record(2, digest(2), 'omitted');
  journal.close();

  const again = FileJournal.open(path, BLOCKS);
  expect([again.fate(1), again.fate(2), again.blocksInherited, again.blocksWritten]).toEqual(['inherited', undefined, 1, 0]);
  again.close();
});

test('the last index of the largest volume has its place', () => {
  const last = 2 ** 27 - 1;
  const journal = FileJournal.open(path, 2 ** 27);
  journal.record(last, digest(last), 'inherited');
  journal.record(last - 1, digest(7));
  journal.close();

  const again = FileJournal.open(path, 2 ** 27);
  expect([again.fate(last), again.digest(last), again.fate(last - 1)]).toEqual(['inherited', digest(last), 'written']);
  again.close();
});
