import { verdictCodes } from '../../core/inspection.ts';
import type { StationPicture } from '../reference/picture.ts';
import { tornPicture } from '../reference/station-trust.ts';
import type { BeltPart, PartEnd } from './belt.ts';

export type SlotDecision = 'accept' | 'reject';

/** Everything that happened to one part, as told when it has left the belt. */
export interface PartRecord {
  part: number;
  id: string;
  truth: 'good' | 'defect';
  /** Simulated milliseconds since the line was switched on. */
  enteredMs: number;
  /** Null: never triggered; `notTriggered` says why where the block said so. */
  triggerId: number | null;
  notTriggered: string | null;
  /** What the station said of this TriggerId, read from the wire beside the blocks; null: nothing was read. */
  verdict: string | null;
  accept: boolean | null;
  /** What the PLC's slot said at the ejector; null where it never came there. */
  decision: SlotDecision | null;
  end: PartEnd;
  endedMs: number;
  /** In the box that it does not belong into: in the good box without the station's Accept, or binned in spite of it. */
  wrongBox: boolean;
}

/** Running totals. `goodBox.wrong` is the figure that counts: parts in the good box that the station did not accept. */
export interface LineTotals {
  entered: number;
  onBelt: number;
  goodBox: { right: number; wrong: number };
  rejectBin: { right: number; wrong: number };
  byHand: number;
  /** Parts that are neither on the belt nor anywhere else. */
  lost: number;
  triggered: number;
  notTriggered: number;
  refused: number;
  results: number;
  /** Accepted triggers whose part left the belt before any result of theirs was read. */
  noResult: number;
  /** Results that changed after they were read, or came twice with another Sequence. */
  doubleResults: number;
  /** Results whose part id is not the one that lay at the trigger position. */
  mixedUp: number;
  /** The model against the truth, of the parts it judged: not the handshake's business. */
  model: { missedDefects: number; falseRejects: number };
}

interface Known {
  record: Omit<PartRecord, 'end' | 'endedMs' | 'wrongBox'>;
  stationAccepted: boolean;
}

interface Told {
  sequence: number;
  code: number;
  accept: boolean | null;
}

const words = new Map(Object.entries(verdictCodes).map(([word, code]) => [code, word]));
/** A trigger's result can still come while this many later triggers are sent. */
const remembered = 64;

/**
 * The record of each part, kept beside the blocks: which TriggerId lay under the code reader when it was sent, what the station said of
 * that id on the wire, and in which box the part fell. It judges the blocks, so it takes nothing from their slots.
 */
export class PartBook {
  readonly #done: (record: PartRecord) => void;
  readonly #onBelt = new Map<number, Known>();
  readonly #byTrigger = new Map<number, { part: number; told: Told | null }>();
  #totals = noTotals();
  #nowMs = 0;

  constructor(done: (record: PartRecord) => void) {
    this.#done = done;
  }

