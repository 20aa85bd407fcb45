import { verdictCodes, wireSequence } from '../core/inspection.ts';
import { reason } from '../core/reasons.ts';
import type { PublishedResult, StationSnapshot } from '../core/snapshot.ts';
import type { Said } from './forwarding.ts';
import type { ResultQuality, RingEntry, TagValues } from './tag-values.ts';

/** 501: Node-RED is silent (FaultCode 5xx, internal). */
export const hostSilentFault = 501;

/** `alive`: Node-RED is heard. `silent`: it hangs or is dead, this process speaks alone. `closing`: orderly shutdown. */
export type HostCondition = 'alive' | 'silent' | 'closing';

/** What the PLC child itself answered to the command block, and the block. */
export interface CommandView extends Said {
  registers: ArrayLike<number>;
}

export interface ImageInput {
  snapshot: StationSnapshot;
  /** Results that this process published in Node-RED's place: what was open when it fell silent. */
  told: readonly PublishedResult[];
  /** Results up to this sequence were made in shadow mode: their verdict is never shown. */
  shadowUpTo: number;
  command: CommandView;
  heartbeat: number;
  condition: HostCondition;
  /** Monotonic milliseconds. */
  now: number;
}

const runMode = 3;
const shadowMode = 2;
const nothing: Readonly<RingEntry> = Object.freeze({ sequence: 0, triggerId: 0, code: 0, reason: 0, severity: null });
const noRoi = Object.freeze({ code: 0, severity: null, score: null });

/** The one rendering of a station's tags, for all protocols; pure. PLC.md sections 3 and 5. */
export function renderTags(input: ImageInput): TagValues {
  const { snapshot, told, command, condition, heartbeat, now } = input;
  const alive = condition === 'alive';
  const result = newestResult(snapshot, told);
  const shadowed = snapshot.mode === shadowMode || (result !== null && result.sequence <= input.shadowUpTo);
  const ageMs = result === null ? 0 : Math.max(0, now - result.at);
  const stale = result !== null && isStale(result, ageMs, snapshot.staleAfterMs);
  const hidden = result === null || shadowed || stale || condition === 'closing';
  const code = hidden ? 0 : verdictCodes[result.verdict];
  const accept = (code === 1 || code === 2) && result?.accept === true;
  const measured = result !== null && !shadowed && result.verdict !== 'invalid';
  const silent = condition === 'silent';
  const untold = told.filter((entry) => entry.sequence > snapshot.lastSequence).length;
  const counted = snapshot.mode === runMode ? untold : 0;
  return Object.freeze({
    bootId: snapshot.bootId,
    heartbeat,
    mode: snapshot.mode,
    notReadyReason: silent ? reason('stationHung').code : snapshot.notReadyReason,
    faultCode: silent ? hostSilentFault : snapshot.faultCode,
    ne107: silent ? 1 : snapshot.ne107,
    activeRecipe: snapshot.activeRecipe,
    commandAck: command.ack || snapshot.commandAck,
    commandStatus: command.ack ? command.status : snapshot.commandStatus,
    open: alive ? snapshot.open : 0,
    acceptedTrigger: snapshot.acceptedTrigger,
    exposureDoneTrigger: snapshot.exposureDoneTrigger,
    rejectedTrigger: command.rejected?.triggerId ?? snapshot.rejectedTrigger,
    rejectedReason: command.rejected?.reason ?? snapshot.rejectedReason,
    deadlineMs: snapshot.deadlineMs,
    status: Object.freeze({
      Ready: alive && snapshot.status.ready,
      Busy: alive && snapshot.status.busy,
      ResultValid: code !== 0,
      Pass: code === 1,
      Warn: code === 2,
      Fail: code === 3,
      Invalid: code === 4,
      Accept: accept,
      Fault: silent || snapshot.status.fault,
      Online: alive && snapshot.status.online,
      ExposureDone: snapshot.status.exposureDone,
      Stale: stale,
      Overrun: snapshot.status.overrun,
      AlarmLatched: snapshot.status.alarmLatched,
      StopRequest: snapshot.status.stopRequest,
      HeartbeatToggle: heartbeat % 2 === 1,
    }),
    health: Object.freeze({
      CameraOk: snapshot.health.cameraOk,
      EngineOk: snapshot.health.engineOk,
      EvidenceOk: snapshot.health.evidenceOk,
      ClockSynchronised: snapshot.health.clockSynchronised,
      Degraded: snapshot.health.degraded,
      NotValidated: snapshot.health.notValidated,
      ChallengeDue: snapshot.health.challengeDue,
      CommissioningHeld: snapshot.health.commissioningHeld,
      Shadow: snapshot.health.shadow,
      Simulated: snapshot.health.simulated,
    }),
    result: Object.freeze({
      sequence: wireSequence(result?.sequence ?? snapshot.lastSequence),
      triggerId: result?.triggerId ?? 0,
      code,
      reason: shadowed ? 0 : (result?.reason ?? 0),
      accept,
      severity: measured ? result.severity : null,
      score: measured ? result.score : null,
      worstRoi: measured ? result.worstRoi : 0,
      recipe: result?.recipe ?? 0,
      defectClass: measured ? result.defectClass : 0,
      timeUtc: result?.timeUtc ?? 0,
      ageMs,
      cycleMs: result?.cycleMs ?? 0,
      inferenceMs: result?.inferenceMs ?? 0,
      partId: result?.partId ?? '',
    }),
    quality: qualityOf(condition, result, stale, code),
    alarmCode: snapshot.alarmCode,
    shadow: Object.freeze({ ...snapshot.shadow }),
    counters: Object.freeze({
      ...snapshot.counters,
      total: snapshot.counters.total + counted,
      invalid: snapshot.counters.invalid + counted,
      missed: snapshot.counters.missed + command.missed,
    }),
    rois: renderRois(measured && code !== 0 ? result : null),
    ring: renderRing(input),
    command: Object.freeze(Array.from(command.registers)),
  });
}

