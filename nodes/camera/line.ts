import type { Camera } from '../../lib/capture/camera.ts';
import type { FrameCause } from '../../lib/capture/flow-queue.ts';
import { invalidParameter } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import type { NodeKit } from '../../lib/node-red/define-node.ts';
import { intake, isRefusal } from '../../lib/node-red/intake.ts';
import type { Station } from '../../lib/station/station.ts';

export interface LineOptions {
  kit: Pick<NodeKit<unknown>, 'status' | 'report' | 'onClose' | 'send'>;
  camera: Camera;
  station: Station;
  view: string;
  /** The camera's name, as the station knows it. */
  name: string;
  /** Whether each part is announced before its pulse; without, the exposure opens the inspection by itself. */
  announced: boolean;
}

/** A camera that a light barrier triggers: its frames are the answers to the announced parts, or open inspections themselves. */
export function serveLine({ kit, camera, station, view, name, announced }: LineOptions): void {
  const pass = (inspection: Inspection, frame: Frame) => {
    const { id, part, sequence } = inspection;
    kit.status('green', `part ${part.id || sequence}`);
    kit.send({ payload: frame, inspection: station.describe(id, view) });
  };

  const answerAnnounced = (frame: Frame) => {
    const answer = station.lineFrame(view, frame, name);
    if (answer === null) kit.status('yellow', 'not inspected: pulses and announced parts do not agree');
    else if ('refused' in answer) kit.status('yellow', `refused: ${answer.text}`);
    else pass(answer, frame);
  };

  const openByExposure = (frame: Frame) => {
    const answer = intake(station, {}, 'camera', undefined, frame.info.exposedAt);
    if (isRefusal(answer)) return kit.status('yellow', `refused: ${answer.text}`);
    station.addFrame(answer.id, view, frame, name);
    pass(answer, frame);
  };

  const onFrame = (frame: Frame, cause: FrameCause) => {
    if (cause !== 'line') return;
    try {
      if (announced) answerAnnounced(frame);
      else openByExposure(frame);
    } catch (thrown) {
      kit.report(thrown);
    }
  };
  let asked = false;
  const onState = ({ connected }: { connected: boolean }) => {
    if (!connected || asked) return;
    asked = true;
    camera.describe().then(
      ({ delivery, device }) => {
        if (delivery === 'line') return;
        const expected = 'a camera whose hardware line triggers it';
        kit.report(invalidParameter('run', expected, device, 'GP_CONFIG_INVALID'));
      },
      () => {
        asked = false; // it was lost meanwhile, and is asked again when it is back
      },
    );
  };
  camera.on('frame', onFrame);
  camera.on('state', onState);
  onState(camera.status());
  kit.onClose(() => {
    camera.off('frame', onFrame);
    camera.off('state', onState);
  });
}
