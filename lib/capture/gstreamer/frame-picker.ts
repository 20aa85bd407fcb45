import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blurLimit, type Measured, nearlyEqual, spread } from './frame-selection.ts';

export interface PickedFrame {
  file: string;
  /** Place in the video. */
  atMs: number;
  focus: number;
}

/** What became of every frame that was looked at; they add up to `seen`. */
export interface PickCounts {
  seen: number;
  kept: number;
  /** Another one within the same interval was sharper. */
  lessSharp: number;
  /** Nearly equal to the one kept before. */
  repeated: number;
  blurred: number;
  /** Good, and more than were wanted. */
  surplus: number;
}

export interface PickerOptions {
  folder: string;
  everyMs: number;
  most: number;
  encode: (pixels: Buffer) => Promise<Buffer>;
}

interface Candidate extends Measured {
  pixels: Buffer;
  atMs: number;
}

interface Staged extends Measured, PickedFrame {}

/** More than this many times what is wanted is not kept on disk while the clip lasts: every second one goes. */
const roomFor = 4;
/** Of two pictures that show the same, the later one is taken when it is this much sharper. */
const sharper = 1.25;

/** The sharpest frame of each interval, unless it shows what the last one did; the blurred ones go when the clip is known. */
export class FramePicker {
  readonly #options: PickerOptions;
  #everyMs: number;
  #best: Candidate | null = null;
  #interval = -1;
  #staged: Staged[] = [];
  readonly #counts: PickCounts = { seen: 0, kept: 0, lessSharp: 0, repeated: 0, blurred: 0, surplus: 0 };

  constructor(options: PickerOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs;
  }

  get counts(): PickCounts {
    return { ...this.#counts, kept: this.#staged.length };
  }

  async offer(candidate: Candidate): Promise<void> {
    this.#counts.seen += 1;
    const interval = Math.floor(candidate.atMs / this.#everyMs);
    if (interval !== this.#interval) await this.#stage();
    this.#interval = interval;
    if (this.#best !== null) this.#counts.lessSharp += 1;
    if (this.#best === null || candidate.focus > this.#best.focus) this.#best = candidate;
  }

  /** The clip is over. Returns what is kept, in its order. */
  async finish(): Promise<PickedFrame[]> {
    await this.#stage();
    const limit = blurLimit(this.#staged.map(({ focus }) => focus));
    const sharp = this.#staged.filter(({ focus }) => focus >= limit);
    const kept = spread(sharp, this.#options.most);
    this.#counts.blurred += this.#staged.length - sharp.length;
    this.#counts.surplus += sharp.length - kept.length;
    await this.#keepOnly(kept);
    return kept.map(({ file, atMs, focus }) => ({ file, atMs, focus }));
  }

  async #stage(): Promise<void> {
    const best = this.#best;
    this.#best = null;
    if (best === null) return;
    const last = this.#staged.at(-1);
    if (last !== undefined && nearlyEqual(last.thumbnail, best.thumbnail)) {
      this.#counts.repeated += 1;
      if (best.focus <= last.focus * sharper) return;
      this.#staged.pop();
      await rm(join(this.#options.folder, last.file));
    }
    const { pixels, ...measured } = best;
    const file = `frame-${timeName(best.atMs)}.jpg`;
    await writeFile(join(this.#options.folder, file), await this.#options.encode(pixels));
    this.#staged.push({ ...measured, file });
    if (this.#staged.length <= roomFor * this.#options.most) return;
    const thinned = this.#staged.filter((_, i) => i % 2 === 0);
    this.#counts.surplus += this.#staged.length - thinned.length;
    this.#everyMs *= 2;
    await this.#keepOnly(thinned);
  }

  async #keepOnly(kept: Staged[]): Promise<void> {
    const names = new Set(kept.map(({ file }) => file));
    for (const { file } of this.#staged) if (!names.has(file)) await rm(join(this.#options.folder, file));
    this.#staged = kept;
  }
}

/** `00h12m07s480`: sorts by name as it does by time. */
function timeName(ms: number): string {
  const whole = Math.round(ms);
  const part = (value: number, digits = 2) => String(Math.floor(value)).padStart(digits, '0');
  return `${part(whole / 3_600_000)}h${part((whole / 60_000) % 60)}m${part((whole / 1000) % 60)}s${part(whole % 1000, 3)}`;
}
