import { elapsed, ticksOf } from './arithmetic.ts';
import { faultCodeOf, trackFaults } from './block-texts.ts';
import { eject, expectDoubtful, reportDisposition, watchEjecting } from './ejecting.ts';
import { doubt, doubtAll, moveSlots } from './slots.ts';
import { longestLimitMs } from './station-io.ts';
import { mostSlots, type TrackInput, type TrackMemory, type TrackOutput } from './track-io.ts';

/**
 * FB_GoodpartTrack, one call per PLC cycle, after FB_GoodpartStation: the reference for the Structured Text, which
 * `structured-text/track-body.ts` holds line by line. Changes `memory`, reads no clock, keeps no timer.
 */
export function trackBlock(memory: TrackMemory, input: TrackInput): TrackOutput {
  const { out } = memory;
  const { faults } = out;
  const now = ticksOf(input.nowMs);
  beginCycle(memory, input, now);
  faults.badParameter = !parametersGood(input);
  faults.binFull = input.binFull;
  if (faults.badParameter) {
    for (const slot of out.slots) {
      slot.accept = false;
      slot.settled = true;
    }
    memory.ejectRunning = false;
  } else {
    if (input.allReject) rejectTriggered(memory);
    takeTrigger(memory, input);
    takeResult(memory, input);
    const ticked = input.tick && !memory.tickBefore;
    const extra = watchTicks(memory, input, now, ticked);
    if (ticked) {
      moveSlots(memory, input);
      // The part that has just entered may still be before the slot that an extra pulse moves in.
      if (extra) doubt(out.slots[0]);
      eject(memory, input, now);
    }
    seeParts(memory, input);
    if (memory.blind && input.moving) expectDoubtful(memory, now);
    watchEjecting(memory, input, now);
    if (memory.ejectRunning && elapsed(now, memory.ejectSince) >= input.ejectPulseMs) memory.ejectRunning = false;
    reportDisposition(memory, input);
  }
  endCycle(memory, input);
  return out;
}

function beginCycle(memory: TrackMemory, input: TrackInput, now: number): void {
  const { out } = memory;
  if (!memory.started) {
    // What is covered or pressed when the PLC starts is no edge, and nobody knows what lies on the line.
    memory.started = true;
    for (const slot of out.slots) doubt(slot);
    memory.tickBefore = input.tick;
    memory.partBefore = input.partSensor;
    memory.checkBefore = input.checkSensor;
    memory.ejectBefore = input.ejectSensor;
    memory.resetBefore = input.reset;
    memory.tickSince = now;
    memory.cycleSince = now;
    memory.blind = true;
  }
  out.triggerRequest = false;
  out.dispositionTrigger = 0;
  out.dispositionCode = 0;
  if (input.reset && !memory.resetBefore) {
    const { faults } = out;
    faults.ejectFailed = false;
    faults.missedPulse = false;
    faults.extraPulse = false;
    faults.outOfStep = false;
    faults.twoParts = false;
    faults.noGap = false;
    faults.triggerLost = false;
    faults.unexpectedEject = false;
    faults.dispositionLost = false;
  }
}

function parametersGood(input: TrackInput): boolean {
  const { slotCount, triggerPosition, ejectPosition, checkPosition, confirmTicks, ejectPulseMs } = input;
  return (
    slotCount >= 3 &&
    slotCount <= mostSlots &&
    triggerPosition >= 1 &&
    ejectPosition > triggerPosition &&
    ejectPosition < slotCount &&
    checkPosition >= 0 &&
    checkPosition < ejectPosition &&
    confirmTicks >= 0 &&
    ejectPulseMs > 0 &&
    ejectPulseMs <= longestLimitMs &&
    input.confirmMs <= longestLimitMs &&
    input.tickMinMs <= longestLimitMs &&
    input.tickMaxMs <= longestLimitMs
  );
}

/** Whatever was triggered before is REJECT for good; a part that is still to be triggered may yet be accepted. */
function rejectTriggered(memory: TrackMemory): void {
  for (const slot of memory.out.slots) {
    if (slot.triggerId === 0 && !slot.requested) continue;
    slot.accept = false;
    slot.requested = false;
    slot.settled = true;
  }
}

function takeTrigger(memory: TrackMemory, input: TrackInput): void {
  for (const slot of memory.out.slots) {
    if (slot.requested && input.issued) {
      slot.requested = false;
      slot.triggerId = input.issuedTriggerId;
    } else if (slot.requested && input.notIssued) {
      slot.requested = false;
      slot.settled = true;
    }
    if (input.refused && slot.triggerId !== 0 && slot.triggerId === input.refusedTriggerId) slot.settled = true;
  }
}

/** The only place where a slot becomes ACCEPT. */
function takeResult(memory: TrackMemory, input: TrackInput): void {
  if (!input.newResult || input.resultTriggerId === 0) return;
  for (let n = 0; n < input.ejectPosition; n++) {
    const slot = memory.out.slots[n];
    if (!slot.occupied || slot.settled || slot.triggerId !== input.resultTriggerId) continue;
    slot.accept = input.resultAccept;
    slot.settled = true;
  }
}

/** Where a pulse is missing or one came too much, nobody knows any more which part lies on which slot. Whether this one is too much. */
function watchTicks(memory: TrackMemory, input: TrackInput, now: number, ticked: boolean): boolean {
  const { faults } = memory.out;
  if (!input.moving) memory.tickSince = ticksOf(memory.tickSince + elapsed(now, memory.cycleSince));
  memory.cycleSince = now;
  const since = elapsed(now, memory.tickSince);
  const extra = ticked && input.moving && memory.tickKnown && since < input.tickMinMs;
  if (ticked) {
    if (extra) {
      faults.extraPulse = true;
      doubtAll(memory, input);
    }
    memory.tickSince = now;
    memory.tickKnown = true;
    memory.blind = false;
  } else if (!input.moving) {
    memory.tickKnown = false;
  } else if (input.tickMaxMs > 0 && since > input.tickMaxMs) {
    faults.missedPulse = true;
    doubtAll(memory, input);
    memory.tickSince = now;
    memory.blind = true;
  }
  return extra;
}

/** An edge in the cycle of a tick belongs to the slot that has just come. */
function seeParts(memory: TrackMemory, input: TrackInput): void {
  const { slots, faults } = memory.out;
  if (!input.partSensor) memory.covered = false;
  if (input.partSensor && !memory.partBefore) {
    if (slots[0].occupied) {
      faults.twoParts = true;
      slots[0].accept = false;
      slots[0].settled = true;
    }
    slots[0].occupied = true;
  }
  if (input.checkSensor && !memory.checkBefore) memory.checkSeen = true;
}

function endCycle(memory: TrackMemory, input: TrackInput): void {
  const { out } = memory;
  memory.tickBefore = input.tick;
  memory.partBefore = input.partSensor;
  memory.checkBefore = input.checkSensor;
  memory.ejectBefore = input.ejectSensor;
  memory.resetBefore = input.reset;
  const blind = memory.blind && input.moving && !out.faults.badParameter;
  out.eject = memory.ejectRunning || blind;
  out.faultCode = faultCodeOf(trackFaults, out.faults);
  out.fault = out.faultCode !== 0;
  const { ejectFailed, badParameter, missedPulse } = out.faults;
  // With a pulse missing a part may be past the ejector before its slot is.
  out.stopRequest = input.binFull || ejectFailed || badParameter || missedPulse;
}
