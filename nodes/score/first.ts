import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, type ErrorCode } from '../../lib/core/errors.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { type ReasonKey, reason } from '../../lib/core/reasons.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import { subjectOf } from '../../lib/node-red/subject.ts';
import { KeepWarm } from './keep-warm.ts';
import { ShadowRun } from './shadow-run.ts';
import type { Stage, StageParts } from './stage.ts';

const reasonOf: Partial<Record<ErrorCode, ReasonKey>> = {
  GP_IMAGE_UNREADABLE: 'imageUnreadable',
  GP_CHILD_DEADLINE: 'engineTimeout',
  GP_SERVER_TIMEOUT: 'engineTimeout',
  GP_PART_MISPLACED: 'partMisplaced',
};

/** Scores the ledger's frame of the view. A message with an image and no inspection opens one by itself. */
export function firstStage({ RED, kit, station, engine, runner }: StageParts): Stage {
  const { timeoutMs, view: ownView } = kit.config;
  const wanted = (view: string) => station.recipes.active()?.views[view]?.model ?? null;
  /** An inspection that began under another recipe is scored and judged by that one. */
  const wantedBy = ({ recipe }: Inspection, view: string) =>
    (recipe && station.recipes.get(recipe.number, recipe.version)?.views[view]?.model) ?? wanted(view);

  const warmth = new KeepWarm({
    ...{ id: kit.id, station, engine, runner, status: kit.status, warn: kit.warn },
    view: ownView,
    wanted: (recipe) => recipe?.views[ownView]?.model ?? null,
  });
  warmth.start();
  kit.onClose(() => warmth.stop());
  const models = join(dataFolder(RED), 'models');
  const shadow = new ShadowRun({ id: kit.id, station, timeoutMs, warn: kit.warn, models });
  shadow.start();
  kit.onClose(() => shadow.stop());

  return async (message, send) => {
    const { id, view } = await subjectOf(RED, station, message, ownView);
    const frame = station.frameOf(id, view);
    let score: number | null = null;
    const inspection = station.describe(id, view);
    // a picture that the scene check refused has its verdict: no model need look at it
    const decided = inspection.views.some((one) => one.name === view && one.verdict !== null);
    if (frame !== null && !decided) {
      const left = inspection.deadline - systemClock.mono();
      try {
        const model = wantedBy(inspection, view);
        const result = await runner.score(frame, model, Math.max(1, Math.min(timeoutMs, left)));
        station.addScore(id, view, result);
        score = result.score;
        warmth.showGood(`${score.toFixed(2)} in ${Math.round(result.timings.total)} ms (${result.provider})`);
      } catch (thrown) {
        const error = asGoodpartError(thrown);
        station.failView(id, view, reason(reasonOf[error.code] ?? 'engineFailed', { view, detail: error.message }));
        kit.status('red', error.message);
      }
    }
    send({ ...message, payload: score, inspection: station.describe(id, view) });
    if (frame !== null && !decided) shadow.after(id, view);
  };
}
