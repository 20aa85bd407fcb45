import type { RegionSensitivity, SensitivityCurve } from '../sensitivity/sensitivity.ts';
import { type Html, html, percent } from './html.ts';

const wide = 720;

export interface ScoreMarks {
  median: number;
  warn: number;
  fail: number;
  units: string;
}

/** How the good pictures scored, with the limits as lines: bars up to the warn limit, between the two, above fail. */
export function histogram(scores: readonly number[], { median, warn, fail, units }: ScoreMarks): Html {
  const tall = 250;
  const box = { left: 44, right: 16, top: 40, bottom: 44 };
  const low = Math.min(...scores, 0);
  const high = Math.max(...scores, fail) * 1.04;
  const ticks = roundTicks(low, high, 8);
  const step = (ticks[1] - ticks[0]) / 5;
  const from = Math.floor(low / step) * step;
  const bins = Math.max(1, Math.ceil((high - from) / step));
  const x = (value: number) => box.left + ((value - from) / (bins * step)) * (wide - box.left - box.right);
  // Each bin counts apart what lies in which zone, so that a limit within a bin colours it truly.
  const counts = Array.from({ length: bins }, () => [0, 0, 0]);
  for (const score of scores) {
    const bin = Math.min(bins - 1, Math.floor((score - from) / step));
    counts[bin][score > fail ? 2 : score > warn ? 1 : 0] += 1;
  }
  const most = Math.max(...counts.map((zones) => zones[0] + zones[1] + zones[2]));
  const heights = roundTicks(0, most, 4).filter(Number.isInteger);
  const y = (count: number) => tall - box.bottom - (count / Math.max(most, 1)) * (tall - box.top - box.bottom);
  const bars = counts.flatMap((zones, bin) => {
    let below = 0;
    return zones.map((count, zone) => {
      if (count === 0) return null;
      const bottom = y(below);
      below += count;
      const width = Math.max(1, x(from + (bin + 1) * step) - x(from + bin * step) - 1);
      return html`<rect class="zone-${['pass', 'warn', 'fail'][zone]}" x="${fixed(x(from + bin * step))}" y="${fixed(y(below))}" width="${fixed(width)}" height="${fixed(bottom - y(below))}"/>`;
    });
  });
  const [above, between] = [
    scores.filter((score) => score > fail).length,
    scores.filter((score) => score > warn && score <= fail).length,
  ];
  const said = `Scores of ${scores.length} good pictures: median ${median.toFixed(2)}, ${between} between warn ${warn.toFixed(2)} and fail ${fail.toFixed(2)}, ${above} above fail; ${units}.`;
  // Close together, the two labels stand on both sides of their lines.
  const line = (
    kind: 'warn' | 'fail',
    value: number,
  ) => html`<line class="limit-${kind}" x1="${fixed(x(value))}" x2="${fixed(x(value))}" y1="${box.top - 8}" y2="${tall - box.bottom}"/>
    <text class="limit-${kind}" x="${fixed(x(value) + (kind === 'warn' ? -5 : 5))}" y="${box.top - 12}" text-anchor="${kind === 'warn' ? 'end' : fail > from + bins * step * 0.85 ? 'end' : 'start'}">${kind} ${value.toFixed(2)}</text>`;
  return html`<svg class="chart" viewBox="0 0 ${wide} ${tall}" role="img" aria-label="${said}">
    ${heights.map((count) => html`<line class="grid" x1="${box.left}" x2="${wide - box.right}" y1="${fixed(y(count))}" y2="${fixed(y(count))}"/><text class="tick" x="${box.left - 8}" y="${fixed(y(count) + 4)}" text-anchor="end">${count}</text>`)}
    ${bars}
    <line class="axis" x1="${box.left}" x2="${wide - box.right}" y1="${tall - box.bottom}" y2="${tall - box.bottom}"/>
    ${ticks.map((value) => html`<text class="tick" x="${fixed(x(value))}" y="${tall - box.bottom + 18}" text-anchor="middle">${trim(value)}</text>`)}
    <text class="title" x="${wide - box.right}" y="${tall - 6}" text-anchor="end">score (${units})</text>
    <text class="title" x="${box.left - 32}" y="14">good pictures</text>
    ${line('warn', warn)}${line('fail', fail)}
  </svg>`;
}

