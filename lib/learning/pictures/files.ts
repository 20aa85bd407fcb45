import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GoodpartError, invalidParameter } from '../../core/errors.ts';
import { sniffEncoding } from '../../core/frame.ts';
import type { ImageInput } from '../../imaging/decode.ts';

const largestFile = 512 * 1024 * 1024;

/** A picture file's bytes. Throws one clear sentence for what is none. */
export async function loadFile(path: string): Promise<ImageInput> {
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new GoodpartError('GP_LEARN_FAILED', error.code === 'ENOENT' ? 'there is no such file' : error.message);
  });
  if (!about.isFile()) throw new GoodpartError('GP_LEARN_FAILED', 'it is not a file');
  if (about.size > largestFile) throw invalidParameter('file', `at most ${largestFile} bytes`, about.size);
  const data = await readFile(path);
  return {
    data,
    info: { encoding: sniffEncoding(data), width: null, height: null, channels: null, bitDepth: null },
  };
}

/** A folder stands for the files directly in it, by name; anything else for itself. */
export async function filesIn(path: string): Promise<string[]> {
  const entries = await entriesOf(path);
  if (entries === null) return [path];
  return entries.filter(({ isFolder }) => !isFolder).map(({ name }) => join(path, name));
}

/** The pictures of each subfolder under its name; those directly in the folder under the folder's own. */
export async function groupsIn(path: string): Promise<{ group: string; files: string[] }[]> {
  const groups: { group: string; files: string[] }[] = [];
  for (const { name, isFolder } of (await entriesOf(path)) ?? []) {
    if (isFolder) groups.push({ group: name, files: await filesIn(join(path, name)) });
  }
  const direct = await filesIn(path);
  if (direct.length > 0) groups.push({ group: basename(path), files: direct });
  return groups;
}

/** By name, without hidden ones; null for what is no folder. */
async function entriesOf(path: string): Promise<{ name: string; isFolder: boolean }[] | null> {
  const about = await stat(path).catch(() => undefined);
  if (!about?.isDirectory()) return null;
  const entries = await readdir(path, { withFileTypes: true });
  const shown = entries.filter(({ name }) => !name.startsWith('.'));
  return shown
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
