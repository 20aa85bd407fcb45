import type { Roi, RoiResult, ScoreResult, Verdict } from '../core/inspection.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { regionCells } from './mask.ts';
import { measureRegion } from './measure.ts';
import { outOfFrame } from './out-of-frame.ts';
import { isWholeFrame } from './polygon.ts';

/** What the rules say of one view. */
export interface ViewJudgement {
  verdict: Verdict;
  /** The worst region's; null where invalid. */
  severity: number | null;
  /** One per inspect region, in the order given; empty where invalid before measuring. */
  rois: RoiResult[];
  /** Worst first; empty for a pass. */
  reasons: Reason[];
}

/** (value − median) / (fail − median): 0 a typical good part, 1.0 exactly at the limit. */
export function severityOf(value: number, limits: { median: number; fail: number }): number {
  return (value - limits.median) / (limits.fail - limits.median);
}

/**
 * Judges one picture: measures each inspect region (ignore regions taken out) and compares it with its limits. A value
 * equal to a limit is still inside it. Anything that is not a finite number, or a region that cannot be measured, makes
 * the view invalid. The maximum of the whole frame is the model's own score; a model without a map is judged for that only.
 * Never throws for bad numbers; whether the limits are valid for what runs is for the station to know.
 */
export function judgeView(input: { score: ScoreResult; rois: readonly Roi[]; viewName: string }): ViewJudgement {
  const { score, viewName: view } = input;
  const inspected = input.rois.filter((roi) => roi.mode === 'inspect');
  const ignores = input.rois.filter((roi) => roi.mode === 'ignore');
  if (inspected.length === 0) return notInspected(reason('noInspectRegion', { view }));
  if (!Number.isFinite(score.score)) return notInspected(reason('scoreNotFinite', { view }));
  const values = score.map?.values() ?? null;
  const rois: RoiResult[] = [];
  const reasons: Reason[] = [];
  for (const roi of inspected) {
    const trouble = unusableLimits(roi);
    if (trouble !== null) return notInspected(reason('notValidated', { view, roi: roi.name, detail: trouble }));
    const unseen = notSeen(roi, score);
    if (unseen !== null) return notInspected(reason('partMisplaced', { view, roi: roi.name, detail: unseen }));
    let value: number;
    if (score.map === null || values === null) {
      if (!isWholeFrame(roi.polygon) || roi.measure !== 'maximum' || ignores.length > 0) {
        const detail = `the model gives no map, so region "${roi.name}" cannot be measured`;
        return notInspected(reason('noInspectRegion', { view, roi: roi.name, detail }));
      }
      value = score.score;
    } else {
      const cells = regionCells(roi, ignores, score.map.width, score.map.height);
      if (cells.length === 0) {
        const detail = `ignore regions hide all of "${roi.name}"`;
        return notInspected(reason('noInspectRegion', { view, roi: roi.name, detail }));
      }
      value = measureRegion(values, cells, roi.measure, roi.areaAbove);
      if (!Number.isFinite(value) && reachesOutside(cells, score.map, score.mapArea)) {
        const detail = `region "${roi.name}" reaches outside of what the model looks at (${shownArea(score.mapArea)}); draw it inside`;
        return notInspected(reason('noInspectRegion', { view, roi: roi.name, detail }));
      }
      // the model's own number for all it sees; for many models it is more than the map's maximum (PatchCore weighs its neighbours)
      if (Number.isFinite(value) && roi.measure === 'maximum' && ignores.length === 0 && isWholeFrame(roi.polygon)) {
        value = score.score;
      }
    }
    const severity = severityOf(value, roi);
    if (!Number.isFinite(value) || !Number.isFinite(severity)) {
      return notInspected(reason('scoreNotFinite', { view, roi: roi.name, detail: `region "${roi.name}"` }));
    }
    const verdict = value > roi.fail ? 'fail' : value > roi.warn ? 'warn' : 'pass';
    const { index, name, measure, warn, fail, median } = roi;
    rois.push({ index, name, measure, value, severity, warn, fail, median, verdict });
  }
  const worst = rois.toSorted((a, b) => rank[b.verdict] - rank[a.verdict] || b.severity - a.severity);
  for (const roi of worst) if (roi.verdict !== 'pass') reasons.push(regionReason(roi, view));
  return {
    verdict: worst[0].verdict,
    severity: Math.max(...rois.map((roi) => roi.severity)),
    rois,
    reasons,
  };
}

const rank = { pass: 0, warn: 1, fail: 2 } as const;

function notInspected(why: Reason): ViewJudgement {
  return { verdict: 'invalid', severity: null, rois: [], reasons: [why] };
}

function unusableLimits(roi: Roi): string | null {
  if (![roi.median, roi.warn, roi.fail].every(Number.isFinite))
    return `a limit of region "${roi.name}" is not a number`;
  if (roi.fail < roi.warn) return `the fail limit of region "${roi.name}" is below its warn limit`;
  return roi.fail > roi.median ? null : `the fail limit of region "${roi.name}" is not above the median of good parts`;
}

/** A drawn region that a shifted part carries out of the picture; less than a cell of the map does not count. */
function notSeen(roi: Roi, { registration, map, image }: ScoreResult): string | null {
  if (registration === undefined || map === null || isWholeFrame(roi.polygon)) return null;
  const out = outOfFrame(roi.polygon, registration, image);
  if (out <= 1 / Math.min(map.width, map.height)) return null;
  return `region "${roi.name}" reaches ${(out * 100).toFixed(1)} % out of the picture`;
}

/** Whether the centre of a cell lies where a model that looks at a part of the frame does not look. */
function reachesOutside(
  cells: Uint32Array,
  { width, height }: { width: number; height: number },
  area: ScoreResult['mapArea'],
): boolean {
  if (area === undefined) return false;
  const [left, top, right, bottom] = area;
  return cells.some((cell) => {
    const x = ((cell % width) + 0.5) / width;
    const y = (Math.floor(cell / width) + 0.5) / height;
    return x < left || x > right || y < top || y > bottom;
  });
}

function shownArea([left, top, right, bottom]: NonNullable<ScoreResult['mapArea']> = [0, 0, 1, 1]): string {
  const range = (from: number, to: number) => `${percent(Math.max(0, from))} to ${percent(Math.min(1, to))}`;
  return `${range(left, right)} of the width, ${range(top, bottom)} of the height`;
}

function regionReason(roi: RoiResult, view: string): Reason {
  const limit = roi.verdict === 'fail' ? roi.fail : roi.warn;
  const share = roi.measure === 'area';
  const [seen, allowed] = share ? [percent(roi.value), percent(limit)] : [plain(roi.value), plain(limit)];
  const what = share ? 'unusual area' : 'value';
  const text =
    roi.verdict === 'fail'
      ? `Region "${roi.name}" is clearly unlike the good parts: ${what} ${seen}, limit ${allowed}`
      : `Region "${roi.name}" is more unusual than almost all good parts: ${what} ${seen}, warning limit ${allowed}`;
  return reason(roi.verdict === 'fail' ? 'regionFail' : 'regionWarn', {
    text,
    view,
    roi: roi.name,
    value: roi.value,
    limit,
  });
}

function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
