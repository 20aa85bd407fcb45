import { emptyPending, type StationMemory } from './station-io.ts';

/** Place of a trigger in the list of those in flight, -1 where it is not there. */
export function findPending(memory: StationMemory, triggerId: number): number {
  if (triggerId === 0) return -1;
  return memory.pending.findIndex((entry, n) => n < memory.pendingCount && entry.triggerId === triggerId);
}

export function removePending(memory: StationMemory, index: number): void {
  memory.pending.splice(index, 1);
  memory.pending.push(emptyPending());
  memory.pendingCount -= 1;
}

/** Parts whose result is still to come: a trigger that was given up no longer counts. */
export function inFlight(memory: StationMemory): number {
  return memory.pending.filter((entry, n) => n < memory.pendingCount && entry.state < 3).length;
}

export function unanswered(memory: StationMemory): boolean {
  return memory.pending.some((entry, n) => n < memory.pendingCount && entry.state === 1);
}

/** TriggerId goes back to 0 once answered: a station that starts anew then finds no old trigger in the block. */
export function clearTrigger(memory: StationMemory): void {
  if (memory.out.command.triggerId === 0) return;
  memory.out.command.triggerId = 0;
  memory.changed = true;
}

/** Nothing in flight is to be believed any more: every slot is REJECT until the station has settled again. */
export function rejectAll(memory: StationMemory): void {
  memory.phase = 0;
  memory.pendingCount = 0;
  clearTrigger(memory);
}
