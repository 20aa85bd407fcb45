import { join } from 'node:path';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { type Disk, setAside } from './disk.ts';
import { type JournalLine, journalSchema, type StoredState, stateSchema } from './state-schema.ts';

/** Beyond this many unwritten journal lines (a disk that hangs) they are given up and the whole state is written instead. */
const maxPending = 4096;
/** After this many lines the state is written anew, so that the journal stays short. */
const linesPerSave = 2000;
/** A write that takes longer than this shows as a fault. */
const hungMs = 5000;

export interface LoadedState {
  /** Null where there was none, or none readable. */
  state: StoredState | null;
  journal: JournalLine[];
  damaged: GoodpartError[];
  /** Files were there, but neither copy of the state was readable. */
  lost: boolean;
  /** The highest generation of any journal on disk. */
  generation: number;
}

const journalName = (generation: number) => `journal-${generation}.jsonl`;
const journalPattern = /^journal-(\d{1,15})\.jsonl$/;

/** Reads both copies of the state and the journals that continue it. Damaged files are set aside, never overwritten. */
export async function loadState(disk: Disk, dir: string, utc: string): Promise<LoadedState> {
  const damaged: GoodpartError[] = [];
  const copies: StoredState[] = [];
  for (const name of ['state.json', 'state-copy.json']) {
    try {
      const text = await disk.read(join(dir, name));
      if (text !== null) copies.push(stateSchema.parse(JSON.parse(text)));
    } catch (error) {
      const aside = await setAside(disk, dir, name, utc);
      const message = `The station's file ${name} is damaged and was set aside as ${aside}`;
      damaged.push(new GoodpartError('GP_STATE_DAMAGED', message, { field: name, cause: error }));
    }
  }
  const state = copies.toSorted((a, b) => b.generation - a.generation)[0] ?? null;
  if (state !== null) state.reservedThrough = Math.max(...copies.map((copy) => copy.reservedThrough));
  const names = await disk.list(dir);
  const generations = names
    .flatMap((name) => Number(journalPattern.exec(name)?.[1] ?? Number.NaN))
    .filter(Number.isFinite);
  const journal: JournalLine[] = [];
  for (const generation of generations.toSorted((a, b) => a - b)) {
    if (state !== null && generation < state.generation) continue;
    const text = (await disk.read(join(dir, journalName(generation)))) ?? '';
    journal.push(...readJournal(text));
  }
  const lost = state === null && (damaged.length > 0 || generations.length > 0);
  return { state, journal, damaged, lost, generation: Math.max(state?.generation ?? 0, ...generations) };
}

/** A crash may leave the last line half written; such a line, and a torn one before it, says nothing and is skipped. */
function readJournal(text: string): JournalLine[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [journalSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

function journalText(lines: readonly JournalLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/**
 * Writes behind, so that no verdict ever waits for the disk: journal lines are appended in batches, the state is written
 * whole (both copies, atomically) when something rare changed. One writer; bounded waiting; failures are told and tried again.
 */
export class StateStore {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #capture: () => Omit<StoredState, 'generation'>;
  readonly #onHealth: (error: GoodpartError | null) => void;
  #generation: number;
  /** As text only when they are written: no verdict waits for that. */
  #pending: JournalLine[] = [];
  #lines = 0;
  #saveWanted = false;
  #writing: Promise<void> | null = null;
  #failing = false;
  #writingSince = 0;
  #closed = false;
  readonly #now: () => number;
  #reserved = Number.NEGATIVE_INFINITY;
  #obsolete: number[] = [];

  constructor(o: {
    disk: Disk;
    dir: string;
    generation: number;
    /** The state as of now; called in the same turn in which the next journal begins. */
    capture: () => Omit<StoredState, 'generation'>;
    /** Null: writing works again. */
    onHealth: (error: GoodpartError | null) => void;
    /** Monotonic milliseconds. */
    now: () => number;
  }) {
    this.#disk = o.disk;
    this.#dir = o.dir;
    this.#generation = o.generation;
    this.#capture = o.capture;
    this.#onHealth = o.onHealth;
    this.#now = o.now;
  }

  /** Sequences up to here are known to be reserved on disk. */
  get reservedThrough(): number {
    return this.#reserved;
  }

  /** Nobody may change the line afterwards. */
  record(line: JournalLine): void {
    if (this.#closed) return;
    this.#pending.push(line);
    this.#lines += 1;
    if (this.#pending.length > maxPending) {
      this.#pending = [];
      this.#saveWanted = true;
      this.#fail(new GoodpartError('GP_EVIDENCE_LOST', 'The disk does not take the station’s journal'));
    }
    if (this.#lines >= linesPerSave) this.#saveWanted = true;
    this.#kick();
  }

  save(): void {
    this.#saveWanted = true;
    this.#kick();
  }

  /** Tries again what failed, notices a disk that hangs; called now and then by the station. */
  watch(): void {
    if (this.#writing === null) {
      if (this.#failing) this.#kick();
    } else if (!this.#failing && this.#now() - this.#writingSince > hungMs) {
      this.#fail(new GoodpartError('GP_EVIDENCE_LOST', `The disk has not answered for ${hungMs / 1000} s`));
    }
  }

  /** Resolves when nothing is left to write, or writing has failed. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /** After what is being written nothing more is. */
  close(): void {
    this.#closed = true;
  }

  #kick(): void {
    if (this.#closed || this.#writing !== null) return;
    this.#writingSince = this.#now();
    this.#writing = this.#run().finally(() => {
      this.#writing = null;
      // What came between the last look and here would otherwise lie until the next line comes.
      if (!this.#failing && (this.#saveWanted || this.#pending.length > 0)) this.#kick();
    });
  }

  async #run(): Promise<void> {
    // Even asking for a file costs: the verdict of this turn is told first.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#saveWanted || this.#pending.length > 0) {
        if (this.#saveWanted) await this.#writeState();
        else await this.#writeJournal();
      }
      if (this.#failing) this.#onHealth(null);
      this.#failing = false;
    } catch (error) {
      // What was being written is lost to the journal: only a whole state makes the files right again.
      this.#saveWanted = true;
      this.#fail(error);
    }
  }

  async #writeJournal(): Promise<void> {
    const text = journalText(this.#pending);
    this.#pending = [];
    await this.#disk.append(join(this.#dir, journalName(this.#generation)), text);
  }

  async #writeState(): Promise<void> {
    // From here on lines continue the captured state in the next journal; the old one stays until the state is safe.
    const before = journalText(this.#pending);
    const old = this.#generation;
    const state: StoredState = { ...this.#capture(), generation: old + 1 };
    this.#pending = [];
    this.#lines = 0;
    this.#saveWanted = false;
    this.#generation = old + 1;
    this.#obsolete.push(old);
    const text = `${JSON.stringify(state)}\n`;
    if (before.length > 0) await this.#disk.append(join(this.#dir, journalName(old)), before).catch(() => {});
    await this.#disk.replace(join(this.#dir, 'state-copy.json'), text);
    await this.#disk.replace(join(this.#dir, 'state.json'), text);
    this.#reserved = state.reservedThrough;
    for (const generation of this.#obsolete.splice(0))
      await this.#disk.remove(join(this.#dir, journalName(generation)));
  }

  #fail(thrown: unknown): void {
    this.#failing = true;
    this.#onHealth(asGoodpartError(thrown, 'GP_EVIDENCE_LOST'));
  }
}
