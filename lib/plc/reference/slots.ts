import { emptySlot, type TrackInput, type TrackMemory } from './track-io.ts';

/** One tick: everything moves one slot on, and what comes to the trigger position asks for its trigger. */
export function moveSlots(memory: TrackMemory, input: TrackInput): void {
  const { out } = memory;
  const { slots, faults } = out;
  for (const slot of slots) {
    if (!slot.requested) continue;
    slot.requested = false;
    slot.settled = true;
    faults.triggerLost = true;
  }
  if (input.checkPosition > 0) {
    const { occupied, doubtful } = slots[input.checkPosition];
    if (!doubtful && occupied !== memory.checkSeen) {
      faults.outOfStep = true;
      doubtAll(memory, input);
    }
  }
  memory.checkSeen = false;
  const noGap = memory.covered && input.partSensor;
  memory.covered = input.partSensor;
  slots.pop();
  slots.unshift(emptySlot());
  for (let n = input.slotCount; n < slots.length; n++) slots[n] = emptySlot();
  if (noGap) {
    faults.noGap = true;
    for (let n = 0; n <= 2; n++) {
      slots[n].occupied = true;
      slots[n].accept = false;
      slots[n].settled = true;
    }
  }
  const arrived = slots[input.triggerPosition];
  if (arrived.occupied && !arrived.settled && arrived.triggerId === 0) {
    arrived.requested = true;
    out.triggerRequest = true;
  }
}

/** This slot is ejected, whether something lies in it or not. */
export function doubt(slot: TrackMemory['out']['slots'][number]): void {
  slot.doubtful = true;
  slot.accept = false;
  slot.requested = false;
  slot.settled = true;
}

/** Every slot before the eject position. */
export function doubtAll(memory: TrackMemory, input: TrackInput): void {
  for (let n = 0; n < input.ejectPosition; n++) doubt(memory.out.slots[n]);
}
