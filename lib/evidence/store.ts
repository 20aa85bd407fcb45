import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import type { Verdict } from '../core/inspection.ts';
import { Ballast } from './ballast.ts';
import { type DispositionLine, withDispositions } from './disposition.ts';
import { DispositionLog } from './disposition-log.ts';
import { Journal } from './journal.ts';
import type { Unkept } from './line-queue.ts';
import { PictureShelf } from './picture-shelf.ts';
import type { EvidencePolicy } from './policy.ts';
import type { EvidenceRecord, PictureRole } from './record.ts';
import { RefusalLog } from './refusal-log.ts';
import { type Picture, renderPictures, type SentView } from './render.ts';

/** What happened to a record; only what is `durable` is answered at all. */
export interface WriteAnswer {
  result: 'written' | 'already';
  pictures: EvidenceRecord['pictures']['state'];
}

export interface StorageState {
  ok: boolean;
  text: string;
}

export interface StorageStats {
  journalBytes: number;
  /** Half-written ends set aside at the last start; lines that are no longer what was written. */
  tornTails: number;
  damagedLines: number;
  orphans: number;
  picturesExpired: number;
  pictures: Record<Verdict, { count: number; bytes: number }>;
}

const restoreMs = 1_000;

/**
 * One station's evidence on disk, `<dir>/journal/*.ndjson` and `<dir>/pictures/…`. Pictures are durable before the record
 * that names them: the record is the commit mark, and files without one are removed at the next opening.
 */
export class Store {
  readonly #dir: string;
  readonly #policy: EvidencePolicy;
  readonly #journal: Journal;
  readonly #shelf: PictureShelf;
  readonly #ballast: Ballast;
  readonly refusals: RefusalLog;
  readonly #dispositions: DispositionLog;
  readonly #onState: (state: StorageState) => void;
  readonly #inProgress = new Map<string, Promise<WriteAnswer>>();
  /** Pictures are written one inspection after another: what room they need depends on those before. */
  #pictures: Promise<unknown> = Promise.resolve();
  #restorer: NodeJS.Timeout | undefined;
  #journalTrouble = '';
  #pictureTrouble = '';
  #dispositionTrouble = '';
  #told = '';

