import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../lib/core/errors.ts';
import type { DefectClass, Inspection } from '../../lib/core/inspection.ts';
import { requireRef } from '../../lib/node-red/messages.ts';
import { nameDefect, unknownClass } from '../../lib/rules/defect-class.ts';
import { KeepWarm } from './keep-warm.ts';
import { claimStage, type Stage, type StageParts } from './stage.ts';

/**
 * Names the defect of a view that would be called warn or fail. It changes no verdict and keeps no station from being ready: what it cannot
 * name is counted and shown, and the PLC reads class 0.
 */
export function classifyStage(parts: StageParts): Stage {
  const { kit, station, engine, runner } = parts;
  const { timeoutMs, leastConfidence, view: ownView } = kit.config;
  claimStage(parts);
  const source = `score ${kit.id} names`;
  let unnamed = 0;
  const degraded = (text: string | null) => {
    station.setDegraded(source, text !== null, text ?? '');
    station.setCondition(source, text === null ? null : { kind: 'outOfSpecification', text });
  };
  kit.onClose(() => station.forgetHealth(source));
  const warmth = new KeepWarm({
    ...{ id: kit.id, station, engine, runner, status: kit.status, warn: kit.warn, view: ownView },
    // the model node names the classifier, whatever the recipe is
    wanted: () => null,
    said: (ok, text) => degraded(ok ? null : `defects are not named: ${text}`),
  });
  warmth.start();
  kit.onClose(() => warmth.stop());

  const ask = async (inspection: Inspection, view: string): Promise<DefectClass> => {
    try {
      const frame = station.frameOf(inspection.id, view);
      if (frame === null) throw new GoodpartError('GP_INPUT_INVALID', 'there is no picture any more');
      // half of what is left, so that no verdict is late for the sake of a name
      const left = (inspection.deadline - systemClock.mono()) / 2;
      const { classes, ...by } = await runner.score(frame, null, Math.max(1, Math.min(timeoutMs, left)));
      if (classes === undefined) {
        const text = `Model ${by.model.name} version ${by.model.version} names no classes: import a classifier`;
        throw new GoodpartError('GP_MODEL_INVALID', text);
      }
      const { model, provider, timings } = by;
      return {
        ...nameDefect(classes, leastConfidence),
        by: { model, engine: by.engine, provider, timings },
        failure: null,
      };
    } catch (thrown) {
      return { number: 0, name: unknownClass, confidence: null, by: null, failure: asGoodpartError(thrown).message };
    }
  };

  const show = ({ name, confidence, failure }: DefectClass) => {
    if (failure === null) {
      degraded(null);
      const sure = confidence === null ? '' : ` (${Math.round(confidence * 100)} %)`;
      return warmth.showGood(`${name}${sure}`);
    }
    unnamed += 1;
    degraded(`defects are not named: ${failure}`);
    kit.status('red', `${unnamed} not named: ${failure}`);
  };

  return async (message, send) => {
    const { id, view } = requireRef(message, station);
    const { verdict, open } = station.outlook(id, view);
    let name: string | null = null;
    if (open && (verdict === 'warn' || verdict === 'fail')) {
      const defectClass = await ask(station.describe(id, view), view);
      station.addDefectClass(id, view, defectClass);
      ({ name } = defectClass);
      show(defectClass);
    }
    send({ ...message, payload: name, inspection: station.describe(id, view) });
  };
}
