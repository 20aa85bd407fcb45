import { elapsed, laterNumber, reached } from './arithmetic.ts';
import { clearTrigger, rejectAll } from './pending.ts';
import type { StationPicture } from './picture.ts';
import { longestLimitMs, type StationInput, type StationMemory } from './station-io.ts';

const knownMap = 256;
const proofWord = 0x12345678;

/**
 * Whether the station may be believed at all: link, map, word order, heartbeat, BootId. Moves the phase: 0 not usable, 1 settling (what is
 * already there is taken as known, what is open is waited for), 2 running.
 */
export function watchTrust(memory: StationMemory, input: StationInput, now: number): void {
  const { picture, linkOk } = input;
  const { Status } = picture;
  const { faults } = memory.out;
  faults.badParameter = !parametersGood(input);
  faults.linkDown = !linkOk;
  faults.wrongMap = linkOk && (Status.MapVersion !== knownMap || Status.BootId === 0);
  faults.wrongWordOrder = linkOk && !faults.wrongMap && (Status.ProofWord !== proofWord || Status.ProofFloat !== 1);
  const readable = linkOk && !faults.wrongMap && !faults.wrongWordOrder && !faults.badParameter;
  watchHeartbeat(memory, input, now, readable);
  watchTorn(memory, input, now, readable);
  if (!readable || !memory.heartbeatAlive || memory.tornTooLong) {
    rejectAll(memory);
    return;
  }
  if (memory.phase === 0) beginSettling(memory, now);
  else if (memory.phase === 1) settle(memory, input, now);
}

function parametersGood(input: StationInput): boolean {
  const limits = [input.heartbeatLimitMs, input.answerLimitMs, input.commandLimitMs];
  const waits = [input.marginMs, input.dispositionHoldMs];
  return limits.every((ms) => ms > 0 && ms <= longestLimitMs) && waits.every((ms) => ms <= longestLimitMs);
}

/** Alive only once a count was seen to go on; a new BootId has to prove it anew. */
function watchHeartbeat(memory: StationMemory, input: StationInput, now: number, readable: boolean): void {
  const { BootId, Heartbeat } = input.picture.Status;
  const { faults } = memory.out;
  if (!readable) {
    memory.heartbeatKnown = false;
    memory.heartbeatAlive = false;
    faults.heartbeatStopped = false;
    return;
  }
  if (memory.bootKnown !== BootId) {
    if (memory.bootKnown !== 0) faults.stationRestarted = true;
    memory.bootKnown = BootId;
    memory.heartbeatKnown = false;
  }
  if (!memory.heartbeatKnown) {
    memory.heartbeatKnown = true;
    memory.heartbeatAlive = false;
    memory.heartbeatLast = Heartbeat;
    memory.heartbeatSince = now;
    faults.heartbeatStopped = false;
  } else if (Heartbeat !== memory.heartbeatLast) {
    memory.heartbeatAlive = true;
    memory.heartbeatLast = Heartbeat;
    memory.heartbeatSince = now;
    faults.heartbeatStopped = false;
  } else if (elapsed(now, memory.heartbeatSince) > input.heartbeatLimitMs) {
    memory.heartbeatAlive = false;
    faults.heartbeatStopped = true;
  }
}

function watchTorn(memory: StationMemory, input: StationInput, now: number, readable: boolean): void {
  const { faults } = memory.out;
  if (!readable || !tornPicture(input.picture)) {
    memory.tornRunning = false;
    memory.tornTooLong = false;
  } else if (!memory.tornRunning) {
    memory.tornRunning = true;
    memory.tornSince = now;
  } else if (elapsed(now, memory.tornSince) > input.answerLimitMs) {
    memory.tornTooLong = true;
  }
  faults.tornRead = memory.tornTooLong;
}

/** Read in pieces of different age: Sequence differs, or bits and Code contradict each other. Then no result is taken from it. */
export function tornPicture({ Status, Result }: StationPicture): boolean {
  const coded = Result.Code >= 1 && Result.Code <= 4;
  const acceptable = Result.Code === 1 || Result.Code === 2;
  return (
    Result.Sequence !== Result.SequenceAgain ||
    Status.ResultValid !== coded ||
    Status.Pass !== (Result.Code === 1) ||
    Status.Warn !== (Result.Code === 2) ||
    Status.Fail !== (Result.Code === 3) ||
    Status.Invalid !== (Result.Code === 4) ||
    Status.Accept !== (Result.Accept === 1) ||
    Result.Accept > 1 ||
    (Result.Accept === 1 && !acceptable)
  );
}

function beginSettling(memory: StationMemory, now: number): void {
  memory.phase = 1;
  memory.settleSince = now;
  clearTrigger(memory);
  // The block is written anew in any case: only then is it sure that no old TriggerId stands in the station.
  memory.changed = true;
  memory.settleVersion = (memory.out.commandVersion + 1) % 65536;
}

function settle(memory: StationMemory, input: StationInput, now: number): void {
  const { Status, Result } = input.picture;
  if (memory.tornRunning) return;
  memory.lastSequence = Result.Sequence;
  memory.lastAccepted = Status.AcceptedTrigger;
  memory.ringWaiting = false;
  memory.lastTriggerId = laterNumber(memory.lastTriggerId, laterNumber(Status.AcceptedTrigger, Status.RejectedTrigger));
  if (input.ackResults && memory.out.command.resultAck !== Result.Sequence) {
    memory.out.command.resultAck = Result.Sequence;
    memory.changed = true;
  }
  const finished = Status.Open === 0 || elapsed(now, memory.settleSince) > Status.DeadlineMs + input.marginMs;
  if (finished && reached(input.writtenVersion, memory.settleVersion)) memory.phase = 2;
}
