import { appendFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The few things the station asks of a disk; a seam, so that tests can cut it off as a crash or a full disk does. */
export interface Disk {
  /** The file's text, null where there is none. */
  read(path: string): Promise<string | null>;
  /** Writes beside, flushes, renames: the file is the old one or the new one, never half. */
  replace(path: string, text: string): Promise<void>;
  append(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names in a folder, [] where there is none. */
  list(dir: string): Promise<string[]>;
  makeDir(dir: string): Promise<void>;
}

function absent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export const realDisk: Disk = {
  async read(path) {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (absent(error)) return null;
      throw error;
    }
  },
  async replace(path, text) {
    const beside = `${path}.new`;
    const file = await open(beside, 'w', 0o640);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    const folder = await open(join(path, '..'), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  append: (path, text) => appendFile(path, text, { mode: 0o640 }),
  rename,
  remove: (path) => rm(path, { force: true }),
  async list(dir) {
    try {
      return await readdir(dir);
    } catch (error) {
      if (absent(error)) return [];
      throw error;
    }
  },
  makeDir: async (dir) => {
    await mkdir(dir, { recursive: true, mode: 0o750 });
  },
};

/** Moves a damaged file aside under a name that was never taken; returns that name. Nothing is overwritten. */
export async function setAside(disk: Disk, dir: string, name: string, utc: string): Promise<string> {
  const taken = new Set(await disk.list(dir));
  const stamp = utc.replace(/[:.]/g, '-');
  let aside = `${name}.damaged-${stamp}`;
  for (let i = 2; taken.has(aside); i++) aside = `${name}.damaged-${stamp}-${i}`;
  await disk.rename(join(dir, name), join(dir, aside));
  return aside;
}
