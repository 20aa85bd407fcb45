import { type Faults, noFaults, type TrackFault, trackFaults } from './block-texts.ts';

export const mostSlots = 64;
export const mostEjecting = 8;
export const mostDispositions = 16;

/** Settings of FB_GoodpartTrack; in the PLC they are inputs. Slot 0 is the entry; positions are slots. */
export interface TrackParameters {
  /** 3..64. */
  slotCount: number;
  /** 1..ejectPosition - 1. */
  triggerPosition: number;
  /** triggerPosition + 1..slotCount - 1. */
  ejectPosition: number;
  /** Slot with a second part sensor, which proves that the tracking is in step; 0 = none. */
  checkPosition: number;
  ejectPulseMs: number;
  /** A part to be ejected must be seen at the eject sensor within this time and this many ticks; 0 = not watched. Both 0: no sensor. */
  confirmMs: number;
  confirmTicks: number;
  /** While the line moves, ticks come neither faster nor slower; 0 = not watched. */
  tickMinMs: number;
  tickMaxMs: number;
}

export const trackDefaults: Readonly<TrackParameters> = {
  slotCount: 64,
  triggerPosition: 1,
  ejectPosition: 63,
  checkPosition: 0,
  ejectPulseMs: 100,
  confirmMs: 0,
  confirmTicks: 0,
  tickMinMs: 0,
  tickMaxMs: 0,
};

export interface TrackInput extends TrackParameters {
  nowMs: number;
  /** Rising edge: everything moves one slot on. */
  tick: boolean;
  /** The line is running: ticks are expected. */
  moving: boolean;
  /** At the entry; a rising edge is a part. */
  partSensor: boolean;
  checkSensor: boolean;
  /** A rising edge is a part that left the line. */
  ejectSensor: boolean;
  binFull: boolean;
  /** Rising edge: faults and the stop are taken back. */
  reset: boolean;
  /** From FB_GoodpartStation, called before this block in the same cycle. */
  allReject: boolean;
  issued: boolean;
  issuedTriggerId: number;
  notIssued: boolean;
  refused: boolean;
  refusedTriggerId: number;
  newResult: boolean;
  resultTriggerId: number;
  resultAccept: boolean;
  dispositionReady: boolean;
}

export interface TrackSlot {
  occupied: boolean;
  /** REJECT while FALSE. */
  accept: boolean;
  /** Nothing changes it any more. */
  settled: boolean;
  /** Its trigger was asked for and is not numbered yet. */
  requested: boolean;
  /** Something may lie here or not: it is ejected in any case. */
  doubtful: boolean;
  /** 0: never triggered. */
  triggerId: number;
}

export interface TrackOutput {
  slots: TrackSlot[];
  /** TRUE for one cycle: to FB_GoodpartStation's Trigger. */
  triggerRequest: boolean;
  eject: boolean;
  stopRequest: boolean;
  /** Not 0 for one cycle: to FB_GoodpartStation. */
  dispositionTrigger: number;
  dispositionCode: number;
  faults: Faults<TrackFault>;
  fault: boolean;
  faultCode: number;
}

/** A part on its way from the eject position to the eject sensor. */
export interface Ejecting {
  triggerId: number;
  since: number;
  ticks: number;
}

export interface Disposition {
  triggerId: number;
  code: number;
}

export interface TrackMemory {
  started: boolean;
  tickBefore: boolean;
  partBefore: boolean;
  checkBefore: boolean;
  ejectBefore: boolean;
  resetBefore: boolean;
  /** Moved forward while the line stands: only the time that it moves counts. */
  tickSince: number;
  tickKnown: boolean;
  cycleSince: number;
  /** Until the next tick nobody knows where the parts are between two slots: what passes the ejector is ejected. */
  blind: boolean;
  /** The part sensor was covered over the whole slot that ends now. */
  covered: boolean;
  checkSeen: boolean;
  ejectRunning: boolean;
  ejectSince: number;
  /** Oldest first. */
  ejecting: Ejecting[];
  ejectingCount: number;
  /** What was ejected last because nobody knew whether something lay there may still reach the eject sensor. */
  doubtEjecting: boolean;
  doubtSince: number;
  doubtTicks: number;
  dispositions: Disposition[];
  dispositionCount: number;
  out: TrackOutput;
}

export const emptySlot = (): TrackSlot => ({
  occupied: false,
  accept: false,
  settled: false,
  requested: false,
  doubtful: false,
  triggerId: 0,
});

export function trackMemory(): TrackMemory {
  return {
    started: false,
    tickBefore: false,
    partBefore: false,
    checkBefore: false,
    ejectBefore: false,
    resetBefore: false,
    tickSince: 0,
    tickKnown: false,
    cycleSince: 0,
    blind: false,
    covered: false,
    checkSeen: false,
    ejectRunning: false,
    ejectSince: 0,
    ejecting: Array.from({ length: mostEjecting }, () => ({ triggerId: 0, since: 0, ticks: 0 })),
    ejectingCount: 0,
    doubtEjecting: false,
    doubtSince: 0,
    doubtTicks: 0,
    dispositions: Array.from({ length: mostDispositions }, () => ({ triggerId: 0, code: 0 })),
    dispositionCount: 0,
    out: {
      slots: Array.from({ length: mostSlots }, emptySlot),
      triggerRequest: false,
      eject: false,
      stopRequest: false,
      dispositionTrigger: 0,
      dispositionCode: 0,
      faults: noFaults(trackFaults),
      fault: false,
      faultCode: 0,
    },
  };
}
