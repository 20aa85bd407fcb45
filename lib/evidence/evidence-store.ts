import { EventEmitter } from 'node:events';
import { isAbsolute } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { isId } from '../core/ids.ts';
import type { Inspection, TriggerRequest } from '../core/inspection.ts';
import type { Refusal } from '../core/snapshot.ts';
import type { OverlayOptions, OverlayView } from '../imaging/overlay.ts';
import type { ChildStats, SupervisedChild } from '../process/supervised-child.ts';
import { dispositionLine, type Reported } from './disposition.ts';
import { type ChildChoice, evidenceProcess } from './evidence-process.ts';
import { Notes } from './notes.ts';
import { newOpenStore, type OpenStore, type OpenStoreOptions, stateOf } from './open-store.ts';
import { type Entry, Pending, type PendingLimits } from './pending.ts';
import { parsePolicy } from './policy.ts';
import { checkBefore, checkLimit, checkPicture } from './reading.ts';
import type { EvidenceRecord, PictureRole } from './record.ts';
import { type RefusalRecord, refusalRecord } from './refusal.ts';
import { drawRequest, encodeRequest, entryOf, type RecordExtras, softwareOf } from './sending.ts';
import type { EvidenceStats } from './stats.ts';
import type { StorageState, StorageStats, WriteAnswer } from './store.ts';

export interface EvidenceOptions {
  limits?: Partial<PendingLimits>;
  child?: ChildChoice;
  /** The child may take this long for one record before it counts as hung. */
  writeMs?: number;
}

/** What the child has at a time: enough to share one sync, little enough to be sent again. */
const window = { count: 16, bytes: 48 * 1024 * 1024 };
const reopenMs = 2_000;
const pauseMs = 20;

/**
 * Evidence for all stations of this runtime: the parent of one supervised child. `record` never waits; what cannot be
 * kept is counted, told and never half there. Records that the child had not answered when it ended are sent again.
 *
 * Events: `state` (key, {ok, text}), `lost` (key, inspection id, why; each time `record` says false as well), `written` (key, inspection id, pictures state).
 */
export class EvidenceStore extends EventEmitter {
  readonly #child: SupervisedChild;
  readonly #pending: Pending;
  readonly #notes: Notes;
  readonly #limits: PendingLimits;
  readonly #writeMs: number;
  readonly #stores = new Map<string, OpenStore>();
  readonly #software = softwareOf();
  #inFlight = 0;
  #inFlightBytes = 0;
  #started = false;
  #stopping = false;
  #pause: NodeJS.Timeout | undefined;
  #reopener: NodeJS.Timeout | undefined;

