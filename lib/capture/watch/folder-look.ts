import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, rename, unlink } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { GoodpartError } from '../../core/errors.ts';
import { matcher } from '../folder-list.ts';
import type { FileState } from '../picture-file.ts';
import { sameState } from './arrivals.ts';

/** The sub-folder for files that were delivered. */
export const doneFolder = 'done';

/** Hidden files, and what programs call a file that they are still writing. */
const temporary = /^[.~#]|[~#]$|\.(tmp|temp|part|partial|filepart|crdownload|download|swp|lock)$/i;
const statsAtOnce = 32;

/** The names of the pictures directly in a folder: regular files only, links are left alone. Rejects as `readdir` does. */
export async function pictureNames(root: string, pattern: string): Promise<string[]> {
  const wanted = matcher(pattern);
  const entries: Dirent[] = await readdir(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && wanted.test(entry.name) && !temporary.test(entry.name))
    .map(({ name }) => name);
}

/** The states of these files; what vanished meanwhile, or became something else, is left out. */
export async function statesOf(root: string, names: readonly string[]): Promise<Map<string, FileState>> {
  const states = new Map<string, FileState>();
  for (let i = 0; i < names.length; i += statsAtOnce) {
    const some = names.slice(i, i + statsAtOnce);
    const about = await Promise.all(some.map((name) => lstat(join(root, name)).catch(() => null)));
    for (const [k, each] of about.entries()) {
      if (each?.isFile()) states.set(some[k], { size: each.size, mtimeMs: each.mtimeMs, ino: each.ino });
    }
  }
  return states;
}

/**
 * Moves a delivered file to `done`, under another name where that one is taken, or deletes it; never a newer file of the same
 * name. False where the file is not the delivered one any more. Rejects with GP_SOURCE_FAILED.
 */
export async function putAway(
  root: string,
  { name, state }: { name: string; state: FileState },
  afterwards: 'move' | 'delete',
): Promise<boolean> {
  const path = join(root, name);
  try {
    const now = await lstat(path);
    if (!sameState(now, state)) return false;
    if (afterwards === 'delete') {
      await unlink(path);
      return true;
    }
    const folder = join(root, doneFolder);
    await mkdir(folder, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!(await lstat(folder)).isDirectory()) throw new Error(`${doneFolder} is not a folder`);
    await rename(path, await freeName(folder, name));
    return true;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.slice(0, 200) : String(thrown);
    const text = `File ${JSON.stringify(name.slice(0, 200))} could not be ${afterwards === 'move' ? 'moved' : 'deleted'}: ${why}`;
    throw new GoodpartError('GP_SOURCE_FAILED', text, { field: 'path', cause: thrown });
  }
}

async function freeName(folder: string, name: string): Promise<string> {
  const { name: base, ext } = parse(name);
  for (let i = 1; ; i++) {
    const path = join(folder, i === 1 ? name : `${base}-${i}${ext}`);
    const taken = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (taken === null) return path;
  }
}
