import { elapsed, ticksOf } from './arithmetic.ts';
import { faultCodeOf, stationFaults } from './block-texts.ts';
import { disposition, slowCommand } from './command-desk.ts';
import { inFlight, unanswered } from './pending.ts';
import { takeResult } from './results.ts';
import type { StationInput, StationMemory, StationOutput } from './station-io.ts';
import { watchTrust } from './station-trust.ts';
import { issueTrigger, obstacle, takeAnswers, takeExposure, watchDeadlines } from './triggers.ts';

const plcHeartbeatMs = 500;

/**
 * FB_GoodpartStation, one call per PLC cycle: the reference for the Structured Text, which `structured-text/station-body.ts` holds line by
 * line. Changes `memory`, reads no clock, keeps no timer. The returned outputs are the memory's own: read them before the next call.
 */
export function stationBlock(memory: StationMemory, input: StationInput): StationOutput {
  const { out } = memory;
  const now = ticksOf(input.nowMs);
  beginCycle(memory, input, now);
  watchTrust(memory, input, now);
  if (memory.phase === 2) takeAnswers(memory, input, now);
  if (memory.phase === 2) {
    takeExposure(memory, input);
    takeResult(memory, input, now);
  }
  if (memory.phase === 2) watchDeadlines(memory, input, now);
  if (input.trigger && !memory.triggerBefore) issueTrigger(memory, input, now);
  slowCommand(memory, input, now);
  disposition(memory, input, now);
  if (elapsed(now, memory.plcHeartbeatSince) >= plcHeartbeatMs) {
    memory.plcHeartbeatSince = now;
    out.command.plcHeartbeat = (out.command.plcHeartbeat + 1) % 65536;
    memory.changed = true;
  }
  endCycle(memory, input);
  return out;
}

function beginCycle(memory: StationMemory, input: StationInput, now: number): void {
  const { out } = memory;
  if (!memory.started) {
    // A button that is already pressed when the PLC starts is no request.
    memory.started = true;
    memory.triggerBefore = input.trigger;
    memory.commandStartBefore = input.commandStart;
    memory.faultResetBefore = input.faultReset;
    memory.plcHeartbeatSince = now;
    memory.changed = true;
  }
  out.issued = false;
  out.notIssued = false;
  out.refused = false;
  out.exposureDone = false;
  out.newResult = false;
  out.resultAccept = false;
  if (input.faultReset && !memory.faultResetBefore) {
    const { faults } = out;
    faults.stationRestarted = false;
    faults.countMismatch = false;
    faults.unknownResult = false;
    faults.outOfOrder = false;
    faults.resultsLost = false;
    faults.noAnswer = false;
    faults.resultMissing = false;
    faults.lateResult = false;
    faults.commandNoAnswer = false;
    faults.dispositionLost = false;
  }
}

function endCycle(memory: StationMemory, input: StationInput): void {
  const { out } = memory;
  memory.triggerBefore = input.trigger;
  memory.commandStartBefore = input.commandStart;
  memory.faultResetBefore = input.faultReset;
  if (memory.changed) {
    memory.changed = false;
    out.commandVersion = (out.commandVersion + 1) % 65536;
  }
  out.allReject = memory.phase !== 2;
  out.inFlight = inFlight(memory);
  out.readyToTrigger = obstacle(memory, input) === 0;
  const waiting = memory.pending.some((entry, n) => n < memory.pendingCount && entry.state === 2 && !entry.exposed);
  out.mayMove = !unanswered(memory) && !waiting;
  out.faultCode = faultCodeOf(stationFaults, out.faults);
  out.fault = out.faultCode !== 0;
}
