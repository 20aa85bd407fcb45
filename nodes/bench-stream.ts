import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../lib/core/clock.ts';
import type { Inspection } from '../lib/core/inspection.ts';
import { type BenchPicture, benchFrame } from '../lib/scoring/bench-frames.ts';
import type { Station } from '../lib/station/station.ts';
import type { Closed } from './bench-rig.ts';

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

  /** Keeps `inFlight` inspections going until `enough`; resolves with those that were closed, in that order. */
  async flood(inFlight: number, enough: (closed: number) => boolean, each = (_: Closed) => {}): Promise<Closed[]> {
    const closed: Closed[] = [];
    const over = Promise.withResolvers<void>();
    let open = 0;
    let ended = false;
    const send = () => {
      open += 1;
      this.#send();
    };
    const stop = this.#listen((one) => {
      open -= 1;
      closed.push(one);
      each(one);
      ended ||= enough(closed.length);
      if (!ended) send();
      else if (open === 0) over.resolve();
    });
    for (let i = 0; i < inFlight; i++) send();
    await over.promise;
    stop();
    return closed;
  }

  /** One inspection each `periodMs`, as a line gives them. */
  async paced(periodMs: number, count: number): Promise<Closed[]> {
    const closed: Closed[] = [];
    const stop = this.#listen((one) => closed.push(one));
    const began = systemClock.mono();
    for (let i = 0; i < count; i++) {
      this.#send();
      await pause(Math.max(0, began + (i + 1) * periodMs - systemClock.mono()));
    }
    while (closed.length < count) await pause(5);
    stop();
    return closed;
  }

  #send(): void {
    const { node, pictures } = this.#target;
    this.#sent += 1;
    node.receive({ payload: benchFrame(pictures[this.#sent % pictures.length], this.#sent) });
  }

  /** The frame was exposed as it was sent. */
  #listen(take: (closed: Closed) => void): () => void {
    const { station } = this.#target;
    const closed = (inspection: Inspection) => take({ inspection, sent: inspection.trigger.at, at: systemClock.mono() });
    station.on('closed', closed);
    return () => station.off('closed', closed);
  }
}
