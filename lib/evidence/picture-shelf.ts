import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import type { Verdict } from '../core/inspection.ts';
import { codeOf, isFull, syncFolder, unlinkQuietly, writeDurably } from './files.ts';
import type { EvidencePolicy } from './policy.ts';
import type { RecordFile } from './record.ts';
import type { Picture } from './render.ts';
import { makeRoom, type Shelved, type Shelves, type Totals, victimFor } from './retention.ts';

interface Entry extends Shelved {
  verdict: Verdict;
  /** Which thousand of the station's sequence: the order of ages, whatever the clock does. */
  group: string;
  paths: string[];
}

const verdicts = ['pass', 'warn', 'fail', 'invalid'] as const;
const pathPattern =
  /^pictures\/(pass|warn|fail|invalid)\/(\d{12})\/([0-9A-HJKMNP-TV-Z]{26})\.\d{1,3}\.(frame|overlay|map)\.(jpg|png|raw|bin)$/;
const markPattern = /^(pass|warn|fail|invalid)\.(\d{12})\.([0-9A-HJKMNP-TV-Z]{26})\.mark$/;

/**
 * The picture files: `pictures/<verdict>/<sequence div 1000>/<inspection id>.<view>.<role>.<extension>`. Verdict and age
 * are in the path, so that a start needs no index but the folders.
 */
export class PictureShelf {
  readonly #root: string;
  readonly #temporary: string;
  readonly #policy: EvidencePolicy;
  readonly #shelves: Shelves<Entry> = { pass: [], warn: [], fail: [], invalid: [] };
  readonly #totals: Totals;
  /** Inspections whose pictures went to make room. */
  expired = 0;
  /** Files without a record, left by a crash and removed. */
  orphans = 0;