  constructor({ limits = {}, child = {}, writeMs = 15_000 }: EvidenceOptions = {}) {
    super();
    this.#limits = { count: 2_000, bytes: 128 * 1024 * 1024, ...limits };
    this.#pending = new Pending(this.#limits);
    this.#writeMs = writeMs;
    this.#child = evidenceProcess(child, () => this.#openAll());
    this.#notes = new Notes({
      ready: (key) => this.#child.state === 'running' && this.#stores.get(key)?.open === true,
      request: (type, body) => this.#child.request(type, body, [], { deadlineMs: writeMs }),
      onLost: (key, id, why) => this.emit('lost', key, id, why),
    });
    this.#child.on('event', (type: string, body: unknown) => {
      if (type !== 'state') return;
      const { key, state } = body as { key: string; state: StorageState };
      const store = this.#stores.get(key);
      if (store === undefined) return;
      store.state = state;
      this.#tell(key, store);
    });
    this.#child.on('failure', (error: GoodpartError) => {
      if (this.#child.state === 'running') return;
      for (const [key, store] of this.#stores) {
        store.open = false;
        store.state = { ok: false, text: error.message };
        this.#tell(key, store);
      }
    });
    this.#child.on('state', () => this.#pump());
  }

  /** Starts the child ahead of its first use. Rejects where that fails, and goes on trying. */
  async start(): Promise<void> {
    if (this.#started) return this.#child.whenRunning(60_000);
    this.#started = true;
    return this.#child.start();
  }

  /** Opens a station's store under a key of the caller's choice. Rejects where the folder cannot be used, and goes on trying. */
  async openStore(key: string, o: OpenStoreOptions): Promise<void> {
    if (typeof o.dir !== 'string' || !isAbsolute(o.dir)) {
      throw invalidParameter('dir', 'an absolute path', o.dir, 'GP_CONFIG_INVALID');
    }
    const policy = parsePolicy(o.policy ?? {});
    const store = newOpenStore({ dir: o.dir, line: o.line, station: o.station, policy }, this.#stores.get(key));
    this.#stores.set(key, store);
    await this.start();
    if (!store.open && store.error === undefined) await this.#open(key, store);
    if (store.error !== undefined) throw store.error;
  }

  /** Waits a moment for what is on its way, then lets go of the folder. */
  async closeStore(key: string): Promise<void> {
    if (!this.#stores.has(key)) return;
    await this.flush(3_000, key);
    for (const entry of this.#pending.all()) {
      if (entry.key !== key || entry.inFlight) continue;
      this.#pending.remove(entry);
      this.#lose(entry, 'the store was closed before it was written');
    }
    this.#notes.drop('the store was closed before it was written', key);
    this.#stores.delete(key);
    if (this.#child.state === 'running') await this.#child.request('close', { key }).catch(() => {});
  }

  /**
   * Takes the record of a judged inspection; pictures too where the policy keeps them. Never waits, never throws. False:
   * this record will not be kept; it is counted as lost.
   */
  record(key: string, inspection: Inspection, { regions = {} }: RecordExtras = {}): boolean {
    const store = this.#stores.get(key);
    if (store === undefined || this.#stopping) {
      this.emit('lost', key, inspection.id, 'the evidence store is not open');
      return false;
    }
    if (this.#pending.has(inspection.id)) return true;
    try {
      const { verdict } = inspection;
      if (verdict === null || !isId(inspection.id)) {
        throw invalidParameter('inspection', 'a judged inspection with an id of ours', verdict ?? inspection.id);
      }
      const { policy } = store.options;
      const entry = entryOf({ ...inspection, verdict }, { key, policy, regions, software: this.#software });
      const dropped = this.#pending.add(entry);
      for (const one of dropped.pictures) this.#countPictures(one.key);
      for (const one of dropped.records) this.#lose(one, 'too many records were waiting for the disk');
      this.#watchQueue();
      this.#pump();
      return !dropped.records.includes(entry);
    } catch (thrown) {
      store.lost += 1;
      this.emit('lost', key, inspection.id, asGoodpartError(thrown).message);
      return false;
    }
  }

  /** Takes note of a trigger that was refused, as the station's `refused` event tells it. Never waits, never throws; false: it is lost. */
  recordRefusal(key: string, request: TriggerRequest, refusal: Pick<Refusal, 'reason' | 'text'>): boolean {
    const store = this.#stores.get(key);
    if (store === undefined || this.#stopping) return false;
    return this.#notes.refusals.add(key, refusalRecord(store.options, request, refusal, systemClock.utc()));
  }

  /** Takes note of what became of a part, as the station's `disposition` event tells it. Never waits, never throws; false: it is lost. */
  recordDisposition(key: string, report: Reported): boolean {
    try {
      if (this.#stores.has(key) && !this.#stopping) return this.#notes.dispositions.add(key, dispositionLine(report));
      throw new GoodpartError('GP_EVIDENCE_LOST', 'the evidence store is not open');
    } catch (thrown) {
      this.emit('lost', key, report.id, asGoodpartError(thrown).message);
      return false;
    }
  }

  /** The newest refusals, newest first; `limit` 1..500. */
  async listRefusals(key: string, { limit }: { limit: number }): Promise<RefusalRecord[]> {
    this.#storeOf(key);
    checkLimit(limit);
    return this.#ask<RefusalRecord[]>('listRefusals', { key, limit });
  }

  /** An overlay as JPEG: map tinted over the frame, regions, banner. Rejects with GP_IMAGE_UNREADABLE or GP_CHILD_BUSY. */
  draw(frame: Frame, view: OverlayView, options: OverlayOptions = {}): Promise<Buffer> {
    return this.#picture('draw', drawRequest(frame, view, options));
  }

  /** The bare frame as JPEG. Rejects as `draw`. */
  async encode(frame: Frame, options: OverlayOptions = {}): Promise<Buffer> {
    return this.#picture('encode', encodeRequest(frame, options));
  }

  async #picture(type: string, { request, payloads }: { request: object; payloads: Buffer[] }): Promise<Buffer> {
    if (!this.#started) await this.start();
    return (await this.#child.request(type, request, payloads, { deadlineMs: 10_000 })).payloads[0];
  }

  async #ask<T>(type: string, request: object): Promise<T> {
    return (await this.#child.request(type, request, [], { keepOnDeadline: true })).body as T;
  }

  stats(key: string): EvidenceStats {
    const store = this.#storeOf(key);
    const { written, lost, picturesDropped, resent, storage } = store;
    return {
      ...{ ...stateOf(store), written, lost, picturesDropped, resent },
      ...{ queued: this.#pending.countOf(key), queuedBytes: this.#pending.bytes },
      ...{ restarts: this.#child.stats().failures, storage },
    };
  }

  childStats(): ChildStats {
    return this.#child.stats();
  }

  /** The newest records, newest first, each with what has become of its part since; those with a sequence below `before` where that is given. */
  async list(key: string, { limit, before }: { limit: number; before?: number }): Promise<EvidenceRecord[]> {
    this.#storeOf(key);
    checkLimit(limit);
    checkBefore(before);
    return this.#ask<EvidenceRecord[]>('list', { key, limit, before });
  }

  /** A kept picture. Null where the record has none; `expired` where the record outlived it. */
  async readPicture(
    key: string,
    id: string,
    role: PictureRole,
    view = 0,
  ): Promise<{ data: Buffer; type: string } | 'expired' | null> {
    this.#storeOf(key);
    checkPicture(id, role, view);
    const request = { key, id, role, view };
    const { body, payloads } = await this.#child.request('picture', request, [], { keepOnDeadline: true });
    const { state, type } = body as { state: 'none' | 'expired' | 'found'; type: string };
    if (state === 'found') return { data: payloads[0], type };
    return state === 'expired' ? 'expired' : null;
  }

  /** Resolves when nothing is on its way any more (true), or after `ms` (false). */
  async flush(ms: number, key?: string): Promise<boolean> {
    const records = () => (key === undefined ? this.#pending.count : this.#pending.countOf(key));
    const left = () => records() + this.#notes.countOf(key);
    const end = systemClock.mono() + ms;
    while (left() > 0) {
      if (systemClock.mono() > end) return false;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return true;
  }

  /** Waits up to ten seconds for what is on its way; what is left then is counted as lost. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // no verdict waits any more, and this child's priority is low: on a busy machine the last records take their time
    await this.flush(10_000);
    clearInterval(this.#reopener);
    await this.#child.stop();
    clearTimeout(this.#pause);
    for (const entry of this.#pending.all()) {
      this.#pending.remove(entry);
      this.#lose(entry, 'the runtime stopped before it was written');
    }
    this.#notes.drop('the runtime stopped before it was written');
  }

  #storeOf(key: string): OpenStore {
    const store = this.#stores.get(key);
    if (store === undefined) throw new GoodpartError('GP_INPUT_INVALID', 'This evidence store is not open');
    return store;
  }

  async #openAll(): Promise<void> {
    for (const [key, store] of this.#stores) await this.#open(key, store);
  }

  /** Never rejects for a folder that cannot be used: the other stations' stores must open all the same. */
  async #open(key: string, store: OpenStore): Promise<void> {
    const { dir, policy } = store.options;
    try {
      const { body } = await this.#child.request('open', { key, dir, policy }, [], { deadlineMs: 55_000 });
      const { state, stats } = body as { state: StorageState; stats: StorageStats };
      Object.assign(store, { open: true, error: undefined, state, storage: stats });
    } catch (thrown) {
      const error = asGoodpartError(thrown);
      if (error.code === 'GP_CHILD_EXITED') throw error;
      Object.assign(store, { open: false, error, state: { ok: false, text: error.message } });
      this.#reopenLater();
    }
    this.#tell(key, store);
    this.#pump();
  }

  #reopenLater(): void {
    this.#reopener ??= setInterval(() => {
      const closed = [...this.#stores].filter(([, store]) => !store.open);
      if (closed.length === 0) {
        clearInterval(this.#reopener);
        this.#reopener = undefined;
      } else if (this.#child.state === 'running') {
        for (const [key, store] of closed) this.#open(key, store).catch(() => {}); // told by the child's own events
      }
    }, reopenMs).unref();
  }

  #pump(): void {
    this.#notes.pump();
    if (this.#pause !== undefined) return;
    while (this.#child.state === 'running' && this.#inFlight < window.count && this.#inFlightBytes < window.bytes) {
      const entry = this.#pending.next(({ key }) => this.#stores.get(key)?.open === true);
      if (entry === undefined) return;
      this.#send(entry);
    }
  }

  /** After a refusal, not at once: a child that is ending refuses everything until its end has been noticed. */
  #pumpLater(): void {
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, pauseMs);
  }

  #send(entry: Entry): void {
    const { key, record, views, payloads, bytes } = entry;
    entry.inFlight = true;
    this.#inFlight += 1;
    this.#inFlightBytes += bytes;
    this.#child
      .request('write', { key, record, views }, payloads, { deadlineMs: this.#writeMs })
      .then(
        ({ body }) => this.#answered(entry, body as WriteAnswer & { stats: StorageStats }),
        (thrown: unknown) => this.#failed(entry, asGoodpartError(thrown)),
      )
      .finally(() => {
        this.#inFlight -= 1;
        this.#inFlightBytes -= bytes;
        this.#watchQueue();
        if (entry.inFlight) this.#pump();
        else this.#pumpLater();
      })
      .catch(() => {});
  }

  #answered(entry: Entry, { result, pictures, stats }: WriteAnswer & { stats: StorageStats }): void {
    this.#pending.remove(entry);
    const store = this.#stores.get(entry.key);
    if (store === undefined) return;
    store.storage = stats;
    if (result === 'written' || entry.deaths > 0) store.written += 1;
    if (pictures === 'dropped' && entry.record.pictures.state !== 'dropped') this.#countPictures(entry.key);
    this.emit('written', entry.key, entry.record.id, pictures);
  }

  #failed(entry: Entry, error: GoodpartError): void {
    entry.inFlight = false;
    if (['GP_EVIDENCE_LOST', 'GP_INTERNAL', 'GP_INPUT_INVALID'].includes(error.code)) {
      this.#pending.remove(entry);
      this.#lose(entry, error.message);
      return;
    }
    // the child ended or never got it: it goes again, and a picture that ends the child twice stays behind
    const { starts } = this.#child.stats();
    if (entry.lostWith === starts) return;
    entry.lostWith = starts;
    entry.deaths += 1;
    const store = this.#stores.get(entry.key);
    if (store !== undefined) store.resent += 1;
    if (entry.deaths >= 3 && entry.bytes > 0) {
      this.#pending.strip(entry, 'the evidence process ended each time it had this picture');
      this.#countPictures(entry.key);
    }
  }

  #lose(entry: Entry, why: string): void {
    const store = this.#stores.get(entry.key);
    if (store !== undefined) store.lost += 1;
    this.emit('lost', entry.key, entry.record.id, why);
  }

  #countPictures(key: string): void {
    const store = this.#stores.get(key);
    if (store !== undefined) store.picturesDropped += 1;
  }

  #watchQueue(): void {
    const { count, bytes } = this.#pending;
    const full = count >= this.#limits.count * 0.9 || bytes >= this.#limits.bytes * 0.9;
    const calm = count < this.#limits.count * 0.5 && bytes < this.#limits.bytes * 0.5;
    if (!full && !calm) return;
    for (const [key, store] of this.#stores) {
      store.queueText = full ? 'The disk is too slow: records and pictures are waiting or being dropped' : '';
      this.#tell(key, store);
    }
  }

  #tell(key: string, store: OpenStore): void {
    const state = stateOf(store);
    const now = JSON.stringify(state);
    if (now === store.told) return;
    store.told = now;
    this.emit('state', key, state);
  }
}
