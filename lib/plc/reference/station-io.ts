import { type Faults, noFaults, type StationFault, stationFaults } from './block-texts.ts';
import { type CommandBlock, partIdBytes, type StationPicture } from './picture.ts';

export const mostInFlight = 8;
/** Longest limit a parameter may have, milliseconds. */
export const longestLimitMs = 600_000;

/** Settings of FB_GoodpartStation; in the PLC they are inputs with these defaults. Milliseconds. */
export interface StationParameters {
  /** The station's heartbeat may stand still so long; 0 is forbidden. */
  heartbeatLimitMs: number;
  /** A trigger must be answered within this. */
  answerLimitMs: number;
  /** Added to the station's DeadlineMs: what polling and writing cost. */
  marginMs: number;
  /** A slow command, such as a change of recipe, must be answered within this. */
  commandLimitMs: number;
  /** A disposition stands at least so long on the wire. */
  dispositionHoldMs: number;
  /** The ring has no Accept: Code 2 found there accepts only where this is set. */
  warnAccepts: boolean;
  /** Writes ResultAck: the station then never overwrites a result that was not taken. */
  ackResults: boolean;
}

export const stationDefaults: Readonly<StationParameters> = {
  heartbeatLimitMs: 2000,
  answerLimitMs: 1000,
  marginMs: 100,
  commandLimitMs: 30_000,
  dispositionHoldMs: 0,
  warnAccepts: false,
  ackResults: false,
};

export interface StationInput extends StationParameters {
  /** Free-running milliseconds, 0..2^32-1, wrapping; a counter that wraps after 2^31-1 does as well. */
  nowMs: number;
  /** The last read succeeded and is not older than the program's own limit. */
  linkOk: boolean;
  picture: StationPicture;
  /** CommandVersion of the block that was written last. */
  writtenVersion: number;
  /** Rising edge: inspect this part. */
  trigger: boolean;
  expectedRecipe: number;
  partIdLength: number;
  partId: readonly number[];
  /** Rising edge: slow command. */
  commandStart: boolean;
  commandCode: number;
  commandArg: number;
  /** Not 0: report what became of this part, in this cycle. */
  dispositionTrigger: number;
  dispositionCode: number;
  /** Rising edge: forget the latched faults. */
  faultReset: boolean;
}

export interface StationOutput {
  command: CommandBlock;
  /** Changes with every change of `command`. */
  commandVersion: number;
  readyToTrigger: boolean;
  /** Events, TRUE for one cycle. */
  issued: boolean;
  issuedTriggerId: number;
  notIssued: boolean;
  notIssuedReason: number;
  refused: boolean;
  refusedTriggerId: number;
  refusedReason: number;
  exposureDone: boolean;
  exposureDoneTriggerId: number;
  newResult: boolean;
  resultSequence: number;
  resultTriggerId: number;
  resultCode: number;
  resultReason: number;
  /** Thousandths, 65535 not valid. */
  resultSeverity: number;
  resultAccept: boolean;
  /** States. */
  mayMove: boolean;
  inFlight: number;
  allReject: boolean;
  commandBusy: boolean;
  commandDone: boolean;
  commandRefused: boolean;
  commandFailed: boolean;
  dispositionReady: boolean;
  faults: Faults<StationFault>;
  fault: boolean;
  faultCode: number;
}

/** 1 sent, 2 accepted, 3 given up: its result, should it still come, accepts nothing. */
export type TriggerState = 0 | 1 | 2 | 3;

export interface PendingTrigger {
  triggerId: number;
  state: TriggerState;
  exposed: boolean;
  sentAt: number;
  limitMs: number;
}

/** What the block remembers from cycle to cycle: its static variables. */
export interface StationMemory {
  started: boolean;
  /** 0 not usable, 1 settling, 2 running. */
  phase: 0 | 1 | 2;
  settleSince: number;
  settleVersion: number;
  heartbeatKnown: boolean;
  heartbeatAlive: boolean;
  heartbeatLast: number;
  heartbeatSince: number;
  bootKnown: number;
  tornRunning: boolean;
  tornSince: number;
  tornTooLong: boolean;
  lastSequence: number;
  lastAccepted: number;
  lastTriggerId: number;
  ringWaiting: boolean;
  ringSince: number;
  /** Oldest first. */
  pending: PendingTrigger[];
  pendingCount: number;
  commandState: 0 | 1 | 2 | 3;
  commandSince: number;
  commandWanted: number;
  commandWantedArg: number;
  dispositionHeld: boolean;
  dispositionSince: number;
  dispositionVersion: number;
  plcHeartbeatSince: number;
  changed: boolean;
  triggerBefore: boolean;
  commandStartBefore: boolean;
  faultResetBefore: boolean;
  out: StationOutput;
}

function emptyOutput(): StationOutput {
  const partId = new Array<number>(partIdBytes).fill(0);
  return {
    command: {
      triggerId: 0,
      expectedRecipe: 0,
      resultAck: 0,
      code: 0,
      arg: 0,
      plcHeartbeat: 0,
      dispositionTrigger: 0,
      dispositionCode: 0,
      partIdLength: 0,
      partId,
    },
    commandVersion: 0,
    readyToTrigger: false,
    issued: false,
    issuedTriggerId: 0,
    notIssued: false,
    notIssuedReason: 0,
    refused: false,
    refusedTriggerId: 0,
    refusedReason: 0,
    exposureDone: false,
    exposureDoneTriggerId: 0,
    newResult: false,
    resultSequence: 0,
    resultTriggerId: 0,
    resultCode: 0,
    resultReason: 0,
    resultSeverity: 0,
    resultAccept: false,
    mayMove: false,
    inFlight: 0,
    allReject: false,
    commandBusy: false,
    commandDone: false,
    commandRefused: false,
    commandFailed: false,
    dispositionReady: false,
    faults: noFaults(stationFaults),
    fault: false,
    faultCode: 0,
  };
}

export const emptyPending = (): PendingTrigger => ({ triggerId: 0, state: 0, exposed: false, sentAt: 0, limitMs: 0 });

/** A PLC that has just been switched on. */
export function stationMemory(): StationMemory {
  return {
    started: false,
    phase: 0,
    settleSince: 0,
    settleVersion: 0,
    heartbeatKnown: false,
    heartbeatAlive: false,
    heartbeatLast: 0,
    heartbeatSince: 0,
    bootKnown: 0,
    tornRunning: false,
    tornSince: 0,
    tornTooLong: false,
    lastSequence: 0,
    lastAccepted: 0,
    lastTriggerId: 0,
    ringWaiting: false,
    ringSince: 0,
    pending: Array.from({ length: mostInFlight }, emptyPending),
    pendingCount: 0,
    commandState: 0,
    commandSince: 0,
    commandWanted: 0,
    commandWantedArg: 0,
    dispositionHeld: false,
    dispositionSince: 0,
    dispositionVersion: 0,
    plcHeartbeatSince: 0,
    changed: false,
    triggerBefore: false,
    commandStartBefore: false,
    faultResetBefore: false,
    out: emptyOutput(),
  };
}
