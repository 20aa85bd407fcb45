import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeName, newId } from '../core/ids.ts';

const abandonedMs = 24 * 60 * 60 * 1000;
const prefix = '.learning-';

/**
 * A folder beside the models in which a version is written, complete and synced, before a rename makes it one of them. What a killed
 * run left is removed by a later one.
 */
export class Staging {
  readonly dir: string;
  readonly #modelsRoot: string;

  private constructor(modelsRoot: string) {
    this.#modelsRoot = modelsRoot;
    this.dir = join(modelsRoot, `${prefix}${newId()}`);
  }

  static async open(modelsRoot: string): Promise<Staging> {
    await removeAbandoned(modelsRoot);
    const staging = new Staging(modelsRoot);
    await mkdir(staging.dir, { recursive: true });
    return staging;
  }

  /** `write` puts a version into `dir` and says where; it is asked again where another run took the number meanwhile. */
  async publish<T>(name: string, write: (version: string) => Promise<{ dir: string; written: T }>) {
    const home = join(this.#modelsRoot, encodeName(name));
    for (let attempt = 0; ; attempt++) {
      const version = String((await highestVersion(home)) + 1);
      const { dir: from, written } = await write(version);
      await mkdir(home, { recursive: true });
      const dir = join(home, version);
      try {
        await rename(from, dir);
        await syncFolder(home);
        return { dir, written };
      } catch (error) {
        await rmdir(home).catch(() => {}); // only where it is empty: this run made it
        const taken = ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
        if (!taken || attempt >= 5) throw error;
      }
    }
  }

  /** What cannot be removed now is removed by a later run; it must not hide why this one failed. */
  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true }).catch(() => {});
  }
}

async function highestVersion(home: string): Promise<number> {
  const entries = await readdir(home).catch(() => []);
  return Math.max(0, ...entries.filter((entry) => /^[1-9][0-9]*$/.test(entry)).map(Number));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What a run left whose process was killed; a run in progress is younger. */
async function removeAbandoned(modelsRoot: string): Promise<void> {
  const entries = await readdir(modelsRoot).catch(() => []);
  for (const entry of entries.filter((name) => name.startsWith(prefix))) {
    const path = join(modelsRoot, entry);
    const about = await stat(path).catch(() => undefined);
    if (about && Date.now() - about.mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
}
