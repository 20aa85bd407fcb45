import type { NodeAPI } from 'node-red';
import { systemClock } from '../core/clock.ts';
import type { Station } from '../station/station.ts';
import { intake, isRefusal, refusalError } from './intake.ts';
import { frameFrom, inspectionRef, type Message, requireRef } from './messages.ts';

/**
 * The inspection and view that a message is about. One with an image and no inspection opens one by itself, for `ownView`.
 * Throws GP_STATION_REFUSED, GP_INPUT_INVALID.
 */
export async function subjectOf(
  RED: NodeAPI,
  station: Station,
  message: Message,
  ownView: string,
): Promise<{ id: string; view: string }> {
  if (inspectionRef(message) !== null) return requireRef(message, station);
  const folders = (RED.settings as { goodpart?: { imageFolders?: string[] } }).goodpart?.imageFolders ?? [];
  const frame = await frameFrom(message.payload, systemClock, folders);
  const answer = intake(station, message, 'image', undefined, frame.info.exposedAt);
  if (isRefusal(answer)) throw refusalError(answer);
  station.addFrame(answer.id, ownView, frame, frame.info.source);
  return { id: answer.id, view: ownView };
}
