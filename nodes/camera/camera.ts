import { createHash } from 'node:crypto';
import type { NodeAPI } from 'node-red';
import { Camera } from '../../lib/capture/camera.ts';
import type { SourceStatus } from '../../lib/capture/source.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { claim } from '../../lib/node-red/claims.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { intake, isRefusal, refusalError } from '../../lib/node-red/intake.ts';
import { inspectionRef, type Message, requireRef, type Send } from '../../lib/node-red/messages.ts';
import { resources } from '../../lib/node-red/resources.ts';
import { serveUploads } from '../../lib/node-red/uploads.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';
import { serveDiscovery } from './discovery.ts';
import { FreeRun } from './free-run.ts';
import { serveLine } from './line.ts';
import { serveLive, showLive } from './live.ts';
import { startPushed } from './push.ts';
import { sourceSettings } from './source-settings.ts';

const cameraFault = 101;

/** A picture for learning, or why there is none: who collects decides whether to ask again. */
async function collected(capture: Promise<Frame>): Promise<{ payload: Frame | null; error?: string }> {
  try {
    return { payload: await capture };
  } catch (thrown) {
    return { payload: null, error: asGoodpartError(thrown).message };
  }
}

/**
 * One picture for each trigger, exposed after it. A message without an inspection opens one; free-running, the camera opens
 * one by each exposure while the ledger has credit. `msg.collect = true`, or a camera that only collects, gives a picture
 * without an inspection, for learning.
 */
