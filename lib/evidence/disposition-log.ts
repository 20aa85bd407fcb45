import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asGoodpartError } from '../core/errors.ts';
import type { DispositionLine } from './disposition.ts';
import { codeOf, isFull, syncFolder } from './files.ts';
import { encodeLine, linesOf } from './journal-line.ts';
import type { Unkept } from './line-queue.ts';

/** A part's fate does not change more often; a PLC whose bit flutters must not fill the disk. */
const mostOfOnePart = 100;
const cachedGroups = 4;

/** What one file holds. */
interface Group {
  bytes: number;
  /** A crash left half a line at the end: what comes must not be glued to it. */
  torn: boolean;
  known: Set<string>;
  byInspection: Map<string, DispositionLine[]>;
}

/**
 * What became of parts, `<dir>/dispositions/<sequence div 1000>.ndjson`, lines as in the journal; never deleted. Filed by the part's
 * sequence as the pictures are: a file's size has an end, and a part of March is found without an index.
 */
export class DispositionLog {
  readonly #folder: string;
  readonly #makeRoom: () => Promise<boolean>;
  readonly #groups = new Map<string, Group>();
  #work: Promise<unknown> = Promise.resolve();

  constructor(folder: string, makeRoom: () => Promise<boolean>) {
    this.#folder = folder;
    this.#makeRoom = makeRoom;
  }

  /** Resolves when all are durable but those that the answer names; a line that is there already is not written twice. */
  append(lines: DispositionLine[]): Promise<Unkept[]> {
    return this.#oneAfterAnother(async () => {
      const unkept: Unkept[] = [];
      for (const name of new Set(lines.map(groupOf))) {
        const mine = lines.filter((line) => groupOf(line) === name);
        try {
          unkept.push(...(await this.#appendTo(name, mine)));
        } catch (thrown) {
          const why = asGoodpartError(thrown).message;
          unkept.push(...mine.map(({ id }) => ({ id, why })));
        }
      }
      return unkept;
    });
  }

  /** Of an inspection, oldest first. */
  of({ id, sequence }: { id: string; sequence: number }): Promise<DispositionLine[]> {
    return this.#oneAfterAnother(async () => {
      const group = await this.#group(groupOf({ sequence }));
      return group.byInspection.get(id) ?? [];
    });
  }

  async close(): Promise<void> {
    await this.#work;
  }

  #oneAfterAnother<T>(task: () => Promise<T>): Promise<T> {
    const work = this.#work.then(task);
    this.#work = work.catch(() => {});
    return work;
  }

  async #appendTo(name: string, lines: DispositionLine[]): Promise<Unkept[]> {
    const group = await this.#group(name);
    const fresh: DispositionLine[] = [];
    const unkept: Unkept[] = [];
    for (const line of lines) {
      if (group.known.has(line.id)) continue;
      const before = group.byInspection.get(line.inspection)?.length ?? 0;
      const now = fresh.filter(({ inspection }) => inspection === line.inspection).length;
      if (before + now < mostOfOnePart) fresh.push(line);
      else unkept.push({ id: line.id, why: `there are ${mostOfOnePart} dispositions of this part already` });
    }
    if (fresh.length === 0) return unkept;
    const text = fresh.map((line) => encodeLine(line));
    const data = Buffer.concat(group.torn ? [Buffer.from('\n'), ...text] : text);
    try {
      await this.#write(name, group.bytes, data).catch(async (error: unknown) => {
        if (isFull(error) && (await this.#makeRoom())) return this.#write(name, group.bytes, data);
        throw error;
      });
    } catch (error) {
      this.#groups.delete(name); // what a failed write left is read again before the next one
      throw error;
    }
    group.bytes += data.length;
    group.torn = false;
    for (const line of fresh) remember(group, line);
    return unkept;
  }

  async #write(name: string, bytes: number, data: Buffer): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    const handle = await open(this.#path(name), 'a', 0o640);
    try {
      await handle.appendFile(data);
      await handle.datasync();
    } catch (error) {
      await handle.truncate(bytes).catch(() => {}); // the checksums tell what is left from a line
      throw error;
    } finally {
      await handle.close();
    }
    if (bytes === 0) await syncFolder(this.#folder);
  }

  /** Rejects where the file is there and cannot be read. */
  async #group(name: string): Promise<Group> {
    const cached = this.#groups.get(name);
    if (cached !== undefined) return cached;
    let data: Buffer;
    try {
      data = await readFile(this.#path(name));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      data = Buffer.alloc(0);
    }
    const torn = data.length > 0 && data[data.length - 1] !== 0x0a;
    const group: Group = { bytes: data.length, torn, known: new Set(), byInspection: new Map() };
    for (const { record } of linesOf<DispositionLine>(data)) if (record !== undefined) remember(group, record);
    this.#groups.set(name, group);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > cachedGroups && oldest !== undefined) this.#groups.delete(oldest);
    return group;
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.ndjson`);
  }
}

function groupOf({ sequence }: { sequence: number }): string {
  return String(Math.floor(sequence / 1000)).padStart(12, '0');
}

function remember(group: Group, line: DispositionLine): void {
  group.known.add(line.id);
  const known = group.byInspection.get(line.inspection);
  if (known === undefined) group.byInspection.set(line.inspection, [line]);
  else known.push(line);
}
