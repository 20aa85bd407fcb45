import { elapsed, nextNumber } from './arithmetic.ts';
import { notIssuedReasons } from './block-texts.ts';
import { clearTrigger, findPending, inFlight, rejectAll, removePending, unanswered } from './pending.ts';
import { partIdBytes } from './picture.ts';
import { mostInFlight, type StationInput, type StationMemory } from './station-io.ts';

const shadowMode = 2;
const notReady = 61;

/** Accepted, refused or no answer; and that nobody else triggers this station. */
export function takeAnswers(memory: StationMemory, input: StationInput, now: number): void {
  const { Status } = input.picture;
  const { out } = memory;
  const last = memory.pendingCount - 1;
  if (last >= 0 && memory.pending[last].state === 1) {
    const entry = memory.pending[last];
    if (Status.AcceptedTrigger === entry.triggerId) {
      entry.state = 2;
      clearTrigger(memory);
    } else if (Status.RejectedTrigger === entry.triggerId) {
      out.refused = true;
      out.refusedTriggerId = entry.triggerId;
      out.refusedReason = Status.RejectedReason;
      removePending(memory, last);
      clearTrigger(memory);
    } else if (elapsed(now, entry.sentAt) > input.answerLimitMs) {
      out.faults.noAnswer = true;
      entry.state = 3;
      clearTrigger(memory);
    }
  }
  if (Status.AcceptedTrigger === memory.lastAccepted) return;
  memory.lastAccepted = Status.AcceptedTrigger;
  if (findPending(memory, Status.AcceptedTrigger) >= 0) return;
  out.faults.countMismatch = true;
  rejectAll(memory);
}

/** Pictures are taken in the order of the triggers: one that is done says so for all before it. */
export function takeExposure(memory: StationMemory, input: StationInput): void {
  const done = input.picture.Status.ExposureDoneTrigger;
  const index = findPending(memory, done);
  if (index < 0 || memory.pending[index].state !== 2 || memory.pending[index].exposed) return;
  for (let n = 0; n <= index; n++) if (memory.pending[n].state === 2) memory.pending[n].exposed = true;
  memory.out.exposureDone = true;
  memory.out.exposureDoneTriggerId = done;
}

/** A part whose result did not come in time stays REJECT. In shadow no result is to come. */
export function watchDeadlines(memory: StationMemory, input: StationInput, now: number): void {
  for (let n = memory.pendingCount - 1; n >= 0; n--) {
    const entry = memory.pending[n];
    if (entry.state !== 2 || elapsed(now, entry.sentAt) <= entry.limitMs) continue;
    if (input.picture.Status.Mode === shadowMode) removePending(memory, n);
    else {
      entry.state = 3;
      memory.out.faults.resultMissing = true;
    }
  }
}

/** Why a trigger cannot be sent now, 0 where it can. */
export function obstacle(memory: StationMemory, input: StationInput): number {
  const { Status } = input.picture;
  if (memory.phase !== 2) return notIssuedReasons.allReject[0];
  if (unanswered(memory)) return notIssuedReasons.unanswered[0];
  if (inFlight(memory) >= mostInFlight) return notIssuedReasons.tooMany[0];
  if (!Status.Ready) return Status.NotReadyReason === 0 ? notReady : Status.NotReadyReason;
  return 0;
}

/** Part id and recipe first, the new TriggerId last: one write of the block is one trigger. */
export function issueTrigger(memory: StationMemory, input: StationInput, now: number): void {
  const { out } = memory;
  const why = obstacle(memory, input);
  if (why !== 0) {
    out.notIssued = true;
    out.notIssuedReason = why;
    return;
  }
  const { AcceptedTrigger, RejectedTrigger, DeadlineMs } = input.picture.Status;
  let triggerId = nextNumber(memory.lastTriggerId);
  // An id that the station still shows from long ago would be read as its answer; one that was given up is still waited for.
  while (triggerId === AcceptedTrigger || triggerId === RejectedTrigger || findPending(memory, triggerId) >= 0) {
    triggerId = nextNumber(triggerId);
  }
  memory.lastTriggerId = triggerId;
  if (memory.pendingCount === mostInFlight) forgetOldest(memory);
  const entry = memory.pending[memory.pendingCount];
  entry.triggerId = triggerId;
  entry.state = 1;
  entry.exposed = false;
  entry.sentAt = now;
  entry.limitMs = DeadlineMs + input.marginMs;
  memory.pendingCount += 1;
  const { command } = out;
  command.partIdLength = Math.min(partIdBytes, input.partIdLength);
  for (let n = 0; n < partIdBytes; n++) command.partId[n] = n < command.partIdLength ? input.partId[n] : 0;
  command.expectedRecipe = input.expectedRecipe;
  command.triggerId = triggerId;
  memory.changed = true;
  out.issued = true;
  out.issuedTriggerId = triggerId;
}

/** There are at most eight: the oldest of those given up makes room. */
function forgetOldest(memory: StationMemory): void {
  const oldest = memory.pending.findIndex(({ state }) => state === 3);
  if (oldest >= 0) removePending(memory, oldest);
}
