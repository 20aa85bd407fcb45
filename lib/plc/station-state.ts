import type { PlcCommand } from '../core/commands.ts';
import { modeCodes, verdictCodes, wireSequence } from '../core/inspection.ts';
import { reason } from '../core/reasons.ts';
import type { PublishedResult, StationSnapshot } from '../core/snapshot.ts';
import { CommandDesk } from './command-desk.ts';
import { Forwarding, type Handed } from './forwarding.ts';
import { type HostCondition, renderTags } from './image.ts';
import type { TagValues } from './tag-values.ts';

/** Results told in Node-RED's place that are remembered: more than any station has open. */
const maxTold = 64;
/** A PLC that counts its heartbeat and then does not for this long is said to be silent (PLC.md: 2 s recommended). */
const plcSilentMs = 2000;

export interface ToldResult {
  sequence: number;
  triggerId: number;
  partId: string;
}

/** What the PLC child knows of one station: the last snapshot, what it told by itself, and what PLCs have asked for. */
export class StationState {
  /** The command block that all servers show; a client's PLC has its own. */
  readonly desk: CommandDesk;
  /** Node-RED fell silent, and no snapshot has come since. */
  silent = false;
  readonly #clients = new Map<string, CommandDesk>();
  readonly #forwarding = new Forwarding();
  #snapshot: StationSnapshot;
  #told: PublishedResult[] = [];
  #shadowUpTo = 0;
  /** Missed as it was shown last: while refusals of this process and of Node-RED cross on their way it must not fall back. */
  #missed = 0;
  /** When the PLC's heartbeat changed last; null: it never did, or was said to stand still. */
  #plcBeatAt: number | null = null;

  constructor(snapshot: StationSnapshot, handled = 0) {
    this.#snapshot = snapshot;
    this.desk = new CommandDesk(snapshot.seen);
    this.apply(snapshot, handled);
  }

  get snapshot(): StationSnapshot {
    return this.#snapshot;
  }

  /** `handled`: the number of the last command whose answer is in this snapshot. */
  apply(snapshot: StationSnapshot, handled = 0): void {
    this.#forwarding.answered(handled, snapshot);
    if (snapshot.counters.missed < this.#snapshot.counters.missed) this.#missed = 0; // reset by a person or the PLC
    this.#snapshot = this.#withoutCancelled(snapshot);
    if (snapshot.mode === modeCodes.shadow) {
      this.#shadowUpTo = Math.max(this.#shadowUpTo, snapshot.result?.sequence ?? 0, snapshot.lastSequence);
    }
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

  /** Node-RED is silent: triggers that it has not answered are refused; it hears of that when it wakes up. */
  cancelUnanswered(): Handed[] {
    return this.#forwarding.cancel(reason('stationHung').code);
  }

  render(o: { heartbeat: number; condition: HostCondition; now: number }): TagValues {
    return renderTags({
      ...o,
      snapshot: this.#snapshot,
      told: this.#told,
      shadowUpTo: this.#shadowUpTo,
      command: { ...this.#forwarding.said(), missed: this.#showMissed(), registers: this.desk.registers },
    });
  }

  /** What a PLC has written asks for, after the whole write is in. */
  evaluate(now: number): Handed[] {
    return this.#hand(this.desk.evaluate(), now);
  }

  setCoil(index: 0 | 1, on: boolean, now: number): Handed[] {
    const newest = Math.max(this.#snapshot.lastSequence, this.#told.at(-1)?.sequence ?? 0);
    return this.#hand(this.desk.setCoil(index, on, wireSequence(newest)), now);
  }

  /** The command block of the PLC that the client of this key has read. */
  read(key: string, words: ArrayLike<number>, first: boolean, now: number): Handed[] {
    const desk = this.#clients.get(key) ?? new CommandDesk(this.#snapshot.seen);
    this.#clients.set(key, desk);
    desk.store(0, words);
    return this.#hand(first ? desk.adopt() : desk.evaluate(), now);
  }

  /** Time goes on: whether the PLC's heartbeat stands still. */
  tick(now: number): Handed[] {
    if (this.#plcBeatAt === null || now - this.#plcBeatAt <= plcSilentMs) return [];
    this.#plcBeatAt = null;
    return this.#forwarding.forward([{ kind: 'watchdog', alive: false }], null);
  }

  #showMissed(): number {
    const { missed } = this.#snapshot.counters;
    this.#missed = Math.max(this.#missed, missed + this.#forwarding.said().missed);
    return this.#missed - missed;
  }

  /** A PLC that was told that its trigger is refused reads no verdict for it later. */
  #withoutCancelled(snapshot: StationSnapshot): StationSnapshot {
    const refused = { reason: reason('stationHung').code, severity: null };
    const { result, ring } = snapshot;
    const cancelled = ({ triggerId }: { triggerId: number }) => this.#forwarding.wasCancelled(triggerId);
    if (!ring.some(cancelled) && !(result !== null && cancelled(result))) return snapshot;
    const invalid = { ...refused, verdict: 'invalid', accept: false, score: null, rois: [] } as const;
    return {
      ...snapshot,
      result: result !== null && cancelled(result) ? { ...result, ...invalid, rois: [] } : result,
      ring: ring.map((one) => (cancelled(one) ? { ...one, ...refused, code: verdictCodes.invalid } : one)),
    };
  }

  #hand(commands: PlcCommand[], now: number): Handed[] {
    const asked = commands.filter((command) => {
      if (command.kind !== 'watchdog') return true;
      const news = this.#plcBeatAt === null;
      this.#plcBeatAt = now;
      return news;
    });
    return this.#forwarding.forward(asked, this.silent ? reason('stationHung').code : null);
  }
}
