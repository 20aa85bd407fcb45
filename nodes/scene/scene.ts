import type { NodeAPI } from 'node-red';
import { SceneMeter } from '../../lib/capture/scene-meter.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Inspection, SceneResult } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { claim } from '../../lib/node-red/claims.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { frameFrom } from '../../lib/node-red/messages.ts';
import { resources } from '../../lib/node-red/resources.ts';
import type { StatusColour } from '../../lib/node-red/status.ts';
import { subjectOf } from '../../lib/node-red/subject.ts';
import { type SceneCheck, sceneChecks } from '../../lib/rules/scene-bands.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';
import { SceneSchool } from './school.ts';
import { SceneWatch } from './watch.ts';

const childFault = 110;
const colours = { good: 'green', attention: 'yellow', invalid: 'red' } as const satisfies Record<string, StatusColour>;

/** The answer in a word: `good`, `attention`, `invalid` or `no part`. */
function wordOf({ state, part }: SceneResult): string {
  return part === 'absent' ? 'no part' : state;
}

/**
 * Is the picture good enough to be inspected? Law 2: while this node is deployed, no picture of its view passes without its word. `msg.topic`:
 * "learn" collects good frames, "learn once" only where nothing was learned yet, "learn empty" frames of the empty nest, "cancel" stops,
 * "forget" takes the limits out of the recipe. Pictures with `msg.collect` are learned from and go no further.
 */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { view, region, partRegion, timeoutMs } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const expected = 'a view that no other scene check of this station watches over';
    const oneNode = () => invalidParameter('view', expected, view, 'GP_CONFIG_INVALID');
    kit.onClose(claim(`scene ${station.id} ${view}`, kit.id, oneNode));
    const lease = await resources.take('scene meter', {
      create: async () => new SceneMeter(),
      destroy: (meter) => meter.stop(),
    });
    const meter = lease.value;
    kit.onClose(() => lease.release());

    const source = `scene ${kit.id}`;
    const checks = (Object.keys(sceneChecks) as SceneCheck[]).filter((check) => kit.config[check]);
    const part = kit.config.part ? partRegion : null;
    const watch = new SceneWatch(meter, { id: kit.id, view, region, part, checks, timeoutMs });
    kit.onClose(() => watch.close());
    const sceneNow = () => station.recipes.active()?.views[view]?.scene ?? null;
    /** An inspection that began under another recipe is held against that one's limits. */
    const sceneOf = ({ recipe }: Inspection) =>
      (recipe && station.recipes.get(recipe.number, recipe.version)?.views[view]?.scene) ?? null;

    const school = new SceneSchool(kit, { station, meter, view, region, part, checks, sceneNow });
    kit.onClose(() => school.close());

    const showChild = () => {
      const { state, lastError } = meter.stats();
      const text =
        state === 'running' ? '' : `the scene check’s process is ${state}${lastError ? `: ${lastError}` : ''}`;
      station.setHealth(source, 'camera', state === 'running', state === 'waiting' ? childFault : 0, text);
      if (state === 'waiting') kit.status('red', text);
    };
    kit.onClose(meter.onState(showChild));
    showChild();
    /** Condition for the PLC and people: learning comes first, for what is being taught cannot be judged by it. */
    const showCondition = () => {
      const [worst] = watch.trend.conditions;
      const learning = school.progress;
      const said = learning ? ({ ne107: 'functionCheck', text: learning } as const) : worst;
      station.setCondition(source, said ? { kind: said.ne107, text: `${view}: ${said.text}` } : null);
    };
    school.onProgress(showCondition);
    kit.onClose(() => station.forgetHealth(source));

    let nothing = 0;
    const hasPart = async (frame: Frame): Promise<boolean> => {
      if (school.lesson === 'empty') await school.show(frame).catch(kit.report);
      const found = await watch.hasPart(frame, sceneNow(), station.cameraSettings(view));
      nothing = found ? 0 : nothing + 1;
      if (!found && school.progress === '') kit.status('grey', `no part, ${nothing} pictures of the empty nest`);
      return found;
    };
    kit.onClose(station.scenes.register(view, { hasPart: part === null ? null : hasPart }));

    const check = async (frame: Frame, inspection: Inspection, name: string): Promise<SceneResult> => {
      const left = inspection.deadline - systemClock.mono();
      const camera = inspection.views.find((one) => one.name === name)?.camera;
      const settings = station.cameraSettings(name, camera);
      try {
        return await watch.check(frame, sceneOf(inspection), settings, Math.max(1, Math.min(timeoutMs, left)));
      } catch (thrown) {
        const { code, message } = asGoodpartError(thrown);
        const key = code === 'GP_IMAGE_UNREADABLE' ? 'imageUnreadable' : 'sceneCheck';
        const reasons = [reason(key, { view: name, detail: message })];
        return { state: 'invalid', part: null, values: [], reasons, ms: 0 };
      }
    };

    const show = (scene: SceneResult) => {
      showCondition();
      if (school.progress !== '') return;
      const [condition] = watch.trend.conditions;
      const text = scene.reasons[0]?.text ?? condition?.text ?? `good, ${Math.round(scene.ms)} ms`;
      const colour = scene.part === 'absent' ? 'grey' : colours[scene.state];
      kit.status(colour === 'green' && condition ? 'yellow' : colour, text);
    };

    return {
      input: async (message, send) => {
        if (typeof message.topic === 'string' && message.inspection === undefined) {
          if (await school.command(message.topic)) return;
        }
        if (message.collect === true) {
          // asked for by a learn node whose lesson is over, or of a camera that gave none
          if (school.lesson === null || message.payload === null) return;
          await school.show(await frameFrom(message.payload, systemClock, []));
          return;
        }
        const { id, view: name } = await subjectOf(RED, station, message, view);
        if (name !== view) throw invalidParameter('msg.inspection.view', `the view "${view}"`, name);
        const frame = station.frameOf(id, view);
        let word: string | null = null;
        if (frame !== null) {
          const inspection = station.describe(id, view);
          const scene = await check(frame, inspection, view);
          station.addScene(id, view, scene);
          word = wordOf(scene);
          show(scene);
        }
        send([{ ...message, payload: word, inspection: station.describe(id, view) }, null]);
        if (frame !== null && school.lesson !== null) await school.show(frame);
      },
    };
  });
}
