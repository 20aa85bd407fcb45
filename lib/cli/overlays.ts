import { mkdir, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { drawOverlay } from '../imaging/overlay.ts';
import type { Inspected } from '../learning/evaluation/model-runner.ts';
import { mapInFrame } from '../learning/evaluation/upsample.ts';

/** Writes pictures with their heat maps and verdicts into one folder. */
export class Overlays {
  readonly #dir: string;
  readonly #names = new Set<string>();

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Throws GP_INPUT_INVALID where the folder cannot be made. */
  static async open(dir: string): Promise<Overlays> {
    try {
      await mkdir(dir, { recursive: true });
    } catch (error) {
      throw unwritable(dir, error);
    }
    return new Overlays(dir);
  }

  /** Returns the file's path; null where there is no picture to draw on. */
  async draw({ path, image, result, verdict, severity, reason }: Inspected): Promise<string | null> {
    if (image === null || result === null) return null;
    const { width, height } = result.image;
    const map = result.map && mapInFrame(result.map, result.registration, width / height);
    const text = reason ?? undefined;
    const drawn = await drawOverlay(image, { map, rois: [], verdict, severity, ...(text && { text }) });
    const file = join(this.#dir, this.#nameFor(path));
    await writeFile(file, drawn).catch((error) => {
      throw unwritable(this.#dir, error);
    });
    return file;
  }

  /** Pictures of one name from several folders each keep their own drawing. */
  #nameFor(path: string): string {
    const stem = basename(path, extname(path));
    let name = `${stem}_overlay.jpg`;
    for (let number = 2; this.#names.has(name); number++) name = `${stem}_${number}_overlay.jpg`;
    this.#names.add(name);
    return name;
  }
}

function unwritable(path: string, error: unknown): GoodpartError {
  const received = error instanceof Error ? error.message : String(error);
  const text = `Expected a folder that can be written for --overlay but received ${path} (${received})`;
  return new GoodpartError('GP_INPUT_INVALID', text, { field: 'overlay', received });
}
