import { invalidParameter } from '../core/errors.ts';
import type { Verdict, View } from '../core/inspection.ts';
import { type Reason, reason } from '../core/reasons.ts';

/**
 * How several views or frames of one part become one verdict.
 * `worst`: the worst of the required views. `k-of-n`: at least `k` of the required frames good (a warn is good; the part then warns).
 */
export type PartRule =
  | { kind: 'worst'; required: readonly string[] }
  | { kind: 'k-of-n'; required: readonly string[]; k: number };

export interface PartJudgement {
  verdict: Verdict;
  severity: number | null;
  reasons: Reason[];
}

type Judged = Pick<View, 'name' | 'verdict' | 'severity' | 'reasons'>;

/** Throws GP_CONFIG_INVALID naming the field. */
export function checkPartRule(rule: PartRule, field = 'rule'): void {
  const { kind, required } = rule;
  if (kind !== 'worst' && kind !== 'k-of-n') {
    throw invalidParameter(`${field}.kind`, '"worst" or "k-of-n"', kind, 'GP_CONFIG_INVALID');
  }
  const named = Array.isArray(required) && required.every((name) => typeof name === 'string' && name.length > 0);
  if (!named || required.length === 0 || new Set(required).size !== required.length) {
    throw invalidParameter(`${field}.required`, 'a list of different view names', required, 'GP_CONFIG_INVALID');
  }
  if (rule.kind === 'k-of-n' && (!Number.isInteger(rule.k) || rule.k < 1 || rule.k > required.length)) {
    throw invalidParameter(`${field}.k`, `a whole number from 1 to ${required.length}`, rule.k, 'GP_CONFIG_INVALID');
  }
}

/** The required views that have no verdict yet. */
export function missingViews(views: readonly Judged[], rule: PartRule): string[] {
  return rule.required.filter((name) => (views.find((view) => view.name === name)?.verdict ?? null) === null);
}

/**
 * One verdict for the part, or null while a required view has none; `complete: true` takes what has not come as invalid.
 * `worst`: an invalid or missing view makes the part invalid, whatever the others showed, for it was not inspected as
 * required (their findings stay among the reasons). `k-of-n`: an invalid or missing frame is a vote not cast: with k good
 * ones the part is good without it, and it is invalid only where that vote could have decided. Views that are not
 * required have no say.
 */
export function judgePart(
  views: readonly Judged[],
  rule: PartRule,
  { complete = false }: { complete?: boolean } = {},
): PartJudgement | null {
  if (!complete && missingViews(views, rule).length > 0) return null;
  const required = rule.required.map((name): Judged => {
    const view = views.find((candidate) => candidate.name === name);
    if (view && view.verdict !== null) return view;
    const why = reason('viewMissing', { view: name, detail: name });
    return { name, verdict: 'invalid', severity: null, reasons: [why] };
  });
  const of = (verdict: Verdict) => required.filter((view) => view.verdict === verdict);
  const [pass, warn, fail, invalid] = [of('pass'), of('warn'), of('fail'), of('invalid')];
  const severities = required.flatMap((view) => (view.severity === null ? [] : [view.severity]));
  const because = (...groups: Judged[][]) => groups.flatMap((group) => group.flatMap((view) => view.reasons));
  const said = (verdict: Verdict, reasons: Reason[], severity: number | null): PartJudgement => ({
    verdict,
    severity: verdict === 'invalid' ? null : severity,
    reasons,
  });
  const k = rule.kind === 'worst' ? required.length : rule.k;
  // A rule that nobody checked must not let a part pass for want of views.
  if (!(k >= 1 && k <= required.length)) return said('invalid', [reason('viewMissing')], null);
  if (rule.kind === 'worst') {
    const worst = severities.length === 0 ? null : Math.max(...severities);
    if (invalid.length > 0) return said('invalid', because(invalid, fail, warn), null);
    if (fail.length > 0) return said('fail', because(fail, warn), worst);
    return warn.length > 0 ? said('warn', because(warn), worst) : said('pass', [], worst);
  }
  // The k-th best frame decides, and its severity is the part's.
  const ordered = severities.toSorted((a, b) => a - b);
  const kth = ordered[Math.min(rule.k, ordered.length) - 1] ?? null;
  const good = pass.length + warn.length;
  if (pass.length >= rule.k) return said('pass', [], kth);
  if (good >= rule.k) return said('warn', because(warn), kth);
  if (good + invalid.length >= rule.k) return said('invalid', because(invalid, fail, warn), null);
  const detail = `${good} of ${required.length}, ${rule.k} needed`;
  return said(
    'fail',
    [reason('tooFewGoodFrames', { detail, value: good, limit: rule.k }), ...because(fail, warn)],
    kth,
  );
}
