import type { Clock } from '../core/clock.ts';
import type { GoodpartError } from '../core/errors.ts';
import type { Inspection, StationMode } from '../core/inspection.ts';
import type { Counters } from '../core/snapshot.ts';
import { withActivation } from './activations.ts';
import { withComparison, withoutComparison } from './comparison.ts';
import type { Disk } from './disk.ts';
import type { Entry } from './entry.ts';
import type { HandshakeMemory } from './handshake.ts';
import {
  noCounters,
  overrunAllowance,
  type Restored,
  rememberedParts,
  restartedInspection,
  restore,
  sequenceBlock,
} from './restore.ts';
import type {
  OpenRecord,
  RecentPart,
  StoredActivation,
  StoredComparison,
  StoredShadow,
  StoredState,
} from './state-schema.ts';
import { loadState, StateStore } from './state-store.ts';

interface IdentityOptions {
  line: string;
  station: string;
  simulated: boolean;
  dir: string;
  mode: StationMode;
  clock: Clock;
  disk: Disk;
  /** What is open now, for a state that is written. */
  open: () => readonly Readonly<Entry>[];
  /** Null: writing works again. */
  onDisk: (error: GoodpartError | null) => void;
}

/**
 * What belongs to line/station and survives deploys and restarts: sequence, counters, mode, alarm latch, active recipe, the
 * list of open inspections. Changes are in force at once and written behind.
 */
export class Identity {
  /** What a crash had left open, closed at this start. */
  readonly closedAtStart: readonly Inspection[];
  readonly damaged: readonly GoodpartError[];
  readonly #o: IdentityOptions;
  readonly #store: StateStore;
  #mode: StationMode;
  #counters: Counters;
  #alarm: StoredState['alarm'];
  #recipe: StoredState['recipe'];
  #activations: readonly StoredActivation[];
  #shadow: StoredShadow | null;
  #lastSequence: number;
  #lastPublished: number;
  #onlineMode: 'shadow' | 'run';
  #handshake: HandshakeMemory;
  #recentParts: RecentPart[];
  #clean = false;

