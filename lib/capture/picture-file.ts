import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { isInside } from './folder-list.ts';

export const largestFile = 64 * 1024 * 1024;

/** What tells one writing of a file from the next under the same name. */
export interface FileState {
  size: number;
  mtimeMs: number;
  ino: number;
}

export interface FileRead extends FileState {
  data: Buffer;
}

/**
 * The bytes of a file below `root` (resolved): a regular file, of at most 64 MiB, that does not lead out of it. Rejects with
 * GP_SOURCE_FAILED, field `path`, one sentence.
 */
export async function readPictureFile(root: string, file: string): Promise<FileRead> {
  const fail = (text: string, cause?: unknown) =>
    new GoodpartError('GP_SOURCE_FAILED', `File ${JSON.stringify(file.slice(0, 200))} ${text}`, {
      field: 'path',
      cause,
    });
  let path: string;
  try {
    path = await realpath(join(root, file));
  } catch (thrown) {
    throw fail(`could not be read: ${short(thrown)}`, thrown);
  }
  if (!isInside(root, path)) throw fail('leads out of the folder');
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    // not blocking: a named pipe that somebody put there must not stop the camera
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const about = await handle.stat();
    if (!about.isFile()) throw fail('is not a regular file');
    if (about.size > largestFile) throw fail(`has ${about.size} bytes, more than the ${largestFile} allowed`);
    const { size, mtimeMs, ino } = about;
    return { data: await handle.readFile(), size, mtimeMs, ino };
  } catch (thrown) {
    throw GoodpartError.is(thrown) ? thrown : fail(`could not be read: ${short(thrown)}`, thrown);
  } finally {
    await handle?.close();
  }
}

/** The folder itself cannot be used. */
export function unreadableFolder(path: string, thrown: unknown): GoodpartError {
  if (GoodpartError.is(thrown)) return thrown;
  return new GoodpartError(
    'GP_SOURCE_FAILED',
    `Expected a readable folder for path but received ${JSON.stringify(path.slice(0, 200))}: ${short(thrown)}`,
    { field: 'path', expected: 'a readable folder', received: path.slice(0, 200), cause: thrown },
  );
}

function short(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.slice(0, 200) : String(thrown);
}
