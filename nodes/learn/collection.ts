import { GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { PictureAttributes, PictureSource } from '../../lib/learning/options.ts';
import type { Beginning } from './options-of.ts';

const mostBytes = 1024 * 1024 * 1024;

/** Good frames gathered from messages until there are enough; bounded in number and bytes, each frame once. */
export class Collection {
  readonly wanted: number;
  readonly beginning: Beginning;
  /** Said of all of them; what a picture's own message says goes before it. */
  readonly #about: PictureAttributes;
  readonly #frames = new Map<string, { frame: Frame } & PictureAttributes>();
  #bytes = 0;
  #full = false;

  constructor(wanted: number, beginning: Beginning, about: PictureAttributes) {
    this.wanted = wanted;
    this.beginning = beginning;
    this.#about = about;
  }

  get size(): number {
    return this.#frames.size;
  }

  get complete(): boolean {
    return this.#frames.size >= this.wanted;
  }

  /** No more memory for another picture: it cannot become complete. */
  get full(): boolean {
    return this.#full;
  }

  /** Throws GP_LEARN_FAILED where the frames would take more memory than a station can spare. */
  add(frame: Frame, about: PictureAttributes): void {
    if (this.complete || this.#frames.has(frame.info.id)) return;
    if (this.#bytes + frame.info.bytes > mostBytes) {
      this.#full = true;
      const text = `${this.size} pictures already take ${Math.round(this.#bytes / 2 ** 20)} MiB: use JPEG, smaller or fewer pictures`;
      throw new GoodpartError('GP_LEARN_FAILED', text, { field: 'count' });
    }
    this.#bytes += frame.info.bytes;
    this.#frames.set(frame.info.id, { frame, ...this.#about, ...about });
  }

  pictures(): PictureSource[] {
    return [...this.#frames.values()];
  }
}