  private constructor(o: IdentityOptions, restored: Restored, damaged: readonly GoodpartError[], generation: number) {
    this.#o = o;
    this.damaged = damaged;
    this.closedAtStart = restored.open.map((record) => restartedInspection(record, o));
    this.#mode = restored.mode ?? o.mode;
    this.#counters = restored.counters;
    this.#alarm = restored.alarm;
    this.#recipe = restored.recipe;
    this.#activations = restored.activations;
    this.#shadow = restored.shadow;
    this.#lastSequence = restored.lastSequence;
    this.#lastPublished = restored.lastPublished;
    this.#onlineMode = restored.onlineMode;
    this.#handshake = restored.handshake;
    this.#recentParts = restored.recentParts;
    const { disk, dir, onDisk } = o;
    this.#store = new StateStore({
      disk,
      dir,
      generation,
      capture: () => this.#capture(),
      onHealth: onDisk,
      now: () => o.clock.mono(),
    });
  }

  /** Reads the folder and reserves the first sequences. A disk that does not take them leaves `reserved` false. */
  static async load(o: IdentityOptions): Promise<Identity> {
    const utc = o.clock.utc();
    const loaded = await loadState(o.disk, o.dir, utc);
    const identity = new Identity(o, restore(loaded, Date.parse(utc)), loaded.damaged, loaded.generation);
    identity.#store.save();
    await identity.#store.settled();
    return identity;
  }

  get mode(): StationMode {
    return this.#mode;
  }
  get counters(): Readonly<Counters> {
    return this.#counters;
  }
  get alarm(): StoredState['alarm'] {
    return this.#alarm;
  }
  get recipe(): StoredState['recipe'] {
    return this.#recipe;
  }
  /** Oldest first. */
  get activations(): readonly StoredActivation[] {
    return this.#activations;
  }
  get shadow(): Readonly<StoredShadow> | null {
    return this.#shadow;
  }
  /** The mode that a PLC's `online` returns to: the last one of run and shadow that was in force. */
  get onlineMode(): 'shadow' | 'run' {
    return this.#onlineMode;
  }
  get handshake(): Readonly<HandshakeMemory> {
    return this.#handshake;
  }
  /** Parts with a PLC's trigger id, oldest first. */
  get recentParts(): readonly RecentPart[] {
    return this.#recentParts;
  }
  /** Newest sequence whose verdict was said, in this boot or before. */
  get lastPublished(): number {
    return this.#lastPublished;
  }

  /** Whether one more sequence may be used without ever repeating after a crash. */
  get reserved(): boolean {
    return this.#lastSequence < this.#store.reservedThrough + overrunAllowance;
  }

  nextSequence(): number {
    this.#lastSequence += 1;
    if (this.#store.reservedThrough - this.#lastSequence < sequenceBlock / 2) this.#store.save();
    return this.#lastSequence;
  }

  opened(entry: Readonly<Entry>): void {
    const { sequence, id, trigger } = entry;
    if (trigger.triggerId !== 0) {
      this.#recentParts = [...this.#recentParts, { sequence, id, triggerId: trigger.triggerId }].slice(
        -rememberedParts,
      );
    }
    this.#store.record({ what: 'open', open: openRecord(entry) });
  }

  /** What was said to and by the PLC, for the next start. */
  rememberHandshake(handshake: HandshakeMemory): void {
    this.#handshake = handshake;
    this.#store.record({ what: 'handshake', handshake });
  }

  /** Parts of commissioning and shadow, and challenge parts, stay out of the counters. */
  closed(entry: Readonly<Entry>): void {
    const { sequence, mode, challenge } = entry;
    const verdict = entry.verdict ?? 'invalid';
    const counted = mode === 'run' && challenge === 0;
    if (counted) {
      const { total, [verdict]: count } = this.#counters;
      this.#counters = { ...this.#counters, total: total + 1, [verdict]: count + 1 };
    }
    this.#lastPublished = sequence;
    this.#store.record({ what: 'closed', sequence, verdict, counted });
  }

  count(counter: 'missed' | 'evidenceLost' | 'resultsOverrun', by = 1): void {
    this.#counters = { ...this.#counters, [counter]: this.#counters[counter] + by };
    this.#store.record({ what: 'count', counter, by });
  }

  resetCounters(): void {
    this.#counters = noCounters;
    this.#store.save();
  }

  setMode(mode: StationMode): void {
    this.#mode = mode;
    if (mode === 'run' || mode === 'shadow') this.#onlineMode = mode;
    this.#store.save();
  }

  setAlarm(alarm: StoredState['alarm']): void {
    this.#alarm = alarm;
    this.#store.save();
  }

  setRecipe(activation: StoredActivation): void {
    this.#recipe = activation.recipe;
    this.#activations = withActivation(this.#activations, activation);
    this.#store.save();
  }

  /** Null: no version runs in shadow. */
  setShadow(shadow: StoredShadow | null): void {
    this.#shadow = shadow;
    this.#store.save();
  }

  /** One more picture judged by both versions; null: one that was dropped. */
  compared(comparison: StoredComparison | null): void {
    if (this.#shadow === null) return;
    this.#shadow = comparison ? withComparison(this.#shadow, comparison) : withoutComparison(this.#shadow);
    this.#store.record(comparison ? { what: 'compared', comparison } : { what: 'not compared' });
  }

  /** Tries again what failed, notices a disk that hangs. */
  watch(): void {
    this.#store.watch();
  }

  settled(): Promise<void> {
    return this.#store.settled();
  }

  /** The last write of an orderly end: the next start goes on without a jump. */
  async close(): Promise<void> {
    this.#clean = true;
    this.#store.save();
    await this.#store.settled();
    this.#store.close();
  }

  #capture(): Omit<StoredState, 'generation'> {
    return {
      schema: 1,
      clean: this.#clean,
      lastSequence: this.#lastSequence,
      reservedThrough: this.#clean ? this.#lastSequence : this.#lastSequence + sequenceBlock,
      lastPublished: this.#lastPublished,
      counters: { ...this.#counters },
      mode: this.#mode,
      alarm: this.#alarm,
      recipe: this.#recipe,
      activations: [...this.#activations],
      shadow: this.#shadow,
      onlineMode: this.#onlineMode,
      handshake: this.#handshake,
      recentParts: this.#recentParts,
      open: this.#o.open().map(openRecord),
      savedUtc: this.#o.clock.utc(),
    };
  }
}

function openRecord(entry: Readonly<Entry>): OpenRecord {
  const { sequence, id, trigger, mode, recipe, simulated, deadline, challenge } = entry;
  const known = recipe === null ? null : { number: recipe.number, version: recipe.version, name: recipe.name };
  return { sequence, id, ...trigger, mode, recipe: known, simulated, deadline, challenge };
}