  constructor(o: { dir: string; policy: EvidencePolicy; onState: (state: StorageState) => void }) {
    this.#dir = o.dir;
    this.#policy = o.policy;
    this.#onState = o.onState;
    this.#ballast = new Ballast(o.dir);
    this.#shelf = new PictureShelf(o.dir, o.policy);
    this.refusals = new RefusalLog(join(o.dir, 'refusals'), o.policy.segmentBytes);
    this.#dispositions = new DispositionLog(join(o.dir, 'dispositions'), () => this.#giveUpBallast());
    this.#journal = new Journal(join(o.dir, 'journal'), {
      segmentBytes: o.policy.segmentBytes,
      makeRoom: () => this.#giveUpBallast(),
    });
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o750 });
    await this.#journal.open();
    await this.#shelf.open((id) => this.#journal.has(id));
    if (!(await this.#ballast.restore())) this.#watchBallast();
    this.#tell();
  }

  /** Writes a record and the pictures sent with it. Resolves when durable; rejects with GP_EVIDENCE_LOST where it is absent. */
  write(record: EvidenceRecord, views: SentView[], payloads: Buffer[]): Promise<WriteAnswer> {
    const running = this.#inProgress.get(record.id);
    if (running !== undefined) return running;
    const work = this.#write(record, views, payloads).finally(() => this.#inProgress.delete(record.id));
    this.#inProgress.set(record.id, work);
    return work;
  }

  state(): StorageState {
    const troubles = [this.#journalTrouble, this.#dispositionTrouble, this.#pictureTrouble];
    const text = troubles.filter((part) => part !== '').join('; ');
    return { ok: text === '', text };
  }

  stats(): StorageStats {
    return {
      journalBytes: this.#journal.bytes,
      tornTails: this.#journal.torn,
      damagedLines: this.#journal.damaged,
      orphans: this.#shelf.orphans,
      picturesExpired: this.#shelf.expired,
      pictures: this.#shelf.totals,
    };
  }

  /** Newest first, each with what has become of its part since. */
  async list(limit: number, before?: number): Promise<EvidenceRecord[]> {
    const records = await this.#journal.newest(limit, before);
    return Promise.all(
      records.map(async (record) => {
        try {
          return withDispositions(record, await this.#dispositions.of(record));
        } catch (thrown) {
          this.#dispositionTrouble = `Dispositions cannot be read: ${asGoodpartError(thrown).message}`;
          this.#tell();
          return record;
        }
      }),
    );
  }

  /** Resolves when all are durable but those that the answer names. */
  async addDispositions(lines: DispositionLine[]): Promise<Unkept[]> {
    const unkept = await this.#dispositions.append(lines);
    this.#dispositionTrouble = unkept.length === 0 ? '' : `Dispositions are being lost: ${unkept[0].why}`;
    if (unkept.length > 0) this.#watchBallast();
    this.#tell();
    return unkept;
  }

  /** Null where there is no such record or picture; `expired` where the record outlived it. */
  async picture(
    id: string,
    role: PictureRole,
    view: number,
  ): Promise<{ data: Buffer; type: string } | 'expired' | null> {
    if (!isId(id)) return null;
    const file = (await this.#journal.find(id))?.files.find((one) => one.role === role && one.view === view);
    if (file === undefined) return null;
    const data = await this.#shelf.read(file);
    return data === null ? 'expired' : { data, type: file.type };
  }

  /** Finishes what has begun. */
  async close(): Promise<void> {
    clearInterval(this.#restorer);
    await Promise.allSettled([...this.#inProgress.values()]);
    await this.#journal.close();
    await this.refusals.close();
    await this.#dispositions.close();
  }

  async #write(record: EvidenceRecord, views: SentView[], payloads: Buffer[]): Promise<WriteAnswer> {
    if (!isId(record.id)) throw new GoodpartError('GP_EVIDENCE_LOST', 'The inspection has no id of ours');
    if (this.#journal.has(record.id)) return { result: 'already', pictures: record.pictures.state };
    let kept: Awaited<ReturnType<PictureShelf['write']>> | undefined;
    let whole = record;
    if (record.pictures.state === 'kept') {
      const { pictures, trouble } = await renderPictures(record, views, payloads, this.#policy);
      try {
        kept = await this.#shelve(record, pictures);
        const state = pictures.length > 0 ? 'kept' : trouble === '' ? 'none' : 'dropped';
        whole = { ...record, pictures: { state, detail: trouble }, files: kept?.files ?? [] };
      } catch (thrown) {
        const detail = asGoodpartError(thrown).message;
        whole = { ...record, pictures: { state: 'dropped', detail }, files: [] };
      }
    }
    try {
      await this.#journal.append(whole);
    } catch (error) {
      await kept?.takeBack();
      const why = error instanceof Error ? error.message : String(error);
      this.#journalTrouble = `Records are being lost: ${why}`;
      this.#watchBallast();
      this.#tell();
      throw new GoodpartError('GP_EVIDENCE_LOST', why, { cause: error });
    }
    await kept?.keep();
    if (this.#ballast.there) this.#journalTrouble = '';
    this.#tell();
    return { result: 'written', pictures: whole.pictures.state };
  }

  #shelve(record: EvidenceRecord, pictures: Picture[]): ReturnType<PictureShelf['write']> | Promise<undefined> {
    if (pictures.length === 0) return Promise.resolve(undefined);
    const work = this.#pictures.then(async () => {
      try {
        // what is left of a full disk is for records
        if (!this.#ballast.there) throw new GoodpartError('GP_EVIDENCE_LOST', 'the disk is full');
        const kept = await this.#shelf.write(record, pictures);
        this.#pictureTrouble = '';
        return kept;
      } catch (error) {
        this.#pictureTrouble = `Pictures are not being kept: ${asGoodpartError(error).message}`;
        this.#tell();
        throw error;
      }
    });
    this.#pictures = work.catch(() => {});
    return work;
  }

  async #giveUpBallast(): Promise<boolean> {
    const released = await this.#ballast.release();
    if (released) this.#journalTrouble = 'The disk is full: records are written into the reserve, without pictures';
    this.#watchBallast();
    this.#tell();
    return released;
  }

  #watchBallast(): void {
    if (this.#restorer !== undefined) return;
    if (!this.#ballast.there && this.#journalTrouble === '') {
      this.#journalTrouble = 'The disk is full: there is no reserve, and no pictures are kept';
    }
    this.#restorer = setInterval(() => {
      this.#ballast.restore().then(
        (there) => {
          if (!there) return;
          clearInterval(this.#restorer);
          this.#restorer = undefined;
          this.#journalTrouble = '';
          this.#pictureTrouble = '';
          this.#dispositionTrouble = '';
          this.#tell();
        },
        () => {},
      );
    }, restoreMs);
  }

  #tell(): void {
    const state = this.state();
    if (state.text === this.#told) return;
    this.#told = state.text;
    this.#onState(state);
  }
}
