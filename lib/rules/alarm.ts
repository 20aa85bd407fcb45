import { invalidParameter } from '../core/errors.ts';
import type { Verdict } from '../core/inspection.ts';

/**
 * When several parts together are an alarm. `consecutive`: k defects without a good part between; `k-of-n`: k defects
 * among the last n parts; `duration`: nothing but defects for `ms`. `minimumMs`: the condition must also have held that long.
 */
export type AlarmRule = { counts: 'fail' | 'warn-and-fail'; minimumMs?: number } & (
  | { kind: 'consecutive'; k: number }
  | { kind: 'k-of-n'; k: number; n: number }
  | { kind: 'duration'; ms: number }
);

/** Plain JSON, so that it can be kept. */
export interface AlarmState {
  /** The last parts, oldest first, true = defect; invalid parts never enter. */
  recent: readonly boolean[];
  /** Since when the condition holds, monotonic milliseconds; null while it does not. */
  since: number | null;
  latched: boolean;
}

export const quiet: AlarmState = Object.freeze({ recent: Object.freeze([]), since: null, latched: false });

/** Throws GP_CONFIG_INVALID naming the field. */
export function checkAlarmRule(rule: AlarmRule, field = 'rule'): void {
  const whole = (value: unknown, key: string, most: number) => {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
      throw invalidParameter(`${field}.${key}`, `a whole number from 1 to ${most}`, value, 'GP_CONFIG_INVALID');
    }
  };
  const span = (value: unknown, key: string) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw invalidParameter(`${field}.${key}`, 'milliseconds, 0 or more', value, 'GP_CONFIG_INVALID');
    }
  };
  if (rule.counts !== 'fail' && rule.counts !== 'warn-and-fail') {
    throw invalidParameter(`${field}.counts`, '"fail" or "warn-and-fail"', rule.counts, 'GP_CONFIG_INVALID');
  }
  if (rule.minimumMs !== undefined) span(rule.minimumMs, 'minimumMs');
  const kind: string = rule.kind;
  if (rule.kind === 'consecutive') whole(rule.k, 'k', 1000);
  else if (rule.kind === 'k-of-n') {
    whole(rule.n, 'n', 1000);
    whole(rule.k, 'k', rule.n);
  } else if (rule.kind === 'duration') span(rule.ms, 'ms');
  else throw invalidParameter(`${field}.kind`, '"consecutive", "k-of-n" or "duration"', kind, 'GP_CONFIG_INVALID');
}

/**
 * The state after one more part, judged at instant `at`. An invalid part changes nothing: it neither counts nor breaks a
 * run. Once latched it stays so until `resetAlarm`, however good the parts become.
 */
export function stepAlarm(state: AlarmState, rule: AlarmRule, part: { verdict: Verdict; at: number }): AlarmState {
  if (part.verdict === 'invalid') return state;
  const defect = part.verdict === 'fail' || (part.verdict === 'warn' && rule.counts === 'warn-and-fail');
  const [k, n] = rule.kind === 'k-of-n' ? [rule.k, rule.n] : rule.kind === 'consecutive' ? [rule.k, rule.k] : [1, 1];
  const recent = [...state.recent, defect].slice(-n);
  const holds = recent.filter(Boolean).length >= k;
  const since = holds ? (state.since ?? part.at) : null;
  const needed = Math.max(rule.kind === 'duration' ? rule.ms : 0, rule.minimumMs ?? 0);
  const latched = state.latched || (since !== null && part.at - since >= needed);
  return { recent, since, latched };
}

/** Forgets everything: the parts before a reset never raise the alarm again. */
export function resetAlarm(): AlarmState {
  return quiet;
}
