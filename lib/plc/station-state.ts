import { modeCodes, wireSequence } from '../core/inspection.ts';
import { reason } from '../core/reasons.ts';
import type { PublishedResult, StationSnapshot } from '../core/snapshot.ts';
import { CommandDesk, type RefusedTrigger } from './command-desk.ts';
import { type HostCondition, renderTags } from './image.ts';
import type { TagValues } from './tag-values.ts';

/** Results told in Node-RED's place that are remembered: more than any station has open. */
const maxTold = 64;

export interface ToldResult {
  sequence: number;
  triggerId: number;
  partId: string;
}

/** What the PLC child knows of one station: the last snapshot, what it told by itself, and the command block. */
export class StationState {
  readonly desk = new CommandDesk();
  /** Node-RED fell silent, and no snapshot has come since. */
  silent = false;
  #snapshot: StationSnapshot;
  #told: PublishedResult[] = [];
  #shadowUpTo = 0;

  constructor(snapshot: StationSnapshot, refused = 0, counted = 0) {
    this.#snapshot = snapshot;
    this.desk.refused = refused;
    this.apply(snapshot, counted);
  }

  get snapshot(): StationSnapshot {
    return this.#snapshot;
  }

  /** `counted`: how many of the triggers refused here are in the snapshot's Missed. */
  apply(snapshot: StationSnapshot, counted = this.desk.counted): void {
    const before = this.#snapshot;
    this.desk.counted = counted;
    this.#snapshot = snapshot;
    if (snapshot.mode === modeCodes.shadow) {
      this.#shadowUpTo = Math.max(this.#shadowUpTo, snapshot.result?.sequence ?? 0, snapshot.lastSequence);
    }
    const refusedAnew =
      snapshot.rejectedTrigger !== before.rejectedTrigger || snapshot.counters.missed !== before.counters.missed;
    if (refusedAnew) this.desk.rejected = null;
  }

  /**
   * Node-RED is silent: everything that was open becomes `invalid`, each with its own sequence. Once told, it stays so, whatever a
   * Node-RED that was only hung says later of the same sequence: the PLC may have acted on it.
   */
  tellOpen(now: number, utc: number): ToldResult[] {
    const { openTriggers } = this.#snapshot;
    const known = new Set(this.#told.map((entry) => entry.sequence));
    const open = openTriggers.filter(({ sequence }) => !known.has(sequence)).sort((a, b) => a.sequence - b.sequence);
    for (const { sequence, triggerId, partId } of open) {
      this.#told.push({
        sequence,
        triggerId,
        verdict: 'invalid',
        reason: reason('stationHung').code,
        accept: false,
        severity: null,
        score: null,
        worstRoi: 0,
        recipe: this.#snapshot.activeRecipe,
        defectClass: 0,
        timeUtc: utc,
        at: now,
        cycleMs: 0,
        inferenceMs: 0,
        partId,
        rois: [],
      });
    }
    this.#told = this.#told.slice(-maxTold);
    return open;
  }

  render(o: { heartbeat: number; condition: HostCondition; now: number }): TagValues {
    return renderTags({
      ...o,
      snapshot: this.#snapshot,
      told: this.#told,
      shadowUpTo: this.#shadowUpTo,
      command: this.desk,
    });
  }

  /** Answers what a PLC has written, after the whole write is in. */
  evaluate(): RefusedTrigger | null {
    return this.desk.evaluate(this.#refusal());
  }

  setCoil(index: 0 | 1, on: boolean): RefusedTrigger | null {
    const newest = Math.max(this.#snapshot.lastSequence, this.#told.at(-1)?.sequence ?? 0);
    return this.desk.setCoil(index, on, { reason: this.#refusal(), sequence: wireSequence(newest) });
  }

  #refusal(): number {
    if (this.silent) return reason('stationHung').code;
    return this.#snapshot.notReadyReason || reason('notReady').code;
  }
}
