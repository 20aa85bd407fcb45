import type { SceneMeasure, SceneRange } from '../core/inspection.ts';

/** A scene check of the dialog, and what it measures. */
export const sceneChecks = {
  exposure: ['level'],
  saturation: ['bright', 'dark'],
  contrast: ['contrast'],
  focus: ['focus'],
  shift: ['shift'],
  frozen: ['change'],
  colour: ['redGreen', 'blueGreen'],
  noise: ['noise'],
} as const satisfies Record<string, readonly SceneMeasure[]>;

export type SceneCheck = keyof typeof sceneChecks;
export type BandMeasure = (typeof sceneChecks)[SceneCheck][number];

/** Where a measure lies for good frames, and how far off is still inspected. A value equal to an end is inside. */
export interface SceneBand {
  measure: BandMeasure;
  /** Of the good frames. */
  median: number;
  attention: SceneRange;
  invalid: SceneRange;
}

interface Rule {
  side: 'both' | 'low' | 'high';
  /** Least half widths of the bands: in shares of the median, or in the measure's own unit. */
  unit: 'share' | 'own';
  attention: number;
  invalid: number;
}

/**
 * What a scene may differ by even where the learned frames did not: they come from an hour, the line runs for years. A night shift,
 * another lot or a warm lamp stay within `attention` or between the two; what makes scores meaningless lies beyond `invalid`.
 */
const rules: Record<BandMeasure, Rule> = {
  level: { side: 'both', unit: 'share', attention: 0.1, invalid: 0.35 },
  bright: { side: 'high', unit: 'own', attention: 0.01, invalid: 0.05 },
  dark: { side: 'high', unit: 'own', attention: 0.02, invalid: 0.1 },
  contrast: { side: 'both', unit: 'share', attention: 0.15, invalid: 0.4 },
  focus: { side: 'low', unit: 'share', attention: 0.15, invalid: 0.35 },
  noise: { side: 'high', unit: 'share', attention: 0.5, invalid: 3 },
  redGreen: { side: 'both', unit: 'share', attention: 0.05, invalid: 0.2 },
  blueGreen: { side: 'both', unit: 'share', attention: 0.05, invalid: 0.2 },
  shift: { side: 'high', unit: 'own', attention: 0.01, invalid: 0.03 },
  // by another rule, see frozenBand
  change: { side: 'low', unit: 'own', attention: 0, invalid: 0 },
};

const attentionWidth = 4;
const invalidWidth = 8;
/** No band reaches further down than this share of the median: what is (nearly) nothing is never good. */
const leastShare = 0.1;
/**
 * Of the picture's standard deviation: two exposures of the same still part differ by more, for noise turns one pixel in fifty by a step
 * of 8 bits at the least. Good frames differ far more, by their parts, so that they cannot teach it; only a camera with less noise lowers it.
 */
const frozenChange = 0.001;
const frozenShare = 0.25;
/** Scaled to a Gaussian's standard deviation. */
const madScale = 1.4826;

/**
 * The band of one measure from its values over good frames. Centre: the median. Spread s: the larger of the scaled median absolute
 * deviation and half of the 95th percentile of the deviations, so that a few bad frames among the good ones, up to 5 %, do
 * not widen it (Rousseeuw and Croux, JASA 88, 1993, for the scaling). Attention beyond 4 s, invalid beyond 8 s, but never narrower
 * than the table above; all times `tolerance`. Null where there is no value or one that is not finite: nothing to learn.
 */
export function learnBand(measure: BandMeasure, values: readonly number[], tolerance = 1): SceneBand | null {
  if (values.length === 0 || !values.every(Number.isFinite)) return null;
  if (measure === 'change') return frozenBand(values);
  const { side, unit, ...least } = rules[measure];
  const median = quantile(values, 0.5);
  const deviations = values.map((value) => Math.abs(value - median));
  const spread = Math.max(madScale * quantile(deviations, 0.5), quantile(deviations, 0.95) / 2);
  const scale = unit === 'share' ? Math.abs(median) : 1;
  const range = (width: number, floor: number): SceneRange => {
    const half = tolerance * Math.max(width * spread, floor * scale);
    return [
      side === 'high' ? null : Math.max(median - half, leastShare * median),
      side === 'low' ? null : median + half,
    ];
  };
  return {
    measure,
    median,
    attention: range(attentionWidth, least.attention),
    invalid: range(invalidWidth, least.invalid),
  };
}

/** A live camera never shows the same picture twice. */
function frozenBand(values: readonly number[]): SceneBand {
  const low = Math.min(frozenChange, frozenShare * quantile(values, 0.05));
  return { measure: 'change', median: quantile(values, 0.5), attention: [low, null], invalid: [low, null] };
}

/** Linear between the sorted values; `share` 0..1. Throws nothing; NaN for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The bands of all measures that the good frames have. `change` is absent for a first frame, colour for grey pictures. */
export function learnBands(frames: readonly Partial<Record<SceneMeasure, number>>[], tolerance = 1): SceneBand[] {
  return Object.values(sceneChecks)
    .flat()
    .flatMap((measure) => {
      const values = frames.map((frame) => frame[measure]).filter((value) => value !== undefined);
      const band = learnBand(measure, values, tolerance);
      return band === null ? [] : [band];
    });
}
