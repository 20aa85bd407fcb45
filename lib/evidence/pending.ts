import type { Verdict } from '../core/inspection.ts';
import type { EvidenceRecord } from './record.ts';
import type { SentView } from './render.ts';

/** A record on its way to the disk, with the pictures that go with it. */
export interface Entry {
  key: string;
  record: EvidenceRecord;
  views: SentView[];
  payloads: Buffer[];
  bytes: number;
  inFlight: boolean;
  /** How often the child ended while it had this entry. */
  deaths: number;
  /** The child's start number when it was last counted: one end counts once. */
  lostWith?: number;
}

export interface PendingLimits {
  count: number;
  /** Of pictures. */
  bytes: number;
}

/** What goes first when too much waits. */
const order: Verdict[] = ['pass', 'invalid', 'warn', 'fail'];

export interface Dropped {
  records: Entry[];
  pictures: Entry[];
}

/**
 * What waits for the child, oldest first, bounded in number and bytes. When it is full, pictures go before records and
 * what passed before what failed; what the child already has stays. Pure: no time, no I/O.
 */
export class Pending {
  readonly #limits: PendingLimits;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  countOf(key: string): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.key === key) count += 1;
    return count;
  }

  /** Adds an entry and says what had to go for it; the entry itself may be among that. */
  add(entry: Entry): Dropped {
    const dropped: Dropped = { records: [], pictures: [] };
    this.#entries.set(entry.record.id, entry);
    this.#bytes += entry.bytes;
    for (const verdict of order) {
      if (this.#bytes <= this.#limits.bytes) break;
      for (const one of this.#entries.values()) {
        if (this.#bytes <= this.#limits.bytes) break;
        if (one.inFlight || one.bytes === 0 || one.record.verdict !== verdict) continue;
        this.strip(one, 'too much was waiting for the disk');
        dropped.pictures.push(one);
      }
    }
    while (this.#entries.size > this.#limits.count) {
      const victim = this.#leastOf();
      if (victim === undefined) break;
      this.remove(victim);
      dropped.records.push(victim);
    }
    return dropped;
  }

  /** Takes the pictures off an entry; its record says so. */
  strip(entry: Entry, detail: string): void {
    this.#bytes -= entry.bytes;
    entry.bytes = 0;
    entry.payloads = [];
    entry.views = [];
    entry.record = { ...entry.record, pictures: { state: 'dropped', detail } };
  }

  remove(entry: Entry): void {
    if (!this.#entries.delete(entry.record.id)) return;
    this.#bytes -= entry.bytes;
  }

  /** The next entry to send. */
  next(may: (entry: Entry) => boolean): Entry | undefined {
    for (const entry of this.#entries.values()) if (!entry.inFlight && may(entry)) return entry;
    return undefined;
  }

  all(): Entry[] {
    return [...this.#entries.values()];
  }

  #leastOf(): Entry | undefined {
    for (const verdict of order) {
      for (const entry of this.#entries.values()) if (!entry.inFlight && entry.record.verdict === verdict) return entry;
    }
    return undefined;
  }
}
