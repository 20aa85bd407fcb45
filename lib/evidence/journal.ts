import { type FileHandle, mkdir, open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFull, syncFolder } from './files.ts';
import { decodeLine, encodeLine, linesOf } from './journal-line.ts';
import { type Place, RecentPlaces } from './recent-places.ts';
import type { EvidenceRecord } from './record.ts';

interface Waiting {
  id: string;
  sequence: number;
  line: Buffer;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export interface JournalOptions {
  segmentBytes: number;
  /** The disk is full: gives up something and says whether it is worth trying once more. */
  makeRoom: () => Promise<boolean>;
}

/** How many of the newest records are known by id without reading files. */
const remembered = 50_000;
/** Bytes written between two syncs at most. */
const largestBatch = 4 * 1024 * 1024;

/**
 * Append-only, in numbered segments. Records that come while one write is being made durable go with the next: one write
 * and one fdatasync for all of them. What a crash left half-written is set aside at the next opening.
 */
export class Journal {
  readonly #folder: string;
  readonly #options: JournalOptions;
  #segment = 0;
  #size = 0;
  #handle: FileHandle | undefined;
  readonly #places = new RecentPlaces(remembered);
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #oldest = 1;
  bytes = 0;
  /** Half-written ends that were set aside, and lines in the middle that are no longer what was written. */
  torn = 0;
  damaged = 0;

  constructor(folder: string, options: JournalOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    const segments = await this.#segments();
    this.#oldest = segments[0] ?? 1;
    this.#segment = segments.at(-1) ?? 0;
    for (const segment of segments.slice(-2)) await this.#recover(segment, segment === this.#segment);
    for (const segment of segments.slice(0, -1)) this.bytes += (await stat(this.#path(segment))).size;
    if (this.#segment === 0) await this.#next();
    else {
      this.#handle = await open(this.#path(this.#segment), 'r+');
      this.#size = (await this.#handle.stat()).size;
      this.bytes += this.#size;
    }
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  /** Resolves when the record is on the disk. Rejects where it is not: then it is absent. */
  append(record: EvidenceRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      const { id, sequence } = record;
      this.#waiting.push({ id, sequence, line: encodeLine(record), resolve, reject });
      this.#writing ??= this.#drain().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** A record by its id; the newest from memory of where they are, older ones by reading back. */
  async find(id: string): Promise<EvidenceRecord | undefined> {
    const place = this.#places.get(id);
    if (place !== undefined) return this.#at(place);
    const wanted = Buffer.from(`"id":"${id}"`);
    for (let segment = this.#segment; segment >= this.#oldest; segment--) {
      const data = await this.#read(segment);
      if (!data.includes(wanted)) continue;
      for (const { record } of linesOf(data)) if (record?.id === id) return record;
    }
    return undefined;
  }

  /** The newest records, newest first, older than `before` where that is given. */
  async newest(limit: number, before = Number.POSITIVE_INFINITY): Promise<EvidenceRecord[]> {
    const places = this.#places.below(before, limit);
    if (places.length === limit) {
      const records = await Promise.all(places.map((place) => this.#at(place).catch(() => undefined)));
      return records.filter((record) => record !== undefined);
    }
    const found: EvidenceRecord[] = [];
    for (let segment = this.#segment; segment >= this.#oldest && found.length < limit; segment--) {
      for (const { record } of linesOf(await this.#read(segment))) {
        if (record !== undefined && record.sequence < before) found.push(record);
      }
    }
    return found.sort((a, b) => b.sequence - a.sequence).slice(0, limit);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #segments(): Promise<number[]> {
    const names = await readdir(this.#folder);
    return names
      .filter((name) => /^\d{12}\.ndjson$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  }

  #path(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(12, '0')}.ndjson`);
  }

  async #read(segment: number): Promise<Buffer> {
    try {
      const data = await readFile(this.#path(segment));
      return segment === this.#segment ? data.subarray(0, this.#size) : data;
    } catch {
      return Buffer.alloc(0); // somebody moved old segments away
    }
  }

  async #at({ segment, offset, length }: Place): Promise<EvidenceRecord | undefined> {
    const handle = await open(this.#path(segment), 'r');
    try {
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return decodeLine(buffer.subarray(0, -1));
    } finally {
      await handle.close();
    }
  }

  async #recover(segment: number, last: boolean): Promise<void> {
    const data = await readFile(this.#path(segment));
    let good = 0;
    let bad = 0;
    for (const { record, offset, length } of linesOf(data)) {
      if (record === undefined) bad += 1;
      else {
        this.damaged += bad;
        bad = 0;
        good = offset + length;
        this.#places.set(record.id, { segment, offset, length, sequence: record.sequence });
      }
    }
    if (good === data.length) return;
    if (!last) {
      this.damaged += bad;
      return;
    }
    this.torn += 1;
    // kept for whoever wants to know; where the disk is full, cutting it off matters more
    await writeFile(`${this.#path(segment)}.torn-${Date.now()}`, data.subarray(good)).catch(() => {});
    await truncate(this.#path(segment), good);
  }

  async #next(): Promise<void> {
    await this.#handle?.close().catch(() => {});
    this.#handle = undefined;
    const segment = this.#segment + 1;
    this.#handle = await open(this.#path(segment), 'wx+', 0o640);
    this.#segment = segment;
    this.#size = 0;
    await syncFolder(this.#folder);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch: Waiting[] = [];
      let bytes = 0;
      while (this.#waiting.length > 0 && bytes < largestBatch) {
        const next = this.#waiting.shift() as Waiting;
        batch.push(next);
        bytes += next.line.length;
      }
      try {
        const offset = await this.#writeTrying(Buffer.concat(batch.map(({ line }) => line)));
        let at = offset;
        for (const { id, sequence, line, resolve } of batch) {
          this.#places.set(id, { segment: this.#segment, offset: at, length: line.length, sequence });
          at += line.length;
          resolve();
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async #writeTrying(data: Buffer): Promise<number> {
    try {
      return await this.#write(data);
    } catch (error) {
      if (isFull(error) && !(await this.#options.makeRoom())) throw error;
      return this.#write(data);
    }
  }

  /** Returns the offset that `data` has in the segment. */
  async #write(data: Buffer): Promise<number> {
    if (this.#handle === undefined || this.#size > this.#options.segmentBytes) await this.#next();
    const handle = this.#handle as FileHandle;
    const offset = this.#size;
    try {
      let done = 0;
      while (done < data.length) {
        done += (await handle.write(data, done, data.length - done, offset + done)).bytesWritten;
      }
      await handle.datasync();
    } catch (error) {
      await this.#takeBack(handle, offset, isFull(error));
      throw error;
    }
    this.#size += data.length;
    this.bytes += data.length;
    return offset;
  }

  /** Cuts off what a failed write left. A file that failed for another reason than room is not written to again. */
  async #takeBack(handle: FileHandle, offset: number, full: boolean): Promise<void> {
    let cut = false;
    try {
      await handle.truncate(offset);
      cut = true;
    } catch {
      // the checksums tell a half-written line from a record
    }
    if (full && cut) return;
    this.#handle = undefined;
    await handle.close().catch(() => {});
  }
}
