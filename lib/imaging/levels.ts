/**
 * Grey levels as models and learning see them, 0..255 for what was usual in the good frames: bytes for pictures of 8 bits a sample,
 * floats for those of 16, which keep every count and may lie below 0 or above 255.
 */
export type Levels = Uint8Array | Float32Array;

/** Counts of a picture of 16 bits a sample that become level 0 and level 255; levels go on beyond in a straight line. */
export interface LevelWindow {
  low: number;
  high: number;
}

export const fullWindow: LevelWindow = { low: 0, high: 65_535 };

/** A level is never finer than a count: what the sensor did not measure is no contrast. */
const narrowest = 255;
/** Dead and hot pixels must not decide what the others are measured by. */
const beyond = 0.001;

/** Counts → levels. */
export function levelsOf(counts: Uint16Array, { low, high }: LevelWindow): Float32Array {
  const scale = 255 / (high - low);
  const out = new Float32Array(counts.length);
  for (let i = 0; i < out.length; i++) out[i] = (counts[i] - low) * scale;
  return out;
}

/** Levels → the nearest counts of 0..65535: of levels that `levelsOf` made, the very counts. */
export function countsOf(levels: Levels, { low, high }: LevelWindow): Uint16Array {
  const scale = (high - low) / 255;
  const out = new Uint16Array(levels.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.max(0, Math.min(65_535, Math.round(levels[i] * scale + low)));
  return out;
}

/** Levels as a picture of 8 bits, for looking at; the same array where they are bytes already. */
export function bytesOf(levels: Levels): Uint8Array {
  return levels instanceof Float32Array ? Uint8Array.from(levels, (level) => clampByte(level)) : levels;
}

export const clampByte = (level: number): number => Math.max(0, Math.min(255, Math.round(level)));

/** Room for changed levels of the same kind. */
export function levelsLike<T extends Levels>(levels: T, length: number): T {
  return (levels instanceof Float32Array ? new Float32Array(length) : Buffer.allocUnsafe(length)) as Levels as T;
}

/** How often each count occurs. */
export class CountHistogram {
  readonly #counts = new Float64Array(65_536);
  #total = 0;

  add(counts: Uint16Array): void {
    for (const count of counts) this.#counts[count] += 1;
    this.#total += counts.length;
  }

  /** Almost all counts lie within; whole counts, and at least 255 apart. */
  window(): LevelWindow {
    const low = this.#at(this.#total * beyond);
    const high = this.#at(this.#total * (1 - beyond));
    const missing = Math.max(0, narrowest - (high - low));
    const from = Math.max(0, Math.min(65_535 - narrowest, low - Math.floor(missing / 2)));
    return { low: missing > 0 ? from : low, high: missing > 0 ? from + narrowest : high };
  }

  /** The count below which so many lie. */
  #at(rank: number): number {
    let below = 0;
    for (let count = 0; count < 65_536; count++) {
      below += this.#counts[count];
      if (below > rank) return count;
    }
    return 65_535;
  }
}
