import { conditions, type Bench } from './bench';
import { GIBIBYTE, type Image } from './images';
import { measure } from './measured-process';
import type { Row } from './table';
import { medianOf } from '../median';

/** The same image as an object of S3, which the receiver serves too. */
export async function sourceRow(bench: Bench, image: Image): Promise<Row> {
  const object = { path: image.path, size: image.sizeInBytes };
  const more: number[] = [];
  const runs = [];
  for (let pair = 0; pair < Math.min(3, bench.pairs); pair++) {
    const file = await bench.run(bench.ours(image.path), {});
    const s3 = await bench.run(bench.ours('s3://images/image.raw'), { object });
    more.push((s3.cpuSeconds - file.cpuSeconds) * GIBIBYTE / image.sizeInBytes);
    runs.push(file, s3);
  }
  return { measure: 'S3 ranges as source: CPU-s per GiB above the file', value: medianOf(more), unit: 'CPU-s', target: 1, made: `${more.map((value) => value.toFixed(2)).join(', ')}; ${conditions(runs)}` };
}

/** The engine alone, with a source that makes its bytes up and a sink that forgets them. */
export async function growthRow(script: string, small: number, large: number): Promise<Row> {
  const peak = async (gibibytes: number) => (await measure({ file: process.execPath, args: [script, `${gibibytes}`] })).peakMiB;
  const from = await peak(small);
  const to = await peak(large);
  return {
    measure: `growth of peak RSS from ${small} to ${large} GiB`,
    value: to - from,
    unit: 'MiB',
    target: 15,
    made: `${from.toFixed(0)} to ${to.toFixed(0)} MiB, source and sink in the process; the digests alone are ${((large - small) / 16).toFixed(0)} MiB`,
  };
}
