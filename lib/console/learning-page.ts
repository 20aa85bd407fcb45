import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import type { LearningReport } from '../learning/report/learning-report.ts';
import { emptyReport, renderReport } from '../learning/report/page.ts';
import { newNonce } from './overview-page.ts';

let script: string | undefined;

/**
 * A learning node's report with boxes to leave pictures out, to be served as `goodpart/learning/<node id>/report` behind
 * `goodpart.read` and under `contentSecurityPolicy(nonce)`. `report`: the text of report.json, null: nothing was learned yet. The
 * page's button posts an ExcludeRequest to `exclude` beside it (`goodpart.write`), which answers an ExcludeReply or an error's JSON;
 * then the node learns again. Throws GP_INPUT_INVALID for a report that cannot be shown, TypeError for a nonce that is none.
 */
export function learningPage(report: string | null, nonce = newNonce()): string {
  if (report === null) return emptyReport(nonce);
  const parsed = parse(report);
  script ??= readFileSync(join(__dirname, 'page', 'learning.js'), 'utf8');
  return renderReport(parsed, { interactive: true, nonce, script });
}

function parse(text: string): LearningReport {
  let parsed: Partial<LearningReport> | null = null;
  try {
    parsed = JSON.parse(text) as Partial<LearningReport> | null;
  } catch {
    // told below, with what else cannot be shown
  }
  if (parsed?.schema === 1) return parsed as LearningReport;
  throw new GoodpartError('GP_INPUT_INVALID', 'The report of this model cannot be read: learn again to have one');
}
