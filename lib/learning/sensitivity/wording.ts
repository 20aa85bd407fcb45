import { percent } from '../limits/percent.ts';
import type { Size } from '../pictures/input-size.ts';
import type { SensitivityCurve } from './curve.ts';

/** Which pixels sizes are told in. */
export interface Ruler {
  /** Of the picture whose pixels are meant. */
  size: Size;
  name: string;
}

/** One sentence for a region: what is found from which size on, contrast by contrast, clear ones first. */
export function sentenceOf(name: string, curves: readonly SensitivityCurve[], ruler: Ruler): string {
  const contrasts = [...new Set(curves.map(({ contrast }) => contrast))].sort((a, b) => b - a);
  const parts = contrasts.map((contrast) => {
    const same = curves.filter((curve) => curve.contrast === contrast && curve.trials > 0);
    return `at contrast ${contrast} ${same.map((curve) => clause(curve, ruler)).join(', ')}`;
  });
  const capital = name[0].toUpperCase() + name.slice(1);
  return `${capital}: finds in 95 % of trials ${parts.join('; ')} (lengths in pixels of ${ruler.name}, contrast in grey levels).`;
}

function clause({ kind, trials, smallest, points }: SensitivityCurve, ruler: Ruler): string {
  const what = kind === 'mixed' ? 'drawn defects of mixed kinds' : nouns[kind];
  const { fail, warn } = smallest;
  const length = (share: number) => `${pixels(share, ruler)} px (${percent(share)} of the shorter side)`;
  if (fail) return `${what} from ${length(fail.size)} on (${fail.found} of ${trials} trials)`;
  const largest = points[points.length - 1];
  const atBest = `${largest.failed} of ${trials} at ${pixels(largest.size, ruler)} px`;
  const warned = warn ? `, warns from ${pixels(warn.size, ruler)} px on` : '';
  return `${what} at no size tried (${atBest}${warned})`;
}

const nouns = {
  'cut-paste': 'a misplaced piece',
  scratch: 'a scratch',
  blob: 'a blob',
  smear: 'a smear',
  missing: 'missing material',
} as const;

function pixels(share: number, { size }: Ruler): string {
  const length = share * Math.min(size.width, size.height);
  return length.toFixed(length < 10 ? 1 : 0);
}

export function nothingUsable(name: string, pictures: number): string {
  return `${name}: not measured, all ${pictures} good pictures are above its limits as they are.`;
}

/** What the figures mean and what they do not. `learned`: of pictures that the model knows. */
export function meaningOf(pictures: number, learned: boolean): string {
  const which = learned
    ? 'that the model has learned, which look better to it than new parts do'
    : 'that the model had not seen';
  return (
    `Defects drawn by a program into ${pictures} good pictures ${which}, found where the fail limit is exceeded at the ` +
    'place painted. Real defects look different: this says how large and how clear something must be to be noticed, not how many defects are missed.'
  );
}
