import { type TrackInput, type TrackOutput, trackDefaults } from '../../../lib/plc/reference/track-io.ts';
import { TrackTrio } from './track-trio.ts';

type Input = Partial<Omit<TrackInput, 'nowMs'>>;

const quiet: Omit<TrackInput, 'nowMs'> = {
  ...trackDefaults,
  slotCount: 10,
  triggerPosition: 2,
  ejectPosition: 6,
  ejectPulseMs: 50,
  tick: false,
  moving: true,
  partSensor: false,
  checkSensor: false,
  ejectSensor: false,
  binFull: false,
  reset: false,
  allReject: false,
  issued: false,
  issuedTriggerId: 0,
  notIssued: false,
  refused: false,
  refusedTriggerId: 0,
  newResult: false,
  resultTriggerId: 0,
  resultAccept: false,
  dispositionReady: true,
};

/** A line with ten slots, trigger at 2, eject at 6, a PLC cycle of 10 ms. */
export class TrackBench {
  readonly trio = new TrackTrio();
  now = 5000;
  inputs: Input;
  out: TrackOutput;
  /** `TriggerId Code` as reported, and how often the ejector fired. */
  readonly dispositions: string[] = [];
  ejects = 0;
  /** Number of the next trigger; null: nobody numbers. */
  nextId: number | null = 101;
  #requested = false;

  /** `fresh`: the PLC has just started; otherwise all that lay on the line then is gone already. */
  constructor(inputs: Input = {}, { fresh = false } = {}) {
    this.inputs = fresh ? inputs : {};
    this.out = this.cycle();
    if (fresh) return;
    this.ticks(quiet.slotCount);
    this.ejects = 0;
    this.inputs = inputs;
    this.cycle();
  }

  cycle(more: Input = {}): TrackOutput {
    this.now += 10;
    const numbered = this.#requested && this.nextId !== null;
    const issue = numbered ? { issued: true, issuedTriggerId: this.nextId ?? 0 } : {};
    if (numbered) this.nextId = (this.nextId ?? 0) + 1;
    const before = this.trio.memory.out.eject;
    this.out = this.trio.call({ ...quiet, ...this.inputs, ...issue, ...more, nowMs: this.now });
    this.#requested = this.out.triggerRequest;
    const { dispositionTrigger, dispositionCode, eject } = this.out;
    if (dispositionTrigger !== 0) this.dispositions.push(`${dispositionTrigger} ${dispositionCode}`);
    if (eject && !before) this.ejects += 1;
    return this.out;
  }

  /** A part at the entry. */
  part(): this {
    this.cycle({ partSensor: true });
    this.cycle();
    return this;
  }

  /** Ticks of 100 ms, the pulse in the first cycle. */
  ticks(count: number, more: Input = {}): this {
    for (let n = 0; n < count; n++) {
      this.cycle({ ...more, tick: true });
      for (let rest = 0; rest < 9; rest++) this.cycle(more);
    }
    return this;
  }

  result(resultTriggerId: number, resultAccept: boolean): this {
    this.cycle({ newResult: true, resultTriggerId, resultAccept });
    return this;
  }

  /** Slots that hold something, as `place:TriggerId:A` or `R`. */
  get slots(): string {
    return this.out.slots
      .flatMap(({ occupied, accept, triggerId }, n) => (occupied ? [`${n}:${triggerId}:${accept ? 'A' : 'R'}`] : []))
      .join(' ');
  }

  faults(): string[] {
    return Object.entries(this.out.faults).flatMap(([name, active]) => (active ? [name] : []));
  }
}