export const kindWords: Record<SensitivityCurve['kind'], string> = {
  mixed: 'all kinds',
  'cut-paste': 'misplaced piece',
  scratch: 'scratch',
  blob: 'blob',
  smear: 'smear',
  missing: 'missing material',
};

/** One row for each kind and contrast, one cell for each size: the share of drawn defects that was found. */
export function sightChart({ name, curves }: RegionSensitivity): Html {
  const rows = curves.filter(({ trials }) => trials > 0).toSorted((a, b) => b.contrast - a.contrast);
  const sizes = [...new Set(rows.flatMap(({ points }) => points.map((point) => point.pixels)))].sort((a, b) => a - b);
  const left = 170;
  const cell = Math.min(62, (wide - left - 8) / Math.max(1, sizes.length));
  const high = 30;
  const top = 22;
  const tall = top + rows.length * (high + 6) + 44;
  const said = `Share of drawn defects found in ${name} by size: ${rows.map(sentence).join('; ')}.`;
  return html`<svg class="chart sight" viewBox="0 0 ${wide} ${tall}" role="img" aria-label="${said}">
    <text class="title" x="${left}" y="12">share found above the fail limit; framed: from here on at least 95 %</text>
    ${rows.map((curve, row) => {
      const y = top + row * (high + 6);
      return html`<text class="row" x="${left - 10}" y="${y + 13}" text-anchor="end">${kindWords[curve.kind]}</text>
      <text class="tick" x="${left - 10}" y="${y + 27}" text-anchor="end">contrast ${curve.contrast}</text>
      ${sizes.map((size, column) => sightCell(curve, size, left + column * cell, y, cell, high))}`;
    })}
    ${sizes.map((size, column) => html`<text class="tick" x="${fixed(left + (column + 0.5) * cell)}" y="${tall - 28}" text-anchor="middle">${pixels(size)}</text>`)}
    <text class="title" x="${left}" y="${tall - 8}">longest extent of the defect, pixels of the model’s input</text>
  </svg>`;
}

function sightCell(curve: SensitivityCurve, size: number, x: number, y: number, width: number, height: number): Html {
  const point = curve.points.find((each) => each.pixels === size);
  const box = html`x="${fixed(x + 1)}" y="${y}" width="${fixed(width - 2)}" height="${height}" rx="4"`;
  if (!point || curve.trials === 0) return html`<rect class="untried" ${box}/>`;
  const share = point.failed / curve.trials;
  const first = curve.smallest.fail?.pixels === size;
  const about = `${pixels(size)} px: ${point.failed} of ${curve.trials} above fail, ${point.warned} above warn`;
  const shade = share >= 0.95 ? 'all' : share >= 0.5 ? 'most' : share > 0 ? 'some' : 'none';
  return html`<g><title>${about}</title><rect class="seen-${shade}${first ? ' first' : ''}" ${box}/><text class="on-${shade}" x="${fixed(x + width / 2)}" y="${y + 19}" text-anchor="middle">${Math.round(share * 100)}</text></g>`;
}

function sentence({ kind, contrast, smallest, points, trials }: SensitivityCurve): string {
  const what = `${kindWords[kind]} of contrast ${contrast}`;
  if (smallest.fail) return `${what} from ${pixels(smallest.fail.pixels)} pixels on`;
  const best = points.at(-1);
  return `${what} at no size tried${best ? `, ${percent(best.failed / trials)} at ${pixels(best.pixels)} pixels` : ''}`;
}

/** About `wanted` round numbers that span the range. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  const span = Math.max(high - low, 1e-9);
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return ticks.length > 1 ? ticks : [first * step, (first + 1) * step];
}

const fixed = (value: number) => value.toFixed(1);
/** As many digits as say something. */
export const trim = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
/** A length in pixels: halves of a pixel say nothing from ten on. */
export const pixels = (value: number): string => (value >= 9.95 ? value.toFixed(0) : value.toFixed(1));
