import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, unlinkQuietly, writeDurably } from './files.ts';

export const ballastBytes = 128 * 1024;

/**
 * A file of no use but its size: given up when the disk is full, so that records can still be written while a person makes
 * room. Without it no pictures are written.
 */
export class Ballast {
  readonly #path: string;
  readonly #folder: string;
  #there = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, 'ballast');
  }

  get there(): boolean {
    return this.#there;
  }

  /** Puts it there where the disk has room for four of it. Says whether it is there. */
  async restore(): Promise<boolean> {
    if (this.#there) return true;
    try {
      const size = await stat(this.#path).then(
        (about) => about.size,
        (error) => {
          if (codeOf(error) !== 'ENOENT') throw error;
          return 0;
        },
      );
      if (size < ballastBytes) {
        const { bavail, bsize } = await statfs(this.#folder);
        if (bavail * bsize < 4 * ballastBytes) return false;
        // not zeros: a file system that compresses or leaves holes would keep nothing in reserve
        await writeDurably(this.#path, Buffer.alloc(ballastBytes, 'goodpart ballast '));
      }
      this.#there = true;
    } catch {
      await unlinkQuietly(this.#path);
    }
    return this.#there;
  }

  /** Gives its room up; false where it had been given up before. */
  async release(): Promise<boolean> {
    if (!this.#there) return false;
    this.#there = false;
    return unlinkQuietly(this.#path);
  }
}