/** Only free-running results age: one that answers a PLC's trigger waits until the PLC took it (PLC.md section 5). */
function isStale(result: PublishedResult, ageMs: number, staleAfterMs: number): boolean {
  return staleAfterMs > 0 && result.triggerId === 0 && ageMs > staleAfterMs;
}

/** What was told once stays told: it wins over a later verdict of the same sequence, and the sequence never falls back. */
function newestResult(snapshot: StationSnapshot, told: readonly PublishedResult[]): PublishedResult | null {
  let newest = snapshot.result;
  for (const entry of told) if (entry.sequence >= (newest?.sequence ?? snapshot.lastSequence)) newest = entry;
  return newest;
}

function qualityOf(
  condition: HostCondition,
  result: PublishedResult | null,
  stale: boolean,
  code: number,
): ResultQuality {
  if (condition === 'closing') return 'shutdown';
  if (condition === 'silent') return 'hostSilent';
  if (result === null) return 'waiting';
  if (stale) return 'lastUsable';
  return code === 4 ? 'deviceFailure' : 'good';
}

function renderRois(result: PublishedResult | null): TagValues['rois'] {
  const rois: TagValues['rois'][number][] = Array.from({ length: 16 }, () => noRoi);
  for (const { index, code, severity, score } of result?.rois ?? []) {
    if (index >= 1 && index <= 16) rois[index - 1] = Object.freeze({ code, severity, score });
  }
  return Object.freeze(rois);
}

function renderRing({ snapshot, told, shadowUpTo }: ImageInput): TagValues['ring'] {
  const entries = new Map<number, RingEntry>();
  for (const entry of snapshot.ring) entries.set(entry.sequence, entry);
  for (const { sequence, triggerId, verdict, reason, severity } of told) {
    entries.set(sequence, { sequence, triggerId, code: verdictCodes[verdict], reason, severity });
  }
  const newestFirst = [...entries.values()].sort((a, b) => b.sequence - a.sequence).slice(0, 8);
  const shown = newestFirst.map((entry) => {
    const shadowed = snapshot.mode === shadowMode || entry.sequence <= shadowUpTo;
    const verdict = shadowed ? { code: 0, reason: 0, severity: null } : {};
    return Object.freeze({ ...entry, ...verdict, sequence: wireSequence(entry.sequence) });
  });
  while (shown.length < 8) shown.push(nothing);
  return Object.freeze(shown);
}
