import { dispositionCodes } from '../../core/commands.ts';
import { elapsed } from './arithmetic.ts';
import { type Ejecting, mostDispositions, mostEjecting, type TrackInput, type TrackMemory } from './track-io.ts';

const mostTicks = 30_000;

/** What comes to the eject position leaves the line unless it is ACCEPT. */
export function eject(memory: TrackMemory, input: TrackInput, now: number): void {
  for (let n = 0; n < memory.ejectingCount; n++) {
    if (memory.ejecting[n].ticks < mostTicks) memory.ejecting[n].ticks += 1;
  }
  if (memory.doubtTicks < mostTicks) memory.doubtTicks += 1;
  const slot = memory.out.slots[input.ejectPosition];
  slot.settled = true;
  if (slot.doubtful || (slot.occupied && !slot.accept)) {
    memory.ejectRunning = true;
    memory.ejectSince = now;
    if (slot.occupied && !slot.doubtful && (input.confirmMs > 0 || input.confirmTicks > 0)) {
      if (memory.ejectingCount === mostEjecting) fail(memory);
      const entry = memory.ejecting[memory.ejectingCount];
      entry.triggerId = slot.triggerId;
      entry.since = now;
      entry.ticks = 0;
      memory.ejectingCount += 1;
    } else {
      queue(memory, slot.triggerId, dispositionCodes.ejected);
      expectDoubtful(memory, now);
    }
    slot.occupied = false;
    slot.doubtful = false;
    slot.accept = false;
  } else if (slot.occupied) {
    queue(memory, slot.triggerId, dispositionCodes.accepted);
  }
}

/** What is ejected now may be nothing, and may be seen at the eject sensor. */
export function expectDoubtful(memory: TrackMemory, now: number): void {
  memory.doubtEjecting = true;
  memory.doubtSince = now;
  memory.doubtTicks = 0;
}

/** A part that was not seen at the eject sensor in time may still be on the line: stop. */
export function watchEjecting(memory: TrackMemory, input: TrackInput, now: number): void {
  if (input.ejectSensor && !memory.ejectBefore) {
    if (memory.ejectingCount > 0) {
      queue(memory, memory.ejecting[0].triggerId, dispositionCodes.ejected);
      dropOldest(memory);
    } else if (!memory.doubtEjecting && (input.confirmMs > 0 || input.confirmTicks > 0)) {
      memory.out.faults.unexpectedEject = true;
    }
  }
  while (memory.ejectingCount > 0 && overdue(memory.ejecting[0], input, now)) fail(memory);
  if (overdue({ since: memory.doubtSince, ticks: memory.doubtTicks }, input, now)) memory.doubtEjecting = false;
}

function overdue({ since, ticks }: Pick<Ejecting, 'since' | 'ticks'>, input: TrackInput, now: number): boolean {
  const late = input.confirmMs > 0 && elapsed(now, since) > input.confirmMs;
  return late || (input.confirmTicks > 0 && ticks > input.confirmTicks);
}

function fail(memory: TrackMemory): void {
  memory.out.faults.ejectFailed = true;
  queue(memory, memory.ejecting[0].triggerId, dispositionCodes.ejectFailed);
  dropOldest(memory);
}

function dropOldest(memory: TrackMemory): void {
  memory.ejecting.push(...memory.ejecting.splice(0, 1));
  memory.ejectingCount -= 1;
}

/** Reported to the station one after the other; a part that was never triggered has no record there. */
function queue(memory: TrackMemory, triggerId: number, code: number): void {
  if (triggerId === 0) return;
  if (memory.dispositionCount === mostDispositions) {
    memory.out.faults.dispositionLost = true;
    return;
  }
  const entry = memory.dispositions[memory.dispositionCount];
  entry.triggerId = triggerId;
  entry.code = code;
  memory.dispositionCount += 1;
}

export function reportDisposition(memory: TrackMemory, input: TrackInput): void {
  if (memory.dispositionCount === 0 || !input.dispositionReady) return;
  const [oldest] = memory.dispositions.splice(0, 1);
  memory.out.dispositionTrigger = oldest.triggerId;
  memory.out.dispositionCode = oldest.code;
  memory.dispositions.push(oldest);
  memory.dispositionCount -= 1;
}
