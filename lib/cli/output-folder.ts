import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';

const prefix = '.goodpart-';

/**
 * The folder that a command fills: new, or empty. What is being made lies in a hidden folder inside it, so that nothing has to
 * cross file systems (an empty folder may be a mounted disk) and an unwritable one shows before the work, not after it.
 */
export class OutputFolder {
  readonly dir: string;
  /** To work in; gone after `publish` or `discard`. */
  readonly staging: string;
  readonly #made: boolean;

  private constructor(dir: string, made: boolean) {
    this.dir = dir;
    this.staging = join(dir, `${prefix}${newId()}`);
    this.#made = made;
  }

  /** Throws GP_INPUT_INVALID where the folder holds anything or cannot be written. */
  static async open(dir: string): Promise<OutputFolder> {
    const about = await stat(dir).catch(() => undefined);
    if (about !== undefined && !about.isDirectory()) throw unusable('a new or empty folder', `the file ${dir}`);
    if (about !== undefined) {
      const entries = await readdir(dir).catch((error) => {
        throw unwritable(dir, error);
      });
      // what a killed run left is in nobody's way
      const found = entries.filter((entry) => !entry.startsWith(prefix));
      if (found.length > 0) throw unusable('a new or empty folder', `${dir}, which holds ${found[0]}`);
    }
    const output = new OutputFolder(dir, about === undefined);
    try {
      await makeFolders(output.staging);
    } catch (error) {
      throw unwritable(dir, error);
    }
    return output;
  }

  /** Moves the files of a finished model in, model.json last: a folder with it is complete. Returns their names. */
  async publish(from: string): Promise<string[]> {
    const names = (await readdir(from)).sort((a, b) => Number(a === 'model.json') - Number(b === 'model.json'));
    for (const name of names) await rename(join(from, name), join(this.dir, name));
    await rm(this.staging, { recursive: true, force: true });
    return names.sort();
  }

  /** After a failure nothing is left behind. */
  async discard(): Promise<void> {
    await rm(this.staging, { recursive: true, force: true }).catch(() => {});
    if (this.#made) await rmdir(this.dir).catch(() => {});
  }
}

/** As `mkdir` with `recursive`, which never ends where a file system answers ENOENT for what it cannot hold (/proc). */
async function makeFolders(path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) await makeFolders(parent);
  await mkdir(path);
}

function unusable(expected: string, received: string): GoodpartError {
  const text = `Expected ${expected} for --out but received ${received}`;
  return new GoodpartError('GP_INPUT_INVALID', text, { field: 'out', expected, received });
}

function unwritable(dir: string, error: unknown): GoodpartError {
  const why = error instanceof Error ? error.message.split(',')[0] : String(error);
  return unusable('a folder that can be written', `${dir} (${why})`);
}
