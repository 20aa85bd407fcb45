import {
  type DefectClass,
  decidingScore,
  inferenceMs,
  type StationMode,
  type Verdict,
  type View,
  verdictCodes,
} from '../core/inspection.ts';
import type { PublishedResult, StationSnapshot } from '../core/snapshot.ts';
import { accepted, type Entry } from './entry.ts';
import { ringSize } from './handshake.ts';

/** A closed inspection as the PLC is told it. `at` is the monotonic, `timeUtc` the UTC instant of publication, milliseconds. */
export function resultOf(entry: Readonly<Entry>, at: number, timeUtc: number): PublishedResult {
  const views = [...entry.views.values()];
  const { score, worstRoi, defectClass } = worstOf(views, entry.verdict);
  const worst = new Map<number, PublishedResult['rois'][number]>();
  for (const roi of views.flatMap((view) => view.rois)) {
    const known = worst.get(roi.index);
    if (known !== undefined && (known.severity ?? 0) >= roi.severity) continue;
    const { index, severity, value } = roi;
    worst.set(index, { index, code: verdictCodes[roi.verdict], severity, score: value });
  }
  const rois = [...worst.values()].sort((a, b) => a.index - b.index);
  return {
    sequence: entry.sequence,
    triggerId: entry.trigger.triggerId,
    verdict: entry.verdict ?? 'invalid',
    reason: entry.reasons[0]?.code ?? 0,
    accept: accepted(entry),
    severity: entry.severity,
    score,
    worstRoi,
    recipe: entry.recipe?.number ?? 0,
    defectClass: defectClass?.number ?? 0,
    timeUtc,
    at,
    cycleMs: at - entry.trigger.at,
    inferenceMs: Math.max(0, ...views.map(inferenceMs)),
    partId: entry.trigger.partId,
    rois,
  };
}

/**
 * Of the view with the highest severity: the score (null: none, or not finite), the number of its worst region (0: none), the defect. A
 * part whose `verdict` is neither warn nor fail has no defect, whatever one of its views is called.
 */
export function worstOf(
  views: readonly View[],
  verdict: Verdict | null,
): {
  score: number | null;
  worstRoi: number;
  defectClass: DefectClass | null;
} {
  const severityOf = (view: View) => view.severity ?? Number.NEGATIVE_INFINITY;
  const worst = views.toSorted((a, b) => severityOf(b) - severityOf(a))[0];
  const score = worst === undefined ? undefined : decidingScore(worst)?.score;
  const worstRoi = worst?.rois.toSorted((a, b) => b.severity - a.severity)[0]?.index ?? 0;
  const number = score !== undefined && Number.isFinite(score) ? score : null;
  const defective = verdict === 'warn' || verdict === 'fail';
  return { score: number, worstRoi, defectClass: (defective && worst?.defectClass) || null };
}

/** What has been published in this boot: the newest result, the ring, and the shadow verdict. */
export class Results {
  newest: PublishedResult | null = null;
  ring: StationSnapshot['ring'] = [];
  shadow: StationSnapshot['shadow'] = { code: 0, severity: null };

  /** `mode` is that in which the inspection began, `now` the station's of now. Whether it entered the ring. */
  add(result: PublishedResult, mode: StationMode, now: StationMode): boolean {
    const code = verdictCodes[result.verdict];
    if (mode === 'shadow') {
      // A result that began in run and came after shadow was entered must not hold the Sequence back.
      this.newest = null;
      if (now === 'shadow') this.shadow = { code, severity: result.severity };
      return false;
    }
    this.newest = result;
    const { sequence, triggerId, reason, severity } = result;
    this.ring = [{ sequence, triggerId, code, reason, severity }, ...this.ring].slice(0, ringSize);
    return true;
  }

  /** In shadow the result's Code stays 0; outside of it no shadow verdict stands. */
  enter(mode: StationMode): void {
    if (mode === 'shadow') this.newest = null;
    else this.shadow = { code: 0, severity: null };
  }
}
