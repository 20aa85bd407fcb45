import { readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { mixSeed, shuffled } from '../core/random.ts';
import type { FolderSettings } from './settings.ts';

const pictures = /\.(jpe?g|png|bmp|tiff?|webp)$/i;
const mostFiles = 200_000;

/** `*` and `?` against the file name; anything else stands for itself. Empty: every known picture format. */
export function matcher(pattern: string): RegExp {
  if (pattern === '') return pictures;
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*+/g, '.*').replace(/\?/g, '.')}$`, 'is');
}

/** True where `path`, with all links resolved, lies inside `root` (resolved as well). */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}

/**
 * The folder's pictures, relative, in the configured order. Folders that are links are not entered; files that are links
 * stay in the list only where they end inside the folder. Rejects with GP_SOURCE_FAILED and field `path`.
 */
export async function listPictures(root: string, settings: FolderSettings, round: number): Promise<string[]> {
  const wanted = matcher(settings.pattern);
  const found: string[] = [];
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (settings.recursive) waiting.push(path);
      } else if (
        wanted.test(entry.name) &&
        (entry.isFile() || (entry.isSymbolicLink() && (await endsInside(root, path))))
      )
        found.push(relative(root, path));
    }
    if (found.length > mostFiles) {
      throw new GoodpartError('GP_SOURCE_FAILED', `The folder holds more than ${mostFiles} pictures`, {
        field: 'path',
      });
    }
  }
  const { compare } = new Intl.Collator('en', { numeric: true });
  found.sort((a, b) => compare(a, b) || (a < b ? -1 : 1));
  return settings.order === 'shuffle' ? shuffled(found, mixSeed(settings.seed, round)) : found;
}

async function endsInside(root: string, path: string): Promise<boolean> {
  try {
    return isInside(root, await realpath(path));
  } catch {
    return false; // a link to nowhere
  }
}
