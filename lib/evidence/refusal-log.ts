import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, syncFolder } from './files.ts';
import { encodeLine, linesOf } from './journal-line.ts';
import type { RefusalRecord } from './refusal.ts';

/** Of the newest, so that what is sent twice is written once. */
const remembered = 2_000;

/**
 * Refused triggers, `<dir>/refusals/newest.ndjson` and `older.ndjson`, lines as in the journal. Two files of at most `maxBytes`: a PLC
 * that asks a station that is offline ten times a second must not fill the disk with it.
 */
export class RefusalLog {
  readonly #folder: string;
  readonly #maxBytes: number;
  #handle: FileHandle | undefined;
  #size = 0;
  #known = new Set<string>();
  #work: Promise<unknown> = Promise.resolve();

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Resolves when all are durable; rejects where none is. */
  append(refusals: RefusalRecord[]): Promise<void> {
    const work = this.#work.then(() => this.#append(refusals));
    this.#work = work.catch(() => {});
    return work;
  }

  /** Newest first. */
  async newest(limit: number): Promise<RefusalRecord[]> {
    await this.#work;
    const found: RefusalRecord[] = [];
    for (const name of ['newest.ndjson', 'older.ndjson']) {
      if (found.length < limit) found.push(...(await this.#read(name)).reverse());
    }
    return found.slice(0, limit);
  }

  async close(): Promise<void> {
    await this.#work;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #append(refusals: RefusalRecord[]): Promise<void> {
    if (this.#handle === undefined) await this.#open();
    const fresh = refusals.filter(({ id }) => !this.#known.has(id));
    if (fresh.length === 0) return;
    const data = Buffer.concat(fresh.map((refusal) => encodeLine(refusal)));
    if (this.#size > 0 && this.#size + data.length > this.#maxBytes) await this.#turn();
    const handle = this.#handle as FileHandle;
    try {
      await handle.appendFile(data);
      await handle.datasync();
    } catch (error) {
      await handle.truncate(this.#size).catch(() => {}); // the checksums tell what is left from a record
      throw error;
    }
    this.#size += data.length;
    for (const { id } of fresh) this.#known.add(id);
    for (const id of this.#known) {
      if (this.#known.size <= remembered) break;
      this.#known.delete(id);
    }
  }

  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    this.#known = new Set((await this.#read('newest.ndjson')).slice(-remembered).map(({ id }) => id));
    this.#handle = await open(join(this.#folder, 'newest.ndjson'), 'a', 0o640);
    this.#size = (await this.#handle.stat()).size;
    // A crash may have left half a line: what comes must not be glued to it.
    if (this.#size > 0) {
      await this.#handle.appendFile('\n');
      this.#size += 1;
    }
  }

  async #turn(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await rename(join(this.#folder, 'newest.ndjson'), join(this.#folder, 'older.ndjson'));
    await this.#open();
    await syncFolder(this.#folder);
  }

  async #read(name: string): Promise<RefusalRecord[]> {
    let data: Buffer;
    try {
      data = await readFile(join(this.#folder, name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
    return [...linesOf<RefusalRecord>(data)].flatMap(({ record }) => (record === undefined ? [] : [record]));
  }
}
