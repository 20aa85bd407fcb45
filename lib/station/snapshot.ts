import { commandStatus } from '../core/commands.ts';
import { modeCodes, type StationMode } from '../core/inspection.ts';
import { type Ne107, ne107Codes } from '../core/ne107.ts';
import { type ReasonKey, reason } from '../core/reasons.ts';
import type { Counters, StationSnapshot } from '../core/snapshot.ts';
import type { Entry } from './entry.ts';
import type { Handshake } from './handshake.ts';
import type { Health } from './health.ts';
import type { Results } from './results.ts';
import type { StoredAlarm } from './state-schema.ts';

export interface SnapshotInput {
  id: string;
  line: string;
  station: string;
  bootId: number;
  mode: StationMode;
  open: readonly Readonly<Entry>[];
  maxOpen: number;
  deadlineMs: number;
  staleAfterMs: number;
  health: Health;
  /** Sequences are reserved: without that nothing may be accepted. */
  reserved: boolean;
  closing: boolean;
  activeRecipe: number;
  /** The newest judgement used thresholds that were not validated, or the active recipe is not. */
  notValidated: boolean;
  clockSynchronised: boolean;
  simulated: boolean;
  acceptedTrigger: number;
  /** Trigger id of the newest inspection whose pictures are all taken. */
  exposureDoneTrigger: number;
  /** Of the newest accepted trigger. */
  exposureDone: boolean;
  rejected: { triggerId: number; code: number };
  results: Results;
  handshake: Handshake;
  lastPublished: number;
  alarm: StoredAlarm | null;
  counters: Counters;
}

/** Why a trigger would be refused now, or null when the station is ready. The order is that in which a person should act. */
export function notReady(
  s: Pick<SnapshotInput, 'mode' | 'closing' | 'reserved' | 'health' | 'open' | 'maxOpen' | 'handshake'>,
): { key: ReasonKey; text: string } | null {
  const because = (key: ReasonKey, detail?: string) => ({ key, text: reason(key, { detail }).text });
  if (s.closing) return because('offline', 'it is shutting down');
  if (s.mode === 'offline') return because('offline');
  if (s.mode === 'commissioning') return because('commissioning');
  const obstacle = s.health.obstacle();
  if (obstacle !== null) return obstacle;
  if (!s.reserved) return because('starting', 'no sequence could be reserved on the disk');
  if (s.open.length >= s.maxOpen) return because('tooManyOpen', `${s.open.length}`);
  return s.handshake.room(s.open.length) === 0 ? because('ringFull', `${s.handshake.waiting}`) : null;
}

/** All that a PLC can see, from the ledger and its surroundings (PLC.md sections 3 and 5). The only place where it is derived. */
export function makeSnapshot(s: SnapshotInput): StationSnapshot {
  const obstacle = notReady(s);
  const fault = s.health.faults()[0];
  const seen = s.handshake.memory;
  const online = s.mode === 'run' || s.mode === 'shadow';
  return {
    id: s.id,
    line: s.line,
    station: s.station,
    bootId: s.bootId,
    mode: modeCodes[s.mode],
    notReadyReason: obstacle === null ? 0 : reason(obstacle.key).code,
    faultCode: fault?.code ?? 0,
    ne107: ne107(s),
    activeRecipe: s.activeRecipe,
    commandAck: seen.code,
    commandStatus: seen.code === 0 ? commandStatus.idle : seen.status,
    open: s.open.length,
    acceptedTrigger: s.acceptedTrigger,
    exposureDoneTrigger: s.exposureDoneTrigger,
    rejectedTrigger: s.rejected.triggerId,
    rejectedReason: s.rejected.code,
    deadlineMs: s.deadlineMs,
    staleAfterMs: s.staleAfterMs,
    status: {
      ready: obstacle === null,
      busy: s.open.length > 0,
      fault: fault !== undefined,
      online: online && !s.closing,
      exposureDone: s.exposureDone,
      overrun: s.handshake.overrun,
      alarmLatched: s.alarm !== null,
      stopRequest: s.alarm?.stop ?? false,
    },
    health: {
      cameraOk: s.health.ok('camera'),
      engineOk: s.health.ok('engine'),
      evidenceOk: s.health.ok('evidence'),
      clockSynchronised: s.clockSynchronised,
      degraded: s.health.degraded,
      notValidated: s.notValidated,
      challengeDue: false,
      commissioningHeld: s.mode === 'commissioning',
      shadow: s.mode === 'shadow',
      simulated: s.simulated,
    },
    result: s.results.newest,
    lastSequence: s.lastPublished,
    ring: s.results.ring,
    alarmCode: s.alarm?.code ?? 0,
    shadow: s.results.shadow,
    counters: { ...s.counters },
    seen: {
      triggerId: seen.triggerId,
      code: seen.code,
      dispositionTrigger: seen.dispositionTrigger,
      dispositionCode: seen.dispositionCode,
    },
    openTriggers: s.open.map(({ sequence, trigger }) => ({
      sequence,
      triggerId: trigger.triggerId,
      partId: trigger.partId,
    })),
  };
}

/** NAMUR NE 107: the most urgent of failure, function check, out of specification, maintenance. */
function ne107(s: SnapshotInput): number {
  const kinds = new Set(s.health.faults().map((fault) => fault.kind));
  const said = new Set<Ne107>(s.health.conditions().map(({ kind }) => kind));
  if (kinds.has('camera') || kinds.has('engine') || kinds.has('internal') || !s.reserved) said.add('failure');
  if (s.mode === 'commissioning' || s.mode === 'shadow' || s.simulated) said.add('functionCheck');
  if (s.notValidated || s.health.degraded || kinds.has('recipe')) said.add('outOfSpecification');
  if (kinds.has('evidence')) said.add('maintenance');
  return said.size === 0 ? 0 : Math.min(...[...said].map((kind) => ne107Codes[kind]));
}
