import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError } from '../../lib/core/errors.ts';
import type { Inspection, Verification } from '../../lib/core/inspection.ts';
import { requireRef } from '../../lib/node-red/messages.ts';
import { KeepWarm } from './keep-warm.ts';
import { claimStage, type Stage, type StageParts } from './stage.ts';

/**
 * Asks the second model for what the first is in doubt of, and for nothing else. What the recipe says of it decides: without a second
 * model there the message passes on, and the station is ready without one.
 */
export function verifyStage(parts: StageParts): Stage {
  const { kit, station, engine, runner } = parts;
  const { timeoutMs, view: ownView } = kit.config;
  claimStage(parts);
  const warmth = new KeepWarm({
    ...{ id: kit.id, station, engine, runner, status: kit.status, warn: kit.warn },
    view: ownView,
    wanted: (recipe) => recipe?.views[ownView]?.verify?.model ?? null,
    // a recipe without a second model is no fault, and the station is ready without one
    without: 'the active recipe has no second model',
  });
  warmth.start();
  kit.onClose(() => warmth.stop());
  /** The recipe that the inspection began under, as it is judged. */
  const secondOf = ({ recipe }: Inspection, view: string) =>
    (recipe && station.recipes.get(recipe.number, recipe.version)?.views[view]?.verify?.model) ?? null;

  const ask = async (inspection: Inspection, view: string): Promise<Pick<Verification, 'score' | 'failure'>> => {
    const frame = station.frameOf(inspection.id, view);
    const left = inspection.deadline - systemClock.mono();
    try {
      if (frame === null) return { score: null, failure: 'there is no picture any more' };
      const deadlineMs = Math.max(1, Math.min(timeoutMs, left));
      const score = await runner.score(frame, secondOf(inspection, view), deadlineMs);
      return { score, failure: null };
    } catch (thrown) {
      return { score: null, failure: asGoodpartError(thrown).message };
    }
  };

  return async (message, send) => {
    const { id, view } = requireRef(message, station);
    const inspection = station.describe(id, view);
    const { verdict, severity, doubt } = station.outlook(id, view);
    let { payload } = message;
    if (secondOf(inspection, view) === null) {
      kit.status('grey', `passed on: the recipe has no second model for view ${view}`);
    } else if (!doubt) {
      const said = [verdict, severity?.toFixed(2)].filter(Boolean).join(' ');
      kit.status(verdict === 'invalid' ? 'grey' : 'green', `not asked: ${said}`);
    } else {
      const said = await ask(inspection, view);
      station.addVerification(id, view, said);
      payload = said.score?.score ?? null;
      if (said.score === null) kit.status('red', said.failure ?? 'no score');
      else
        kit.status(
          'green',
          `${said.score.score.toFixed(2)} in ${Math.round(said.score.timings.total)} ms, asked in doubt`,
        );
    }
    send({ ...message, payload, inspection: station.describe(id, view) });
  };
}