  at(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  totals(): LineTotals {
    const { goodBox, rejectBin, byHand, entered, ...rest } = this.#totals;
    const onBelt = this.#onBelt.size;
    const ended = goodBox.right + goodBox.wrong + rejectBin.right + rejectBin.wrong + byHand;
    return {
      ...rest,
      ...{ entered, onBelt, goodBox: { ...goodBox }, rejectBin: { ...rejectBin }, byHand },
      lost: entered - onBelt - ended,
      model: { ...rest.model },
    };
  }

  entered({ number, id, defect }: BeltPart): void {
    this.#totals.entered += 1;
    const truth = defect ? 'defect' : 'good';
    const open = { triggerId: null, notTriggered: null, verdict: null, accept: null, decision: null };
    this.#onBelt.set(number, {
      record: { part: number, id, truth, enteredMs: Math.round(this.#nowMs), ...open },
      stationAccepted: false,
    });
  }

  /** A trigger was sent while `part` lay at the trigger position; undefined: nothing lay there. */
  triggered(triggerId: number, part: number | undefined): void {
    this.#totals.triggered += 1;
    this.#byTrigger.delete(triggerId);
    this.#byTrigger.set(triggerId, { part: part ?? 0, told: null });
    const [oldest] = this.#byTrigger.keys();
    if (this.#byTrigger.size > remembered) this.#byTrigger.delete(oldest);
    const known = part === undefined ? undefined : this.#onBelt.get(part);
    if (known !== undefined) known.record.triggerId = triggerId;
  }

  notTriggered(part: number | undefined, why: string): void {
    this.#totals.notTriggered += 1;
    const known = part === undefined ? undefined : this.#onBelt.get(part);
    if (known !== undefined) known.record.notTriggered = why;
  }

  refused(triggerId: number, why: string): void {
    this.#totals.refused += 1;
    const known = this.#onBelt.get(this.#byTrigger.get(triggerId)?.part ?? -1);
    if (known !== undefined) known.record.notTriggered = why;
  }

  /** What stands on the wire, as each client reads it. */
  read(picture: StationPicture): void {
    const { Status, Result, Ring } = picture;
    const known = this.#onBelt.get(this.#byTrigger.get(Status.AcceptedTrigger)?.part ?? -1);
    if (known !== undefined) known.stationAccepted = true;
    for (const entry of Ring) {
      if (entry.Sequence !== 0) this.#result(entry.TriggerId, entry.Sequence, entry.Code, entry.Code === 1 || null);
    }
    if (Result.Code === 0 || tornPicture(picture)) return;
    this.#result(Result.TriggerId, Result.Sequence, Result.Code, Result.Accept === 1);
    const part = this.#onBelt.get(this.#byTrigger.get(Result.TriggerId)?.part ?? -1);
    if (part === undefined) return;
    const id = Buffer.from(Result.PartId.slice(0, Result.PartIdLength)).toString('utf8');
    if (id !== part.record.id) this.#totals.mixedUp += 1;
  }

  #result(triggerId: number, sequence: number, code: number, accept: boolean | null): void {
    const trigger = this.#byTrigger.get(triggerId);
    if (trigger === undefined || code === 0) return;
    const { told } = trigger;
    if (told === null) this.#totals.results += 1;
    else if (told.sequence !== sequence || told.code !== code) this.#totals.doubleResults += 1;
    else if (told.accept !== null || accept === null) return;
    trigger.told = { sequence, code, accept: code === 2 ? accept : code === 1 };
    const known = this.#onBelt.get(trigger.part);
    if (known === undefined) return;
    known.record.verdict = words.get(code) ?? null;
    known.record.accept = trigger.told.accept;
  }

  /** The slot that stands at the ejector for this part. */
  decided(part: number, decision: SlotDecision): void {
    const known = this.#onBelt.get(part);
    if (known !== undefined) known.record.decision ??= decision;
  }

  ended({ number }: BeltPart, end: PartEnd): void {
    const known = this.#onBelt.get(number);
    if (known === undefined) return;
    this.#onBelt.delete(number);
    const { record } = known;
    const totals = this.#totals;
    const accepted = record.accept === true;
    const wrongBox = (end === 'good box' && !accepted) || (end === 'reject bin' && accepted);
    if (end === 'by hand') totals.byHand += 1;
    else totals[end === 'good box' ? 'goodBox' : 'rejectBin'][wrongBox ? 'wrong' : 'right'] += 1;
    if (known.stationAccepted && record.verdict === null) totals.noResult += 1;
    const judged = record.verdict !== null && record.verdict !== 'invalid';
    if (judged && accepted && record.truth === 'defect') totals.model.missedDefects += 1;
    if (judged && !accepted && record.truth === 'good') totals.model.falseRejects += 1;
    this.#done({ ...record, end, endedMs: Math.round(this.#nowMs), wrongBox });
  }
}

function noTotals(): LineTotals {
  return {
    entered: 0,
    onBelt: 0,
    goodBox: { right: 0, wrong: 0 },
    rejectBin: { right: 0, wrong: 0 },
    byHand: 0,
    lost: 0,
    triggered: 0,
    notTriggered: 0,
    refused: 0,
    results: 0,
    noResult: 0,
    doubleResults: 0,
    mixedUp: 0,
    model: { missedDefects: 0, falseRejects: 0 },
  };
}
