import { systemClock } from '../core/clock.ts';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Inspection, TriggerSource } from '../core/inspection.ts';
import type { Refusal } from '../core/snapshot.ts';
import type { Station } from '../station/station.ts';
import { type Message, property } from './messages.ts';

/** Which message properties name the part, the expected recipe and the PLC's trigger; empty = none. */
export interface IntakeProperties {
  partIdProperty: string;
  recipeProperty: string;
  triggerIdProperty: string;
}

export const defaultIntake: IntakeProperties = { partIdProperty: 'part.id', recipeProperty: '', triggerIdProperty: '' };

/** Asks the station to inspect the part that a message announces, at this instant or at the instant of a frame's exposure. */
export function intake(
  station: Station,
  message: Message,
  source: TriggerSource,
  properties: IntakeProperties = defaultIntake,
  at: number = systemClock.mono(),
): Inspection | Refusal {
  const answer = station.accept({ ...requested(message, properties), source, at });
  return 'inspection' in answer ? answer.inspection : answer;
}

/** Tells the station which part the light barrier will see next. */
export function announcement(
  station: Station,
  message: Message,
  properties: IntakeProperties = defaultIntake,
): Inspection | Refusal {
  const answer = station.announcePart({ ...requested(message, properties), at: systemClock.mono() });
  return 'inspection' in answer ? answer.inspection : answer;
}

function requested(message: Message, properties: IntakeProperties) {
  return {
    triggerId: whole(message, properties.triggerIdProperty),
    partId: partId(message, properties.partIdProperty),
    expectedRecipe: whole(message, properties.recipeProperty),
  };
}

export function isRefusal(answer: Inspection | Refusal): answer is Refusal {
  return 'refused' in answer && answer.refused;
}

export function refusalError(refusal: Refusal): GoodpartError {
  return new GoodpartError('GP_STATION_REFUSED', `Not accepted: ${refusal.text}`, { received: refusal.reason });
}

/** As text, whatever came; what the station makes of a hostile one is the station's decision. */
function partId(message: Message, path: string): string {
  const value = path ? property(message, path) : undefined;
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw invalidParameter(`msg.${path}`, 'a text or a number', value);
}

function whole(message: Message, path: string): number {
  const value = path ? property(message, path) : undefined;
  if (value === undefined || value === null || value === '') return 0;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 65535) {
    throw invalidParameter(`msg.${path}`, 'a whole number from 0 to 65535', value);
  }
  return number;
}
