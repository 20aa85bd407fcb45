import { newId } from '../core/ids.ts';
import type { Inspection, TriggerRequest } from '../core/inspection.ts';
import { type ReasonKey, reason } from '../core/reasons.ts';
import type { Refusal } from '../core/snapshot.ts';
import { describeEntry } from './entry.ts';
import { Health, ownFaults } from './health.ts';
import { Identity } from './identity.ts';
import { Ledger, type PublishAnswer } from './ledger.ts';
import type { Release } from './lock.ts';
import {
  checkLimits,
  checkOptions,
  realSeams,
  type Seams,
  type StationLimits,
  type StationOptions,
} from './options.ts';
import { resultOf } from './results.ts';
import { notReady } from './snapshot.ts';
import type { Answer } from './station-cameras.ts';
import type { StationParts } from './station-desk.ts';
import { StationViews } from './station-views.ts';
import { harmless, triggerTrouble } from './trigger-check.ts';

export type { JudgeViewOptions } from './judging.ts';
export type { PublishAnswer } from './ledger.ts';
export type { StationLimits, StationOptions } from './options.ts';
export type { Audit } from './station-desk.ts';
export type { Outlook } from './station-views.ts';

/**
 * The heart: one inspection place, named by line and station. Wraps the pure ledger with the clock, one timer, what is
 * kept over restarts, and events. No method waits for the disk but `open`, `close` and `recipes.save`.
 *
 * Events: `closed` (Inspection) once for each accepted trigger, in order of triggers; `refused` (TriggerRequest, Refusal);
 * `recipes` when one was saved, `shadow` when another version runs in shadow or none;
 * `snapshot` (StationSnapshot) at once on a result, else once per turn of the loop; `audit` (Audit); `alarmReset` (by);
 * `disposition` (DispositionReport): what became of a part; `trouble` (GoodpartError). A listener that throws stops nobody; it shows as fault 502.
 */
export class Station extends StationViews {
  readonly #seams: Seams;
  readonly #release: Release;
  #cancelTimer: (() => void) | null = null;
  #timerAt: number | null = null;
  #draining = false;

  /** Use `Station.open`. */
  constructor(o: Required<StationOptions>, parts: StationParts) {
    super(o, parts);
    this.#seams = parts.seams;
    this.#release = parts.release;
  }

