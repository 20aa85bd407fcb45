import type { SceneCause, SceneResult } from '../core/inspection.ts';
import { type Ne107, ne107Codes } from '../core/ne107.ts';
import { type Reason, type ReasonKey, reason } from '../core/reasons.ts';
import type { SceneJudgement } from './scene.ts';

/** What several pictures together say of light and camera. */
export interface SceneCondition {
  cause: SceneCause;
  /** `invalid`: nothing can be inspected so; `attention`: it still can. */
  state: 'invalid' | 'attention';
  ne107: Ne107;
  text: string;
}

interface Seen {
  state: SceneResult['state'];
  invalid: readonly SceneCause[];
  attention: readonly SceneCause[];
  black: boolean;
}

export interface SceneTrend {
  /** Newest last. */
  recent: readonly Seen[];
  conditions: readonly SceneCondition[];
}

export const noTrend: SceneTrend = Object.freeze({ recent: [], conditions: [] });

/** Pictures in a row after which it is the light or the camera, and not this part; as many good ones take it back. */
const run = 3;
const window = 10;
const attentionFrom = 8;
const attentionUntil = 4;
const causes: SceneCause[] = ['frozen', 'camera', 'light', 'focus', 'other'];

/**
 * The trend after one more picture. Many bad parts never make one: their pictures are good as pictures, and the verdicts are the alarm's
 * matter. An empty nest changes nothing.
 */
export function stepTrend(trend: SceneTrend, judgement: SceneJudgement): SceneTrend {
  if (judgement.part === 'absent') return trend;
  const of = (state: 'invalid' | 'attention') => [
    ...new Set(judgement.findings.filter((finding) => finding.state === state).map(({ cause }) => cause)),
  ];
  // of one picture only the first cause counts as invalid: what moved the camera changes its light and focus too
  const seen: Seen = {
    state: judgement.state,
    invalid: of('invalid').slice(0, 1),
    attention: of('attention'),
    black: judgement.black,
  };
  const recent = [...trend.recent, seen].slice(-window);
  const conditions = causes.flatMap((cause) => {
    const before = trend.conditions.find((condition) => condition.cause === cause);
    const now = conditionOf(cause, recent, before?.state ?? null);
    return now === null ? [] : [now];
  });
  return { recent, conditions: conditions.sort((a, b) => ne107Codes[a.ne107] - ne107Codes[b.ne107]) };
}

function conditionOf(
  cause: SceneCause,
  recent: readonly Seen[],
  before: SceneCondition['state'] | null,
): SceneCondition | null {
  const last = recent.slice(-run);
  const bad = last.map(({ invalid }) => invalid.includes(cause));
  const begins = last.length === run && bad.every(Boolean);
  const goesOn = before === 'invalid' && bad.some(Boolean);
  if (begins || goesOn) {
    const black = last.every((seen) => seen.black || !seen.invalid.includes(cause));
    return invalidCondition(cause, black);
  }
  const uneasy = recent.filter(({ invalid, attention }) => invalid.includes(cause) || attention.includes(cause)).length;
  const attention = uneasy >= attentionFrom || (before !== null && uneasy >= attentionUntil);
  return attention ? attentionCondition(cause) : null;
}

function invalidCondition(cause: SceneCause, black: boolean): SceneCondition {
  const state = 'invalid';
  switch (cause) {
    case 'frozen':
      return { cause, state, ne107: 'failure', text: 'The camera shows the same picture again and again' };
    case 'camera':
      return {
        cause,
        state,
        ne107: 'outOfSpecification',
        text: 'The camera has moved, or something hides its reference',
      };
    case 'light':
      return black
        ? { cause, state, ne107: 'failure', text: 'The pictures are black: no light, or something covers the lens' }
        : { cause, state, ne107: 'outOfSpecification', text: 'The light has changed' };
    case 'focus':
      return { cause, state, ne107: 'outOfSpecification', text: 'The pictures are out of focus' };
    case 'other':
      return { cause, state, ne107: 'outOfSpecification', text: 'The pictures are not like those that were learned' };
  }
}

function attentionCondition(cause: SceneCause): SceneCondition {
  const state = 'attention';
  switch (cause) {
    case 'frozen':
    case 'camera':
      return { cause, state, ne107: 'maintenance', text: 'The camera or the fixture is drifting from its place' };
    case 'light':
      return { cause, state, ne107: 'outOfSpecification', text: 'The light is drifting from what was learned' };
    case 'focus':
      return {
        cause,
        state,
        ne107: 'maintenance',
        text: 'The pictures are less sharp than learned: clean the lens, check the focus',
      };
    case 'other':
      return { cause, state, ne107: 'maintenance', text: 'The pictures are drifting from those that were learned' };
  }
}

const lasting: Record<SceneCause, ReasonKey> = {
  light: 'lightChanged',
  camera: 'cameraMoved',
  frozen: 'pictureFrozen',
  focus: 'outOfFocus',
  other: 'sceneCheck',
};

/** What a picture's verdict may say of its scene: a single odd picture is a failed check, several are the light or the camera. */
export function explainScene(judgement: SceneJudgement, trend: SceneTrend, view: string): Reason[] {
  if (judgement.part === 'absent') return [reason('noPart', { view })];
  const unlearned = judgement.unlearned ? [reason('sceneNotLearned', { view, detail: 'learn good frames' })] : [];
  const reasons = judgement.findings.map(({ cause, state, text, value, limit }) => {
    const lasts = trend.conditions.some((condition) => condition.cause === cause && condition.state === 'invalid');
    const named = cause === 'frozen' || cause === 'focus' || lasts;
    const key = state === 'invalid' && named ? lasting[cause] : 'sceneCheck';
    const numbers = { ...(Number.isFinite(value) && { value }), ...(limit !== null && { limit }) };
    return state === 'invalid'
      ? reason(key, { view, detail: text, ...numbers })
      : reason(key, { view, text, ...numbers });
  });
  return [...unlearned, ...reasons];
}