export default function register(RED: NodeAPI): void {
  serveLive(RED);
  serveDiscovery(RED);
  serveUploads(RED);
  defineNode(RED, config, async (kit) => {
    if (kit.config.source === 'push') return startPushed(kit);
    const { view, run, intervalMs, timeoutMs } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const name = kit.config.name || `camera ${view}`;
    const source = sourceSettings(kit.config, kit.credentials);
    const inspects = run !== 'collect';
    if (inspects) {
      // a recipe is validated for one camera's settings: of two cameras nobody could say whose
      const oneCamera = () =>
        invalidParameter('view', 'a view that no other camera of this station gives', view, 'GP_CONFIG_INVALID');
      kit.onClose(claim(`view ${station.id} ${view}`, kit.id, oneCamera));
    }
    const maxAgeMs = kit.config.maxAgeMs || null;
    // settings hold passwords, and a key is told where something cannot be closed
    const key = createHash('sha256').update(JSON.stringify({ name, source, maxAgeMs })).digest('hex');
    const lease = await resources.take(`camera ${kit.id} ${key}`, {
      group: `camera ${kit.id}`,
      create: async () => {
        const camera = new Camera({ name, source, maxAgeMs });
        camera.start().catch(() => {}); // it goes on trying; its state says what is wrong
        return camera;
      },
      destroy: (camera) => camera.stop(),
    });
    const camera = lease.value;
    kit.onClose(() => lease.release());
    const inspecting = () => inspects && station.snapshot().open > 0;
    kit.onClose(showLive({ nodeId: kit.id, camera, timeoutMs, inspecting }));

    const showState = ({ connected, text, warning }: SourceStatus) => {
      const starting = camera.childStats().state === 'starting';
      if (inspects) station.setHealth(`camera ${kit.id}`, 'camera', connected, starting ? 0 : cameraFault, text);
      // a picture taken with other settings than the recipe's is out of specification, not a fault
      if (inspects) station.setDegraded(`camera ${kit.id}`, connected && warning !== undefined, warning ?? '');
      const seen = warning === undefined ? 'green' : 'yellow';
      kit.status(connected ? seen : starting ? 'blue' : 'red', text);
      if (!connected && !starting) kit.warn(text);
    };
    camera.on('state', showState);
    kit.onClose(() => {
      camera.off('state', showState);
      station.forgetHealth(`camera ${kit.id}`);
    });
    showState(camera.status());
    if (inspects) {
      const { announced, pulseEarliestMs: earliestMs, pulseLatestMs: latestMs } = kit.config;
      station.registerCamera(view, {
        ...{ name, settingsHash: camera.settingsHash, simulated: source.kind === 'simulator' },
        ...(run === 'line' && announced && { announced: { earliestMs, latestMs, graceMs: timeoutMs } }),
      });
      kit.onClose(() => station.unregisterCamera(view));
      if (run === 'line') serveLine({ kit, camera, station, view, name, announced });
    }

    const pass = (message: Message, inspection: Inspection, frame: Frame | null, send: Send) => {
      send({ ...message, payload: frame, inspection: station.describe(inspection.id, view) });
    };

    const inspect = async (message: Message, inspection: Inspection, send: Send) => {
      const left = inspection.deadline - systemClock.mono();
      let frame: Frame | null = null;
      try {
        frame = await camera.capture({
          after: inspection.trigger.at,
          partId: inspection.part.id,
          timeoutMs: Math.max(1, Math.min(timeoutMs, left)),
        });
        station.addFrame(inspection.id, view, frame, name);
        kit.status('green', `picture ${frame.info.number}`);
      } catch (thrown) {
        const error = asGoodpartError(thrown, 'GP_SOURCE_FAILED');
        const key = error.reason ?? 'cameraLost';
        station.failView(inspection.id, view, reason(key, { view, detail: error.message }));
        kit.status('red', error.message);
      }
      pass(message, inspection, frame, send);
    };

    /** Free-running: an exposure opens its own inspection. Resolves to false when the source has no more pictures. */
    const exposeAndOpen = async (): Promise<boolean> => {
      let frame: Frame;
      try {
        frame = await camera.capture({ after: systemClock.mono(), timeoutMs });
      } catch (thrown) {
        const error = asGoodpartError(thrown);
        kit.status('red', error.message);
        return !/^the end of the (folder|video)$/.test(error.received ?? '');
      }
      // an empty nest opens no inspection: the view's scene check says so
      if (!(await station.scenes.mayOpen(view, frame))) return true;
      // nor does what a stop or a deploy interrupts: nobody would finish it; and another camera may have been faster
      if (!freeRun.running || station.credit() === 0) {
        camera.discard();
        return true;
      }
      const answer = intake(station, {}, 'camera', undefined, frame.info.exposedAt);
      if (isRefusal(answer)) return true;
      station.addFrame(answer.id, view, frame, name);
      pass({}, answer, frame, kit.send);
      return true;
    };

    const freeRun = new FreeRun({
      intervalMs,
      mayStart: () => station.credit() > 0,
      expose: async () => {
        const more = await exposeAndOpen();
        if (!more) kit.status('grey', 'all pictures have been used');
        return more;
      },
      onError: kit.report,
    });
    // a place that an inspection leaves is taken at once, not at the next look
    const onSnapshot = () => freeRun.nudge();
    station.on('snapshot', onSnapshot);
    kit.onClose(() => {
      station.off('snapshot', onSnapshot);
      freeRun.stop();
    });
    if (run === 'free') freeRun.start();

    return {
      input: async (message, send) => {
        if (message.topic === 'start' || message.topic === 'stop') {
          if (run !== 'free') {
            throw new GoodpartError('GP_INPUT_INVALID', 'Only a free-running camera can be started and stopped');
          }
          freeRun.stop();
          if (message.topic === 'start') freeRun.start();
          else kit.status('grey', 'stopped');
          return;
        }
        if (message.collect === true || run === 'collect') {
          send({ ...message, ...(await collected(camera.capture({ after: systemClock.mono(), timeoutMs }))) });
          return;
        }
        if (run === 'line') {
          throw new GoodpartError('GP_INPUT_INVALID', 'A camera on a hardware line takes its pictures by itself');
        }
        if (inspectionRef(message) === null) {
          const answer = intake(station, message, 'message');
          if (isRefusal(answer)) throw refusalError(answer);
          return inspect(message, answer, send);
        }
        const { id } = requireRef(message, station);
        return inspect(message, station.describe(id, view), send);
      },
    };
  });
}
