import type { TriggerRequest, TriggerSource } from '../core/inspection.ts';
import type { ReasonKey } from '../core/reasons.ts';

export const maxPartIdBytes = 64;

const sources: readonly TriggerSource[] = ['message', 'timer', 'camera', 'image', 'plc', 'hardware'];

/**
 * What is wrong with a trigger from outside, or null. A part id is text of at most 64 bytes UTF-8 without control
 * characters; `../` is harmless, for it never becomes a path.
 */
export function triggerTrouble(request: TriggerRequest): { key: ReasonKey; detail: string } | null {
  if (typeof request !== 'object' || request === null) return { key: 'badTrigger', detail: 'nothing came' };
  const { triggerId, partId, expectedRecipe, source, at } = request;
  if (typeof partId !== 'string') return { key: 'badPartId', detail: 'it is not a text' };
  // The length in characters first: a 10 MB id must not cost an encoding.
  if (partId.length > maxPartIdBytes || Buffer.byteLength(partId) > maxPartIdBytes) {
    return { key: 'badPartId', detail: `it is longer than ${maxPartIdBytes} bytes` };
  }
  if (/\p{Cc}|\p{Surrogate}/u.test(partId)) return { key: 'badPartId', detail: 'it holds control characters' };
  if (!wire(triggerId)) return { key: 'badTrigger', detail: 'its id is not a whole number from 0 to 65535' };
  if (!wire(expectedRecipe)) return { key: 'badTrigger', detail: 'its recipe is not a whole number from 0 to 65535' };
  if (!sources.includes(source)) return { key: 'badTrigger', detail: 'its source is unknown' };
  if (typeof at !== 'number' || !Number.isFinite(at))
    return { key: 'badTrigger', detail: 'its instant is not a number' };
  return null;
}

/** A refused request as it may be recorded: nothing in it is longer or stranger than in an accepted one. */
export function harmless(request: TriggerRequest, now: number): TriggerRequest {
  const given: Partial<TriggerRequest> = typeof request === 'object' && request !== null ? request : {};
  const partId = typeof given.partId === 'string' ? given.partId.slice(0, maxPartIdBytes) : '';
  const printable = partId.replace(/\p{Cc}|\p{Surrogate}/gu, '\uFFFD');
  const bytes = Buffer.from(printable).subarray(0, maxPartIdBytes);
  return Object.freeze({
    triggerId: wire(given.triggerId) ? given.triggerId : 0,
    partId: bytes.toString('utf8').replace(/\uFFFD+$/, ''),
    expectedRecipe: wire(given.expectedRecipe) ? given.expectedRecipe : 0,
    source: sources.includes(given.source as TriggerSource) ? (given.source as TriggerSource) : 'message',
    at: typeof given.at === 'number' && Number.isFinite(given.at) ? given.at : now,
  });
}

function wire(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65535;
}
