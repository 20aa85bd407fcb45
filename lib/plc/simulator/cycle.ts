import { reason, reasonKeyOf } from '../../core/reasons.ts';
import { notIssuedReasons } from '../reference/block-texts.ts';
import type { CommandBlock, StationPicture } from '../reference/picture.ts';
import { stationBlock } from '../reference/station-block.ts';
import { type StationOutput, stationDefaults, stationMemory } from '../reference/station-io.ts';
import { trackBlock } from '../reference/track-block.ts';
import { type TrackOutput, type TrackParameters, trackMemory } from '../reference/track-io.ts';
import type { BeltPart, BeltSignals, PlcOutputs } from './belt.ts';
import type { FaultSet } from './faults.ts';
import type { PartBook } from './part-book.ts';
import { layoutOf, type SimulatorSettings, tickMsOf } from './settings.ts';
import type { Outgoing } from './wire.ts';

export interface CycleInput {
  nowMs: number;
  linkOk: boolean;
  picture: StationPicture;
  writtenVersion: number;
  signals: BeltSignals;
  /** What the code reader at the trigger position sees, and what lies at the ejector. */
  atTrigger: BeltPart | undefined;
  atEjector: BeltPart | undefined;
  faults: FaultSet;
  /** Somebody presses reset. */
  reset: boolean;
}

/** A station that settles its recipe never has this number. */
const noRecipe = 65_535;

/**
 * The simulated PLC's program: FB_GoodpartStation, FB_GoodpartTrack and the few lines around them that every line needs. Beside the
 * blocks' StopRequest it stops for a missing pulse, and after a restart it waits for a person.
 */
export class PlcProgram {
  readonly #settings: SimulatorSettings;
  readonly #track: TrackParameters;
  readonly #book: PartBook;
  readonly #station = stationMemory();
  readonly #slots = trackMemory();
  #blanked: StationPicture | undefined;
  #sentAck: number | null = null;
  /** Waits for a reset. */
  #held: boolean;
  /** What is covered when the PLC starts is no pulse. */
  #encoderBefore = true;
  #stopped = false;

  constructor(settings: SimulatorSettings, book: PartBook, { restarted }: { restarted: boolean }) {
    this.#settings = settings;
    this.#book = book;
    this.#held = restarted;
    const tickMs = tickMsOf(settings);
    const { triggerPosition, checkPosition, ejectPosition } = layoutOf(settings);
    this.#track = {
      slotCount: ejectPosition + 2,
      ...{ triggerPosition, checkPosition, ejectPosition },
      ejectPulseMs: Math.round(tickMs * 0.6),
      // shorter than a slot: else the next part in the chute would be taken for one that was not blown off
      confirmMs: Math.round(tickMs * 0.8),
      confirmTicks: 0,
      tickMinMs: Math.round(tickMs * 0.75),
      tickMaxMs: Math.round(tickMs * 1.7),
    };
  }

  get station(): StationOutput {
    return this.#station.out;
  }

  get track(): TrackOutput {
    return this.#slots.out;
  }

  /** The line stands and does not go on by itself. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Waits for somebody after a restart. */
  get held(): boolean {
    return this.#held;
  }

  cycle(input: CycleInput): PlcOutputs {
    const { nowMs, signals, reset, linkOk, writtenVersion } = input;
    const { track } = this;
    if (reset) this.#held = false;
    const wanted = track.triggerRequest ? input.atTrigger : undefined;
    const id = Buffer.from(wanted?.id ?? '', 'utf8');
    const { marginMs, ackResults, expectedRecipe } = this.#settings;
    const station = stationBlock(this.#station, {
      ...stationDefaults,
      ...{ marginMs, ackResults, nowMs, linkOk, writtenVersion },
      picture: this.#believed(input),
      trigger: track.triggerRequest,
      expectedRecipe: input.faults.has('wrong-recipe') ? noRecipe : expectedRecipe,
      partIdLength: id.length,
      partId: [...id],
      ...{ commandStart: false, commandCode: 0, commandArg: 0 },
      dispositionTrigger: track.dispositionTrigger,
      dispositionCode: track.dispositionCode,
      faultReset: reset,
    });
    this.#note(station, wanted);
    const pulse = signals.encoder && !this.#encoderBefore;
    this.#encoderBefore = signals.encoder;
    trackBlock(this.#slots, {
      ...this.#track,
      nowMs,
      tick: signals.encoder,
      moving: signals.moving,
      partSensor: signals.partSensor,
      checkSensor: signals.checkSensor,
      ejectSensor: signals.ejectSensor,
      binFull: signals.binFull,
      reset,
      allReject: station.allReject,
      issued: station.issued,
      issuedTriggerId: station.issuedTriggerId,
      notIssued: station.notIssued,
      refused: station.refused,
      refusedTriggerId: station.refusedTriggerId,
      newResult: station.newResult,
      resultTriggerId: station.resultTriggerId,
      resultAccept: station.resultAccept,
      dispositionReady: station.dispositionReady,
    });
    if (pulse && input.atEjector !== undefined) {
      const { occupied, accept } = track.slots[this.#track.ejectPosition];
      this.#book.decided(input.atEjector.number, occupied && accept ? 'accept' : 'reject');
    }
    this.#stopped = this.#held || track.stopRequest || track.faults.missedPulse;
    return { motor: !this.#stopped, eject: track.eject };
  }

  /** What the communication task writes now. */
  outgoing(faults: FaultSet): Outgoing {
    const { command, commandVersion } = this.station;
    if (faults.has('acknowledgements-withheld')) this.#sentAck ??= command.resultAck;
    else this.#sentAck = null;
    const written: CommandBlock = { ...command, partId: [...command.partId] };
    if (this.#sentAck !== null) written.resultAck = this.#sentAck;
    return { command: written, version: commandVersion };
  }

  /** The picture as this PLC sees it: with a heartbeat that stands still where that is simulated. */
  #believed({ picture, faults }: CycleInput): StationPicture {
    if (!faults.has('heartbeat-frozen')) {
      this.#blanked = undefined;
      return picture;
    }
    this.#blanked ??= picture;
    const { Heartbeat } = this.#blanked.Status;
    return { ...picture, Status: { ...picture.Status, Heartbeat } };
  }

  #note(station: StationOutput, part: BeltPart | undefined): void {
    if (station.issued) this.#book.triggered(station.issuedTriggerId, part?.number);
    if (station.notIssued) this.#book.notTriggered(part?.number, notIssuedText(station.notIssuedReason));
    if (station.refused) this.#book.refused(station.refusedTriggerId, notIssuedText(station.refusedReason));
  }
}

/** Why a trigger was not sent, or was refused, in words. */
export function notIssuedText(code: number): string {
  const own = Object.values(notIssuedReasons).find(([number]) => number === code);
  if (own !== undefined) return own[1];
  const key = reasonKeyOf(code);
  return key === undefined ? `Reason ${code}` : reason(key).text;
}
