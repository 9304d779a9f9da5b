import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../../local/services/state/journal';
import { State } from '../../../local/services/state/state';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cdk-storage-gateway-test-'));
  file = join(directory, 'state.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (growth?: number) => new State(new Journal(file, growth));

test('what was committed is there again, what was not is not', () => {
  const state = open();
  const things = state.region('eu-west-1').collection<{ size: number }>('things');
  things.put('a', { size: 1 });
  things.put('b', { size: 2 });
  things.delete('a');
  state.commit();
  things.put('c', { size: 3 });

  expect(open().region('eu-west-1').collection('things').entries()).toEqual([['b', { size: 2 }]]);
  expect(open().region('us-east-1').collection('things').entries()).toEqual([]);
});

test('a commit that was cut off never happened, and the next ones are not harmed by it', () => {
  const state = open();
  state.collection('things').put('a', 1);
  state.commit();
  appendFileSync(file, '[["things","b",2],["thi');
  const second = open();
  second.collection('things').put('c', 3);
  second.commit();

  expect(open().collection('things').entries()).toEqual([['a', 1], ['c', 3]]);
});

test('whoever only looks at the journal does not take it away from whoever writes it', () => {
  const state = open();
  state.collection('things').put('a', 1);
  state.commit();
  open().close();
  state.collection('things').put('b', 2);
  state.commit();

  expect(open().collection('things').entries()).toEqual([['a', 1], ['b', 2]]);
});

test('a long history is replaced by what it led to', () => {
  const state = open(10_000);
  for (let value = 0; value < 1000; value += 1) {
    state.collection('things').put('a', value);
    state.commit();
  }

  expect(readFileSync(file, 'utf8').length).toBeLessThan(20_000);
  expect(open(100).collection('things').entries()).toEqual([['a', 999]]);
  expect(readFileSync(file, 'utf8')).toBe('[["things","a",999]]\n');
});
