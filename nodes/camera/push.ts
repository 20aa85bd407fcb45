import { pushedSettingsHash } from '../../lib/capture/settings.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { invalidParameter } from '../../lib/core/errors.ts';
import { Frame, sniffEncoding } from '../../lib/core/frame.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import type { Refusal } from '../../lib/core/snapshot.ts';
import { claim } from '../../lib/node-red/claims.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { NodeKit, RunningNode } from '../../lib/node-red/define-node.ts';
import { intake, isRefusal, refusalError } from '../../lib/node-red/intake.ts';
import { frameFrom, inspectionRef, type Message, requireRef, type Send } from '../../lib/node-red/messages.ts';
import { takeUploads } from '../../lib/node-red/uploads.ts';
import type { Station } from '../../lib/station/station.ts';
import type { config } from './config.ts';

/**
 * A camera node to which pictures are pushed, in `msg.payload` or over HTTP. It needs no process of its own: bytes are taken as
 * they are. Each picture opens its inspection, whose trigger is the picture's exposure; as nobody knows that instant it is
 * the picture's arrival, and so no proof of an exposure after anybody else's trigger.
 */
export async function startPushed(kit: NodeKit<ValuesOf<typeof config>>): Promise<RunningNode> {
  const { view, run } = kit.config;
  const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
  const name = kit.config.name || `camera ${view}`;
  const collects = run === 'collect';
  const folders = (kit.RED.settings as { goodpart?: { imageFolders?: string[] } }).goodpart?.imageFolders ?? [];
  let number = 0;

  if (!collects) {
    const oneCamera = () =>
      invalidParameter('view', 'a view that no other camera of this station gives', view, 'GP_CONFIG_INVALID');
    kit.onClose(claim(`view ${station.id} ${view}`, kit.id, oneCamera));
    station.registerCamera(view, { name, settingsHash: pushedSettingsHash });
    kit.onClose(() => station.unregisterCamera(view));
  }
  kit.status('green', 'waits for pictures');

  const taken = (frame: Frame): Frame => {
    number += 1;
    return new Frame({
      ...frame.info,
      data: frame.data,
      source: name,
      number,
      settings: { locked: false, ...frame.info.settings },
    });
  };

  /** Opens the inspection of a picture; the station counts and records what it refuses. */
  const inspect = (message: Message, frame: Frame): Inspection | Refusal => {
    const answer = intake(station, message, 'image', undefined, frame.info.exposedAt);
    if (isRefusal(answer)) {
      kit.status('yellow', `not accepted: ${answer.text}`);
      return answer;
    }
    station.addFrame(answer.id, view, frame, name);
    kit.status('green', `picture ${frame.info.number}`);
    return station.describe(answer.id, view);
  };

  kit.onClose(
    takeUploads(kit.id, (data, partId) => {
      const at = systemClock.mono();
      const encoding = sniffEncoding(data);
      if (encoding === 'unknown') {
        // a part came, and nothing can be said of it
        const request = { triggerId: 0, partId, expectedRecipe: 0, source: 'image', at } as const;
        if (!collects) station.refuse(request, 'badTrigger');
        throw invalidParameter('upload', 'a JPEG or PNG picture', data);
      }
      const unknown = { width: null, height: null, channels: null, bitDepth: null };
      const instants = { exposedAt: at, exposedUtc: systemClock.utc() };
      const frame = taken(
        new Frame({ ...unknown, ...instants, data, encoding, source: name, number: 0, settings: {} }),
      );
      if (collects) {
        kit.send({ payload: frame });
        return null;
      }
      const message: Message = { part: { id: partId } };
      const answer = inspect(message, frame);
      if (!isRefusal(answer)) kit.send({ ...message, payload: frame, inspection: answer });
      return answer;
    }),
  );

  /** A trigger that came before cannot be answered: it ends at once, not at its deadline. */
  const refuseTriggered = (message: Message, send: Send) => {
    const { id } = requireRef(message, station);
    const detail = 'a picture that is pushed does not say when it was exposed';
    station.failView(id, view, reason('frameTooOld', { view, detail }));
    kit.status('red', detail);
    send({ ...message, payload: null, inspection: station.describe(id, view) });
  };

  return {
    input: async (message, send) => {
      if (inspectionRef(message) !== null) return refuseTriggered(message, send);
      const frame = taken(await frameFrom(message.payload, systemClock, folders));
      if (collects || message.collect === true) return send({ ...message, payload: frame });
      const answer = inspect(message, frame);
      if (isRefusal(answer)) throw refusalError(answer);
      send({ ...message, payload: frame, inspection: answer });
    },
  };
}