  constructor(root: string, policy: EvidencePolicy) {
    this.#root = root;
    this.#temporary = join(root, 'pictures', 'tmp');
    this.#policy = policy;
    this.#totals = {
      pass: { count: 0, bytes: 0 },
      warn: { count: 0, bytes: 0 },
      fail: { count: 0, bytes: 0 },
      invalid: { count: 0, bytes: 0 },
    };
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Removes what a crash left without a record and finds what is there. `hasRecord` must know the newest records. */
  async open(hasRecord: (id: string) => boolean): Promise<void> {
    for (const name of await names(this.#temporary)) {
      const [, verdict, group, id] = markPattern.exec(name) ?? [];
      if (id === undefined || hasRecord(id)) continue;
      const folder = join(this.#root, 'pictures', verdict, group);
      for (const file of await names(folder)) {
        if (file.startsWith(`${id}.`) && (await unlinkQuietly(join(folder, file)))) this.orphans += 1;
      }
    }
    await rm(this.#temporary, { recursive: true, force: true });
    await mkdir(this.#temporary, { recursive: true, mode: 0o750 });
    for (const verdict of verdicts) {
      for (const group of (await names(join(this.#root, 'pictures', verdict))).sort()) {
        if (/^\d{12}$/.test(group)) await this.#scan(verdict, group);
      }
    }
  }

  async #scan(verdict: Verdict, group: string): Promise<void> {
    const found = new Map<string, Entry>();
    const files = (await names(join(this.#root, 'pictures', verdict, group))).sort();
    for (let i = 0; i < files.length; i += 32) {
      const paths = files.slice(i, i + 32).map((name) => `pictures/${verdict}/${group}/${name}`);
      const sizes = await Promise.all(paths.map(async (path) => (await stat(join(this.#root, path))).size));
      for (const [k, path] of paths.entries()) {
        const id = pathPattern.exec(path)?.[3];
        if (id === undefined) continue;
        const entry = found.get(id) ?? { id, verdict, group, bytes: 0, paths: [] };
        entry.bytes += sizes[k];
        entry.paths.push(path);
        found.set(id, entry);
      }
    }
    for (const entry of found.values()) {
      this.#shelves[verdict].push(entry);
      this.#count(entry, 1);
    }
  }

  /**
   * Writes all pictures of an inspection or none; a mark beside them says that their record is still to come. Rejects with
   * GP_EVIDENCE_LOST and a sentence where they do not fit the policy or the disk.
   */
  async write(
    o: { id: string; sequence: number; verdict: Verdict },
    pictures: Picture[],
  ): Promise<{ files: RecordFile[]; keep: () => Promise<void>; takeBack: () => Promise<void> }> {
    const bytes = pictures.reduce((sum, { data }) => sum + data.length, 0);
    const group = String(Math.floor(o.sequence / 1000)).padStart(12, '0');
    const entry: Entry = { id: o.id, verdict: o.verdict, group, bytes, paths: [] };
    await this.#admit(o.verdict, bytes);
    this.#count(entry, 1);
    const takeBack = async () => {
      this.#count(entry, -1);
      await this.#remove(entry);
    };
    const attempt = async () => {
      try {
        return { files: await this.#writeAll(entry, pictures), keep: () => this.#keep(entry), takeBack };
      } catch (error) {
        await this.#remove(entry);
        throw error;
      }
    };
    try {
      return await attempt().catch(async (error: unknown) => {
        if (isFull(error) && (await this.#makeRoomOnDisk(o.verdict, bytes))) return attempt();
        throw error;
      });
    } catch (error) {
      this.#count(entry, -1);
      throw lost(isFull(error) ? 'the disk is full' : String(error));
    }
  }

  /** Whether this path may be read: it must be one that this class makes. */
  async read(file: RecordFile): Promise<Buffer | null> {
    if (!pathPattern.test(file.path)) throw new GoodpartError('GP_INPUT_INVALID', 'The record names an unusual path');
    let data: Buffer;
    try {
      data = await readFile(join(this.#root, file.path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
    if (createHash('sha256').update(data).digest('hex') === file.sha256) return data;
    throw new GoodpartError('GP_EVIDENCE_LOST', `The ${file.role} on the disk is not the one that was kept`);
  }

  async #admit(verdict: Verdict, bytes: number): Promise<void> {
    const gone = makeRoom(this.#shelves, this.#totals, this.#policy, verdict, bytes);
    if (gone === null) {
      const fails = this.#totals.fail.bytes + bytes > this.#policy.maxBytes;
      throw lost(fails ? 'the store is full of failed parts' : 'the pictures of this verdict have no room');
    }
    for (const entry of gone) await this.#expire(entry);
    const { minFreeBytes } = this.#policy;
    if (minFreeBytes === 0) return;
    if (!(await this.#makeRoomOnDisk(verdict, bytes, minFreeBytes))) throw lost('the disk is almost full');
  }

  async #makeRoomOnDisk(verdict: Verdict, bytes: number, left = 0): Promise<boolean> {
    for (;;) {
      const { bavail, bsize } = await statfs(this.#root);
      if (bavail * bsize >= bytes + left + 65_536) return true;
      const victim = victimFor(this.#shelves, verdict);
      if (victim === undefined) return false;
      await this.#expire(victim);
    }
  }

  async #writeAll(entry: Entry, pictures: Picture[]): Promise<RecordFile[]> {
    const folder = `pictures/${entry.verdict}/${entry.group}`;
    const files: RecordFile[] = [];
    await writeDurably(this.#markOf(entry), Buffer.alloc(0));
    for (const { view, role, extension, type, data, scale } of pictures) {
      const name = `${entry.id}.${view}.${role}.${extension}`;
      const sha256 = createHash('sha256').update(data).digest('hex');
      const path = `${folder}/${name}`;
      entry.paths.push(path); // first: a failed write leaves something to remove too
      await writeDurably(join(this.#temporary, name), data);
      files.push({ view, role, path, type, bytes: data.length, sha256, ...(scale && { scale }) });
    }
    await syncFolder(this.#temporary);
    await mkdir(join(this.#root, folder), { recursive: true, mode: 0o750 });
    for (const { path } of files) await rename(join(this.#temporary, basename(path)), join(this.#root, path));
    await syncFolder(join(this.#root, folder));
    return files;
  }

  #markOf({ verdict, group, id }: Entry): string {
    return join(this.#temporary, `${verdict}.${group}.${id}.mark`);
  }

  /** What is being written counts already, so that the limits hold for a burst as well. */
  #count({ verdict, bytes }: Entry, by: 1 | -1): void {
    this.#totals[verdict].count += by;
    this.#totals[verdict].bytes += by * bytes;
  }

  async #keep(entry: Entry): Promise<void> {
    this.#shelves[entry.verdict].push(entry);
    await unlinkQuietly(this.#markOf(entry));
  }

  async #expire(entry: Entry): Promise<void> {
    const shelf = this.#shelves[entry.verdict];
    const at = shelf.indexOf(entry);
    if (at < 0) return;
    shelf.splice(at, 1);
    this.#count(entry, -1);
    this.expired += 1;
    await this.#remove(entry);
  }

  async #remove(entry: Entry): Promise<void> {
    for (const path of entry.paths) {
      await unlinkQuietly(join(this.#temporary, basename(path)));
      await unlinkQuietly(join(this.#root, path));
    }
    entry.paths = [];
    await unlinkQuietly(this.#markOf(entry));
    // goes only when it is empty
    await rmdir(join(this.#root, 'pictures', entry.verdict, entry.group)).catch(() => {});
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function lost(why: string): GoodpartError {
  return new GoodpartError('GP_EVIDENCE_LOST', why);
}
