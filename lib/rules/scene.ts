import type { SceneCause, SceneMeasure, SceneRange, SceneState, SceneValue } from '../core/inspection.ts';
import { type SceneBand, type SceneCheck, sceneChecks } from './scene-bands.ts';
import { type PartLimits, partPresence } from './scene-part.ts';

export interface SceneInput {
  /** As measured; a measure that means nothing in this picture is NaN, one that cannot be had is absent. */
  measures: Partial<Record<SceneMeasure, number>>;
  bands: readonly SceneBand[];
  /** The checks that are switched on. */
  checks: readonly SceneCheck[];
  /** Null where *part present* is switched off. */
  part: PartLimits | null;
}

export interface SceneFinding {
  measure: SceneMeasure;
  state: Exclude<SceneState, 'good'>;
  cause: SceneCause;
  /** What was found, for people, without the full stop. */
  text: string;
  value: number;
  limit: number | null;
}

export interface SceneJudgement {
  state: SceneState;
  part: 'present' | 'absent' | 'unknown' | null;
  values: SceneValue[];
  /** Worst first. With the part absent there are none: an empty nest has no scene of its own. */
  findings: SceneFinding[];
  /** A check that is switched on was not learned. */
  unlearned: boolean;
  /** The picture is (nearly) black, whatever was learned. */
  black: boolean;
}

const causes: Partial<Record<SceneMeasure, SceneCause>> = {
  ...{ level: 'light', bright: 'light', dark: 'light', contrast: 'light', redGreen: 'light', blueGreen: 'light' },
  ...{ shift: 'camera', change: 'frozen', focus: 'focus' },
};
const order: SceneCause[] = ['frozen', 'camera', 'light', 'focus', 'other'];

/** What is too low, what is too high, and how the numbers are shown. */
const words: Record<SceneBand['measure'], [low: string, high: string, shown: (value: number) => string]> = {
  level: ['The picture is too dark: level', 'The picture is too bright: level', percent],
  bright: ['Too little is overexposed:', 'Too much is overexposed:', percent],
  dark: ['Too little is black:', 'Too much is black:', percent],
  contrast: ['There is too little contrast:', 'There is too much contrast:', plain],
  focus: ['The picture is not sharp: focus', 'The picture is too sharp: focus', plain],
  noise: ['There is too little noise:', 'There is too much noise:', percent],
  redGreen: ['The colour is off, too little red: red by green', 'The colour is off, too much red: red by green', plain],
  blueGreen: [
    'The colour is off, too little blue: blue by green',
    'The colour is off, too much blue: blue by green',
    plain,
  ],
  shift: ['The picture is not shifted enough:', 'The picture is shifted by', percent],
  change: [
    'The picture is the same as the one before: difference',
    'The picture differs too much: difference',
    percent,
  ],
};
const blackLevel = 0.02;
const clippedShare = 0.9;

/**
 * Holds a picture's measures against the learned bands. Pure, and strict: what is not a finite number, or has no band to be held against, is
 * invalid, for `NaN < limit` is false and a naive rule passes it. Colour alone may be without a band: the learned pictures were grey.
 */
export function judgeScene({ measures, bands, checks, part }: SceneInput): SceneJudgement {
  const { level = Number.NaN, bright = 0, dark = 0 } = measures;
  const black = level <= blackLevel || dark >= clippedShare;
  const lit = Number.isFinite(level) && !black && bright < clippedShare;
  let presence =
    part === null ? null : partPresence({ part: measures.part ?? Number.NaN, empty: measures.empty, lit }, part);
  const values: SceneValue[] = [];
  const findings: SceneFinding[] = [];
  let unlearned = false;
  for (const measure of checks.flatMap((check): readonly SceneBand['measure'][] => sceneChecks[check])) {
    const band = bands.find((one) => one.measure === measure);
    const value = measures[measure] ?? Number.NaN;
    // nothing to compare the first picture with, after the start of the camera, the station or the child
    if (measure === 'change' && measures.change === undefined) continue;
    if (band === undefined) {
      if (measure === 'redGreen' || measure === 'blueGreen') continue;
      unlearned = true;
      continue;
    }
    const { attention, invalid } = band;
    const state = inside(value, invalid) ? (inside(value, attention) ? 'good' : 'attention') : 'invalid';
    values.push({ measure, value, attention, invalid, state });
    if (state !== 'good') findings.push(found(measure, value, state, state === 'invalid' ? invalid : attention));
  }
  if (part !== null) {
    for (const measure of ['part', 'empty'] as const) {
      const value = measures[measure];
      const limit = part[measure];
      if (value === undefined || limit === null) continue;
      const state: SceneState = Number.isFinite(value) && Number.isFinite(limit) ? 'good' : 'invalid';
      values.push({ measure, value, attention: [limit, null], invalid: [limit, null], state });
    }
    if (presence === 'unknown') findings.push(unrecognised(measures.part ?? Number.NaN, part.part));
  }
  // a frozen camera that shows an empty nest would never show a part again
  const frozen = findings.some(({ cause, state }) => cause === 'frozen' && state === 'invalid');
  if (presence === 'absent' && frozen) presence = 'unknown';
  if (presence === 'absent') findings.length = 0;
  findings.sort((a, b) => rank(a) - rank(b));
  const worst = findings[0]?.state ?? 'good';
  const state = unlearned || presence === 'absent' ? 'invalid' : worst;
  return { state, part: presence, values, findings, unlearned, black };
}

/** A reference that is not found at all is the camera's doing only where the light is not to blame: in the dark nothing is found. */
function rank({ state, cause, measure, value }: SceneFinding): number {
  const lost = measure === 'shift' && !Number.isFinite(value);
  return (state === 'invalid' ? 0 : order.length) + (lost ? order.indexOf('light') + 0.5 : order.indexOf(cause));
}

function inside(value: number, [low, high]: SceneRange): boolean {
  return Number.isFinite(value) && (low === null || value >= low) && (high === null || value <= high);
}

function found(
  measure: SceneBand['measure'],
  value: number,
  state: SceneFinding['state'],
  [low, high]: SceneRange,
): SceneFinding {
  const cause = causes[measure] ?? 'other';
  if (!Number.isFinite(value)) {
    const text =
      measure === 'shift' ? 'The reference region is not where it was, or is hidden' : `${measure} cannot be measured`;
    return { measure, state, cause, text, value, limit: null };
  }
  const [tooLow, tooHigh, shown] = words[measure];
  const below = low !== null && value < low;
  const limit = below ? low : high;
  const allowed =
    low === null
      ? `at most ${shown(high ?? Number.NaN)}`
      : high === null
        ? `at least ${shown(low)}`
        : `${shown(low)} to ${shown(high)}`;
  const band = state === 'invalid' ? 'allowed' : 'usual';
  return {
    measure,
    state,
    cause,
    text: `${below ? tooLow : tooHigh} ${shown(value)}, ${band} ${allowed}`,
    value,
    limit,
  };
}

function unrecognised(value: number, limit: number): SceneFinding {
  const text = `Neither the part nor the empty nest is recognised: likeness ${plain(value)}, part from ${plain(limit)}`;
  return { measure: 'part', state: 'invalid', cause: 'other', text, value, limit };
}

function plain(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
