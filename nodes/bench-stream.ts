import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../lib/core/clock.ts';
import type { Inspection } from '../lib/core/inspection.ts';
import type { Refusal } from '../lib/core/snapshot.ts';
import { type BenchPicture, benchFrame } from '../lib/scoring/bench-frames.ts';
import type { Station } from '../lib/station/station.ts';
import type { Closed } from './bench-rig.ts';

/** After the last part; longer than any deadline here. */
const lastMs = 6000;

interface Target {
  station: Station;
  node: { receive(message: object): void };
  pictures: readonly BenchPicture[];
}

/** Frames into a flow's first node, verdicts out of the station's ledger. */
export class BenchStream {
  readonly #target: Target;
  #sent = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Keeps `inFlight` inspections going until `enough`, and gives each that is closed to `take`, in that order. Rejects where one is refused. */
  async flood(inFlight: number, enough: () => boolean, take: (closed: Closed) => void): Promise<void> {
    const over = Promise.withResolvers<void>();
    let open = 0;
    let ended = false;
    const send = () => {
      open += 1;
      this.#send();
    };
    const stop = this.#listen((one) => {
      open -= 1;
      take(one);
      ended ||= enough();
      // of two that close together the second counts as open until it is told as well
      if (!ended) queueMicrotask(send);
      else if (open === 0) over.resolve();
    });
    const refused = (_: unknown, { text }: Refusal) => over.reject(new Error(`the station refused a part: ${text}`));
    const { station } = this.#target;
    station.on('refused', refused);
    try {
      for (let i = 0; i < inFlight; i++) send();
      await over.promise;
    } finally {
      stop();
      station.off('refused', refused);
    }
  }

  /** One inspection each `periodMs`, as a line gives them; those that the station refused are missing from what comes. */
  async paced(periodMs: number, count: number): Promise<Closed[]> {
    const closed: Closed[] = [];
    const stop = this.#listen((one) => closed.push(one));
    const began = systemClock.mono();
    for (let i = 0; i < count; i++) {
      this.#send();
      await pause(Math.max(0, began + (i + 1) * periodMs - systemClock.mono()));
    }
    for (let waited = 0; closed.length < count && waited < lastMs; waited += 5) await pause(5);
    stop();
    return closed;
  }

  #send(): void {
    const { node, pictures } = this.#target;
    this.#sent += 1;
    node.receive({ payload: benchFrame(pictures[this.#sent % pictures.length], this.#sent) });
  }

  /** The frame was exposed as it was sent. First of all listeners: the PLC's side has been told before, the record is written after. */
  #listen(take: (closed: Closed) => void): () => void {
    const { station } = this.#target;
    const closed = (inspection: Inspection) =>
      take({ inspection, sent: inspection.trigger.at, at: systemClock.mono() });
    station.prependListener('closed', closed);
    return () => station.off('closed', closed);
  }
}
