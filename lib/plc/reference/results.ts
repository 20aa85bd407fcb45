import { elapsed, nextNumber, stepsAhead } from './arithmetic.ts';
import { findPending, rejectAll, removePending } from './pending.ts';
import type { StationInput, StationMemory } from './station-io.ts';

const shadowMode = 2;

/** Takes at most one result per cycle, in the station's order; what came between two reads is found in the ring. */
export function takeResult(memory: StationMemory, input: StationInput, now: number): void {
  const { Status, Result, Ring } = input.picture;
  if (memory.tornRunning || Result.Sequence === memory.lastSequence) return;
  if (Status.Mode === shadowMode) {
    // In shadow a Sequence says nothing about a part.
    memory.lastSequence = Result.Sequence;
    return;
  }
  const wanted = nextNumber(memory.lastSequence);
  if (wanted === Result.Sequence) {
    deliver(memory, input, now, {
      sequence: wanted,
      triggerId: Result.TriggerId,
      code: Result.Code,
      reason: Result.Reason,
      severity: Result.SeverityX1000,
      accept: Result.Accept === 1,
    });
    return;
  }
  const entry = Result.Sequence === 0 ? undefined : Ring.find(({ Sequence }) => Sequence === wanted);
  if (entry !== undefined) {
    deliver(memory, input, now, {
      sequence: wanted,
      triggerId: entry.TriggerId,
      code: entry.Code,
      reason: entry.Reason,
      severity: entry.Severity,
      accept: entry.Code === 1 || (entry.Code === 2 && input.warnAccepts),
    });
    return;
  }
  missing(memory, input, now);
}

/** The ring was read before the newest result, and the next read brings it; or the result is lost. */
function missing(memory: StationMemory, input: StationInput, now: number): void {
  const { Result, Ring } = input.picture;
  const newest = Ring[0].Sequence;
  const upToDate = newest !== 0 && Result.Sequence !== 0 && stepsAhead(Result.Sequence, newest) < 32768;
  if (!memory.ringWaiting) {
    memory.ringWaiting = true;
    memory.ringSince = now;
  }
  if (upToDate || Result.Sequence === 0 || elapsed(now, memory.ringSince) > input.answerLimitMs) {
    memory.out.faults.resultsLost = true;
    rejectAll(memory);
  }
}

interface Found {
  sequence: number;
  triggerId: number;
  code: number;
  reason: number;
  severity: number;
  accept: boolean;
}

function deliver(memory: StationMemory, input: StationInput, now: number, found: Found): void {
  const { out } = memory;
  const index = findPending(memory, found.triggerId);
  const state = index < 0 ? 0 : memory.pending[index].state;
  // Its acceptance is not read yet: read in pieces. The next read brings both.
  if (state === 1) return;
  memory.ringWaiting = false;
  memory.lastSequence = found.sequence;
  if (input.ackResults) {
    out.command.resultAck = found.sequence;
    memory.changed = true;
  }
  out.newResult = true;
  out.resultSequence = found.sequence;
  out.resultTriggerId = found.triggerId;
  out.resultCode = found.code;
  out.resultReason = found.reason;
  out.resultSeverity = found.severity;
  out.resultAccept = false;
  if (state === 2) {
    const { sentAt, limitMs } = memory.pending[index];
    const overtaken = memory.pending.some((entry, n) => n < index && entry.state === 2);
    if (overtaken) {
      out.faults.outOfOrder = true;
      rejectAll(memory);
      return;
    }
    if (elapsed(now, sentAt) > limitMs) out.faults.lateResult = true;
    else out.resultAccept = found.accept;
    removePending(memory, index);
  } else if (state === 3) {
    out.faults.lateResult = true;
    removePending(memory, index);
  } else if (found.triggerId !== 0) {
    out.faults.unknownResult = true;
    rejectAll(memory);
  }
}
