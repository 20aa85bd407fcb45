import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, type ErrorCode } from '../../lib/core/errors.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { type ReasonKey, reason } from '../../lib/core/reasons.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { subjectOf } from '../../lib/node-red/subject.ts';
import type { Engine } from '../../lib/scoring/engine.ts';
import type { Station } from '../../lib/station/station.ts';
import type { ModelRunner } from '../model/model-runner.ts';
import { config } from './config.ts';

const engineFault = 201;
const reasonOf: Partial<Record<ErrorCode, ReasonKey>> = {
  GP_IMAGE_UNREADABLE: 'imageUnreadable',
  GP_CHILD_DEADLINE: 'engineTimeout',
  GP_SERVER_TIMEOUT: 'engineTimeout',
  GP_PART_MISPLACED: 'partMisplaced',
};

/** Scores the ledger's frame of the view. A message with an image and no inspection opens one by itself. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { timeoutMs, view: ownView } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const { engine, runner } = await kit.use<{ engine: Engine; runner: ModelRunner }>(
      'model',
      'goodpart-model',
      kit.config.model,
    );
    const health = (ok: boolean, text: string) =>
      station.setHealth(`score ${kit.id}`, 'engine', ok, ok ? 0 : engineFault, text);
    const wanted = (view: string) => station.recipes.active()?.views[view]?.model ?? null;
    /** An inspection that began under another recipe is scored and judged by that one. */
    const wantedBy = ({ recipe }: Inspection, view: string) =>
      (recipe && station.recipes.get(recipe.number, recipe.version)?.views[view]?.model) ?? wanted(view);

    /** The model is loaded before the first part comes, and again when another recipe becomes active. */
    let warmed = '';
    /** It runs what is wanted, as far as is known. */
    let sound = false;
    const showGood = (text: string) => {
      const { degraded } = engine.stats();
      station.setDegraded(`score ${kit.id}`, degraded !== undefined, degraded ?? '');
      if (degraded === undefined) kit.status('green', text);
      else kit.status('yellow', `${text}; ${degraded}`);
    };
    const warm = () => {
      const choice = wanted(ownView);
      const key = JSON.stringify(choice);
      if (key === warmed) return;
      warmed = key;
      sound = false;
      kit.status('blue', 'loading the model');
      // not a fault, but until it is there no part can be judged
      station.setHealth(`score ${kit.id}`, 'engine', false, choice === null ? engineFault : 0, 'loading the model');
      runner.warm(kit.id, choice).then(
        ({ name, version }) => {
          if (key !== warmed) return; // another recipe became active meanwhile
          sound = true;
          health(true, '');
          showGood(`${name} version ${version}`);
        },
        (thrown: unknown) => {
          if (key !== warmed) return;
          const error = asGoodpartError(thrown);
          health(false, error.message);
          kit.status('red', error.message);
          if (choice !== null) kit.warn(error.message);
        },
      );
    };
    const onEngine = () => {
      const { state, lastError, degraded } = engine.stats();
      if (state !== 'running') sound = false;
      if (state === 'waiting') {
        health(false, lastError ?? 'the engine ended');
        kit.status('red', lastError ?? 'the engine ended');
      }
      if (state !== 'running') return;
      station.setDegraded(`score ${kit.id}`, degraded !== undefined, degraded ?? '');
      if (sound) return;
      // what it was asked for may not be loaded yet, or not any more
      warmed = '';
      warm();
    };
    station.on('snapshot', warm);
    engine.on('state', onEngine);
    kit.onClose(() => {
      station.off('snapshot', warm);
      engine.off('state', onEngine);
      station.forgetHealth(`score ${kit.id}`);
    });
    warm();

    return {
      input: async (message, send) => {
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
            showGood(`${score.toFixed(2)} in ${Math.round(result.timings.total)} ms (${result.provider})`);
          } catch (thrown) {
            const error = asGoodpartError(thrown);
            station.failView(id, view, reason(reasonOf[error.code] ?? 'engineFailed', { view, detail: error.message }));
            kit.status('red', error.message);
          }
        }
        send({ ...message, payload: score, inspection: station.describe(id, view) });
      },
    };
  });
}