  /**
   * Takes the folder (GP_STATION_LOCKED where somebody has it), restores what belongs to the identity, closes what a crash
   * left open. Damaged files are set aside and shown as a fault; the station opens all the same.
   */
  static async open(options: StationOptions, seams: Partial<Seams> = {}): Promise<Station> {
    const o = checkOptions(options);
    const all = { ...realSeams, ...seams };
    await all.disk.makeDir(o.dir);
    const release = await all.lock(o.dir);
    try {
      let station: Station | null = null;
      const ledger = new Ledger();
      const health = new Health();
      const identity = await Identity.load({
        ...o,
        disk: all.disk,
        open: () => ledger.open(),
        onDisk: (error) => {
          health.set('disk', 'evidence', error === null, ownFaults.diskFailing, error?.message ?? '');
          station?.changed();
        },
      });
      station = new Station(o, { seams: all, release, ledger, health, identity });
      await station.#start();
      return station;
    } catch (error) {
      await release();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { damaged } = this.identity;
    for (const { field = '', message } of damaged) {
      this.health.set(field, 'internal', false, ownFaults.stateDamaged, message);
    }
    const recipes = await this.recipes.load(this.identity.recipe);
    for (const { field = 'active recipe', message } of recipes) {
      this.health.set(field, 'recipe', false, ownFaults.recipeDamaged, message);
    }
    setImmediate(() => {
      for (const error of [...damaged, ...recipes]) this.tell('trouble', error);
      for (const inspection of this.closedAtStart) this.tell('closed', inspection);
    });
    this.changed();
  }

  /** What a crash had left open, closed at this start; also told as `closed` events one turn after `open`. */
  get closedAtStart(): readonly Inspection[] {
    return this.identity.closedAtStart;
  }

  /** Takes effect for triggers from now on. Throws GP_CONFIG_INVALID naming the field. */
  configure(limits: StationLimits): void {
    this.limits = checkLimits(limits);
    this.handshake.acknowledged = this.limits.acknowledged;
    this.changed();
  }

  /** Closes what is open as invalid, writes everything, gives the folder back. Afterwards triggers are refused. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.tick();
    this.closing = true;
    this.ledger.closeAll(reason('restarted', { detail: 'it was shut down' }), this.now());
    this.#drain();
    this.#cancelTimer?.();
    await this.identity.close();
    this.announce();
    await this.#release();
  }

  /** Opens an inspection or refuses at once; never throws for what a trigger carries. */
  override accept(request: TriggerRequest): Answer {
    return this.openFor(request, 0);
  }

  protected override openFor(request: TriggerRequest, patienceMs: number): Answer {
    this.tick();
    const trouble = triggerTrouble(request);
    if (trouble !== null)
      return this.refuseWith(request, trouble.key, reason(trouble.key, { detail: trouble.detail }).text);
    const obstacle = notReady(this.situation());
    if (obstacle !== null) return this.refuseWith(request, obstacle.key, obstacle.text);
    if (this.#isDuplicate(request)) return this.refuse(request, 'duplicateTrigger');
    const now = this.now();
    const { triggerId, partId, expectedRecipe, source } = request;
    const at = Math.min(request.at, now);
    const recipe = this.recipes.active();
    const entry = this.ledger.accept({
      id: newId(),
      sequence: this.identity.nextSequence(),
      trigger: Object.freeze({ triggerId, partId, expectedRecipe, source, at, utc: this.o.clock.utc() }),
      mode: this.identity.mode,
      recipe,
      simulated: this.place.simulated,
      challenge: this.challenge,
      deadline: at + patienceMs + this.limits.deadlineMs,
      expected: source === 'image' || source === 'camera' ? [] : this.cameraViews(),
      scenes: this.scenes.views(),
    });
    this.newest = entry;
    this.previousTrigger = triggerId;
    this.identity.opened(entry);
    if (expectedRecipe !== 0 && expectedRecipe !== (recipe?.number ?? 0)) {
      const detail = `expected ${expectedRecipe}, active is ${recipe?.number ?? 'none'}`;
      this.ledger.invalidate(entry.id, reason('wrongRecipe', { detail }), now);
    }
    this.after();
    return { refused: false, inspection: describeEntry(entry, '', this.place) };
  }

  /** Counts a trigger that cannot be taken, whoever found out. */
  override refuse(request: TriggerRequest, key: ReasonKey): Refusal {
    return this.refuseWith(request, key, reason(key).text);
  }

  /** How many triggers could be accepted now; 0 while not ready. */
  credit(): number {
    this.tick();
    if (notReady(this.situation()) !== null) return 0;
    const open = this.ledger.size;
    return Math.min(this.limits.maxOpen - open, this.handshake.room(open));
  }

  /**
   * The PLC process has told the PLC that this part is invalid, because this process was silent: the ledger says the same,
   * a verdict that waits for publication included. False where it is published already or unknown.
   */
  invalidateHung(sequence: number): boolean {
    this.tick();
    const said = this.ledger.overrule(sequence, reason('stationHung'), this.now());
    this.after();
    return said;
  }

  /** As `invalidateHung`, for a trigger that the PLC process has refused although it had reached this one. False where it is not open. */
  override cancel(triggerId: number): boolean {
    const part = this.identity.recentParts.findLast((one) => one.triggerId === triggerId);
    if (part === undefined) return false; // this process has refused it too, and counted it
    const said = this.invalidateHung(part.sequence);
    // After that, or a snapshot made meanwhile would count it, and the PLC process as well.
    this.identity.count('missed');
    return said;
  }

  publish(id: string): PublishAnswer {
    this.tick();
    const answer = this.ledger.publish(id, this.now());
    this.settle();
    return answer;
  }

  /** Throws GP_STATION_UNKNOWN_INSPECTION for an id that is not known (any more). */
  override describe(id: string, view: string): Inspection {
    return describeEntry(this.known(id), view, this.place);
  }

  /** While an output is attached, judged inspections wait for `publish`. Call the answer to detach. */
  attachOutput(): () => void {
    this.ledger.outputs += 1;
    let attached = true;
    return () => {
      if (attached) this.ledger.outputs -= 1;
      attached = false;
    };
  }

  /** Closes what is due. The station's timer calls it; so does every method that depends on time. */
  override tick(): void {
    this.identity.watch();
    this.hardware.tick(this.now());
    this.ledger.tick(this.now());
    this.settle();
  }

  /** Resolves when nothing is left to be written, or writing has failed. No verdict waits for it. */
  settled(): Promise<void> {
    return this.identity.settled();
  }

  protected override after(): void {
    this.settle();
    this.changed();
  }

  protected override settle(): void {
    this.#drain();
    this.#arm();
    this.changedIfSeen();
  }

  #isDuplicate({ triggerId, source }: TriggerRequest): boolean {
    if (triggerId === 0) return false;
    const previous = source === 'plc' || source === 'hardware' ? this.previousTrigger : 0;
    return previous === triggerId || this.ledger.open().some((entry) => entry.trigger.triggerId === triggerId);
  }

  protected override refuseWith(request: TriggerRequest, key: ReasonKey, text: string): Refusal {
    const refusal: Refusal = Object.freeze({ refused: true, reason: key, text });
    const known = harmless(request, this.now());
    this.identity.count('missed');
    this.rejected = { triggerId: known.triggerId, code: reason(key).code };
    this.tell('refused', known, refusal);
    this.changed();
    return refusal;
  }

  /** Passes on what has closed. A listener may call any method: what closes then is passed on after, in order. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let closed = this.ledger.takeClosed(); closed.length > 0; closed = this.ledger.takeClosed()) {
        for (const [n, entry] of closed.entries()) {
          this.untold = closed.slice(n + 1);
          const at = entry.closedAt ?? this.now();
          this.identity.closed(entry);
          this.hardware.closed(entry.id);
          const result = resultOf(entry, at, Date.parse(this.o.clock.utc()));
          if (this.results.add(result, entry.mode, this.identity.mode)) this.#keepForPlc(entry.sequence);
          this.announce();
          this.tell('closed', describeEntry(entry, '', this.place));
        }
      }
    } finally {
      this.untold = [];
      this.#draining = false;
    }
  }

  #keepForPlc(sequence: number): void {
    const lost = this.handshake.published(sequence);
    if (lost > 0) this.identity.count('resultsOverrun', lost);
  }

  #arm(): void {
    const instants = [this.ledger.nextInstant(), this.hardware.nextInstant()].filter((one) => one !== null);
    const at = this.closing || instants.length === 0 ? null : Math.min(...instants);
    if (at === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#timerAt = at;
    if (at === null) return;
    this.#cancelTimer = this.#seams.timer(Math.max(0, at - this.now()), () => {
      this.#timerAt = null;
      this.tick();
    });
  }
}
