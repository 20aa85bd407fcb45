import { randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { asGoodpartError, invalidParameter } from '../core/errors.ts';
import type { Roi, StationMode } from '../core/inspection.ts';
import type { Ne107 } from '../core/ne107.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import { besideNow } from './comparison.ts';
import type { Entry } from './entry.ts';
import { frozenCopy } from './freeze.ts';
import { Handshake } from './handshake.ts';
import { type Fault, type Health, type HealthKind, ownFaults } from './health.ts';
import type { Identity } from './identity.ts';
import type { Ledger } from './ledger.ts';
import type { Release } from './lock.ts';
import {
  checkLimits,
  checkMode,
  clockIsSynchronised,
  type Seams,
  type StationLimits,
  type StationOptions,
  stationId,
} from './options.ts';
import type { RecipeView } from './recipe-schema.ts';
import { type OnActivate, RecipeStore } from './recipe-store.ts';
import { Results } from './results.ts';
import { SceneGates } from './scene-gates.ts';
import { makeSnapshot, type SnapshotInput } from './snapshot.ts';
import type { StoredAlarm } from './state-schema.ts';
import { nameOf, Switching } from './switching.ts';

export interface Audit {
  utc: string;
  what: 'mode' | 'recipe' | 'shadow' | 'alarm reset' | 'counters reset' | 'fault acknowledged' | 'challenge';
  by: string;
  why: string;
}

/** What of the ledger's doing shows in a snapshot although nothing has closed. */
interface Seen {
  lastExposed: string | undefined;
  exposureDone: boolean | undefined;
  judgedUnvalidated: boolean;
}

export interface StationParts {
  seams: Seams;
  release: Release;
  ledger: Ledger;
  health: Health;
  identity: Identity;
}

/**
 * The half of a station that people and the plant around it set and see: mode, alarm, counters, health, recipes, and the snapshot
 * that all endpoints are served from. The other half, the inspections, is `Station`.
 */
export abstract class StationDesk extends EventEmitter {
  readonly line: string;
  readonly station: string;
  readonly id: string;
  /** Random, 1..65535, new at each `open`. */
  readonly bootId: number = randomInt(1, 65536);
  readonly recipes: RecipeStore;
  /** The scene checks of this station's views. */
  readonly scenes = new SceneGates();
  protected readonly o: Required<StationOptions>;
  protected readonly ledger: Ledger;
  protected readonly identity: Identity;
  protected readonly health: Health;
  protected readonly results = new Results();
  protected readonly handshake: Handshake;
  protected readonly switching: Switching;
  protected limits: Required<StationLimits>;
  /** Number of the challenge part that is being shown; 0 = ordinary parts. Ends with the boot and with going offline. */
  protected challenge = 0;
  protected newest: Readonly<Entry> | null = null;
  /** Trigger ids are compared with the previous one only since the station went online. */
  protected previousTrigger = 0;
  protected rejected = { triggerId: 0, code: 0 };
  /** The newest judgement used thresholds that are not validated for what runs. */
  protected judgedUnvalidated = false;
  protected closing = false;
  /** Views whose pictures are drawn, not taken: said to the PLC and in every record. */
  protected readonly simulatedViews = new Set<string>();
  /** Regions drawn in the flow, by view. */
  protected readonly drawn = new Map<string, readonly Roi[]>();
  #announcement: NodeJS.Immediate | null = null;
  /** What the last snapshot said of the ledger. */
  #told: Seen = { lastExposed: undefined, exposureDone: undefined, judgedUnvalidated: false };
  readonly #clockSynchronised = clockIsSynchronised();

  constructor(o: Required<StationOptions>, parts: StationParts) {
    super();
    this.line = o.line;
    this.station = o.station;
    this.id = stationId(o.line, o.station);
    this.o = o;
    this.limits = checkLimits(o);
    this.ledger = parts.ledger;
    this.identity = parts.identity;
    this.health = parts.health;
    this.handshake = new Handshake(parts.identity.handshake);
    this.handshake.acknowledged = this.limits.acknowledged;
    this.switching = new Switching(parts.seams.timer);
    this.recipes = new RecipeStore({
      dir: o.dir,
      disk: parts.seams.disk,
      clock: o.clock,
      onActivate: (...activation) => this.#activated(...activation),
      onSave: () => this.tell('recipes'),
    });
  }

  /** Closes what is due. The station's timer calls it; so does every method that depends on time. */
  abstract tick(): void;

  protected get place(): { line: string; station: string; simulated: boolean } {
    const { line, station } = this;
    return { line, station, simulated: this.o.simulated || this.simulatedViews.size > 0 };
  }

  setHealth(source: string, kind: HealthKind, ok: boolean, faultCode: number, text: string): void {
    if (this.health.set(source, kind, ok, faultCode, text)) this.changed();
  }

  /** Slower or other than validated, e.g. CPU instead of TensorRT. */
  setDegraded(source: string, degraded: boolean, text: string): void {
    if (this.health.setDegraded(source, degraded, text)) this.changed();
  }

  /** A diagnosis in the words of NE 107, for the PLC and people: no fault, inspections go on. Null takes it back. */
  setCondition(source: string, condition: { kind: Ne107; text: string } | null): void {
    if (this.health.setCondition(source, condition)) this.changed();
  }

  conditions(): { source: string; kind: Ne107; text: string }[] {
    return this.health.conditions();
  }

  /** A camera, engine or store that no longer exists has no faults. */
  forgetHealth(source: string): void {
    if (this.health.forget(source)) this.changed();
  }

  faults(): Fault[] {
    return this.health.faults();
  }

  get mode(): StationMode {
    return this.identity.mode;
  }

  /** Open inspections finish in the mode they began in. */
  setMode(mode: StationMode, by: string, why: string): void {
    checkMode(mode);
    if (mode === this.identity.mode) return;
    this.tick();
    this.results.enter(mode);
    this.previousTrigger = 0;
    if (mode === 'offline') this.challenge = 0;
    this.identity.setMode(mode);
    this.audit('mode', by, why || mode);
  }

  get alarm(): Readonly<StoredAlarm> | null {
    return this.identity.alarm;
  }

  /** Latched until reset, over restarts too; the first alarm stays. `code` 1..65535. */
  latchAlarm(code: number, text: string, stop = true): void {
    if (!Number.isInteger(code) || code < 1 || code > 65535) {
      throw invalidParameter('alarm code', 'a whole number from 1 to 65535', code);
    }
    if (this.identity.alarm !== null) return;
    this.identity.setAlarm({ code, text: text.slice(0, 500), stop, utc: this.o.clock.utc() });
    this.changed();
  }

  resetAlarm(by: string): void {
    const was = this.identity.alarm;
    if (was === null) return;
    this.identity.setAlarm(null);
    this.audit('alarm reset', by, was.text);
    this.tell('alarmReset', by);
  }

  resetCounters(by: string): void {
    this.identity.resetCounters();
    this.audit('counters reset', by, '');
  }

  countEvidenceLost(by = 1): void {
    this.identity.count('evidenceLost', by);
    this.changed();
  }

  /** Takes note of what was damaged at the start or thrown by a listener. Faults that still stand come back by themselves. */
  acknowledgeFault(by: string): void {
    const own: number[] = [ownFaults.recipeDamaged, ownFaults.stateDamaged, ownFaults.listenerThrew];
    for (const fault of this.health.faults()) if (own.includes(fault.code)) this.health.forget(fault.source);
    this.audit('fault acknowledged', by, '');
  }

  snapshot(): StationSnapshot {
    return makeSnapshot(this.situation());
  }

  /** Regions drawn in the flow for a view, to be learned with; null takes them back. Limits in them are not looked at. */
  drawRegions(view: string, rois: readonly Roi[] | null): void {
    if (rois === null) this.drawn.delete(view);
    else this.drawn.set(view, frozenCopy([...rois]));
  }

  /** The regions that limits are to be learned for: those drawn in the flow, else the active recipe's. */
  regionsOf(view: string): readonly Roi[] {
    return this.drawn.get(view) ?? this.recipes.active()?.views[view]?.rois ?? [];
  }

  protected now(): number {
    return this.o.clock.mono();
  }

  protected audit(what: Audit['what'], by: string, why: string): void {
    this.tell('audit', { utc: this.o.clock.utc(), what, by, why } satisfies Audit);
    this.changed();
  }

  /** Something a PLC can see has changed: told once per turn of the loop. */
  protected changed(): void {
    this.#announcement ??= setImmediate(() => this.announce());
  }

  /**
   * As `changed`, where what the ledger did shows: a snapshot for each frame, score and judgement took a fifth of the time between a
   * frame and its verdict (measured). What closes is told by itself.
   */
  protected changedIfSeen(): void {
    const [now, told] = [this.#seen(), this.#told];
    const same =
      now.lastExposed === told.lastExposed &&
      now.exposureDone === told.exposureDone &&
      now.judgedUnvalidated === told.judgedUnvalidated;
    if (!same) this.changed();
  }

  #seen(): Seen {
    const { ledger, newest, judgedUnvalidated } = this;
    return { lastExposed: ledger.lastExposed?.id, exposureDone: newest?.exposureDone, judgedUnvalidated };
  }

  protected announce(): void {
    if (this.#announcement !== null) clearImmediate(this.#announcement);
    this.#announcement = null;
    this.#told = this.#seen();
    this.tell('snapshot', this.snapshot());
  }

  protected tell(event: string, ...args: unknown[]): void {
    for (const listener of this.rawListeners(event)) {
      try {
        Reflect.apply(listener, this, args);
      } catch (thrown) {
        const text = `A listener of "${event}" failed: ${asGoodpartError(thrown).message}`;
        this.setHealth('listener', 'internal', false, ownFaults.listenerThrew, text);
      }
    }
  }

  #activated(...[recipe, by, why, rollback]: Parameters<OnActivate>): void {
    const what = recipe ? nameOf(recipe) : 'none';
    this.switching.supersede(what);
    this.judgedUnvalidated = false;
    const words = { utc: this.o.clock.utc(), by: by.slice(0, 200), why: why.slice(0, 1000) };
    this.identity.setRecipe({ recipe, ...words, ...(rollback && { rollback: true }) });
    const { shadow } = this.identity;
    const next = besideNow(shadow, recipe);
    if (next !== shadow) {
      this.identity.setShadow(next);
      this.tell('shadow');
    }
    this.audit('recipe', by, why || (recipe ? `${recipe.number} version ${recipe.version}` : what));
  }

  /** Closed together with the one that is told now, and told next: until then they are open to a PLC. */
  protected untold: readonly Readonly<Entry>[] = [];

  protected situation(): SnapshotInput {
    const recipe = this.recipes.active();
    const unvalidated = ({ validation, verify }: RecipeView) => validation === null || verify?.validation === null;
    const neverValidated = recipe !== null && Object.values(recipe.views).some(unvalidated);
    const { line, station, id, bootId } = this;
    return {
      ...{ line, station, id, bootId, ...this.limits },
      simulated: this.place.simulated,
      mode: this.identity.mode,
      open: [...this.untold, ...this.ledger.open()],
      health: this.health,
      reserved: this.identity.reserved,
      closing: this.closing,
      activeRecipe: recipe?.number ?? 0,
      notValidated: this.judgedUnvalidated || neverValidated,
      clockSynchronised: this.#clockSynchronised,
      handshake: this.handshake,
      acceptedTrigger: this.newest?.trigger.triggerId ?? this.handshake.memory.accepted,
      exposureDoneTrigger: this.ledger.lastExposed?.trigger.triggerId ?? 0,
      exposureDone: this.newest?.exposureDone ?? false,
      rejected: this.rejected,
      results: this.results,
      lastPublished: this.identity.lastPublished,
      alarm: this.identity.alarm,
      counters: this.identity.counters,
    };
  }
}
