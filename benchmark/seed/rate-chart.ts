import type { RateOverTime } from './limit-rows';

/** Puts that were accepted in each second, as an SVG picture; the limit is the dashed line. */
export async function rateChart(rates: readonly RateOverTime[], limit: number): Promise<string> {
  // Both are ES modules, which nothing here but a chart needs.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const values = rates.flatMap(({ name, storedPerTenth }) => perSecond(storedPerTenth).map((accepted, second) => ({ name, second, accepted })));
  const { spec } = compile({
    width: 680,
    height: 240,
    background: 'white',
    data: { values },
    layer: [
      {
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: {
          x: { field: 'second', type: 'quantitative', title: 'seconds' },
          y: { field: 'accepted', type: 'quantitative', title: 'puts accepted per second' },
          color: { field: 'name', type: 'nominal', title: null, sort: null, legend: { orient: 'top', labelLimit: 0 } },
        },
      },
      { mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { y: { datum: limit } } },
    ],
  });
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

/** The last second is left out: it was not a whole one. */
function perSecond(perTenth: readonly (number | null)[]): number[] {
  return Array.from({ length: Math.floor(perTenth.length / 10) }, (_, second) =>
    perTenth.slice(second * 10, (second + 1) * 10).reduce<number>((sum, count) => sum + (count ?? 0), 0));
}
