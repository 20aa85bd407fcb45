import type { Random } from '../../core/random.ts';
import { clampByte, type Levels, levelsLike } from '../../imaging/levels.ts';
import type { Grid } from '../heads/calibration.ts';
import type { Size } from '../pictures/input-size.ts';
import { coverageOf, type Window } from './outline.ts';
import { texture } from './texture.ts';

/**
 * `cut-paste`: a piece of the same picture in the wrong place (Li et al. 2021, CutPaste, arXiv 2104.04015; brightness fitted to
 * its new place as in NSA, Schlüter et al. 2022, arXiv 2109.15222). `scratch`: a thin bent line (CutPaste's scar). `blob`: a soft
 * stain. `smear`: dragged along one direction. `missing`: a chip, texture gone (irregular masks as in DRAEM, Zavrtanik et al.
 * 2021, arXiv 2108.07610).
 */
export type DefectKind = 'cut-paste' | 'scratch' | 'blob' | 'smear' | 'missing';

export const defectKinds: readonly DefectKind[] = ['cut-paste', 'scratch', 'blob', 'smear', 'missing'];

/** One defect, fully determined: the same one painted into the same picture gives the same bytes. */
export interface DrawnDefect {
  kind: DefectKind;
  /** Its middle, pixels from the left and top edge. Moved inwards where it would leave the picture. */
  x: number;
  y: number;
  /** Longest extent, pixels: the length of a scratch, the diameter of a blob. */
  size: number;
  /**
   * Grey levels (of 255) between the defect and the brightness around it. Its sign turns where the picture has no room for
   * it. 0 leaves a change of texture only, which scratch and blob do not have.
   */
  contrast: number;
  /** Of its long axis, radians. */
  angle: number;
  /** Its outline, and for `cut-paste` the place the piece comes from: whole number 0..2^32-1. */
  seed: number;
}

/** Where and how a defect is drawn. */
export interface DefectOptions {
  /** Of the picture, pixels. */
  picture: Size;
  /** Longest extent, pixels. */
  size: number;
  /** Grey levels above or below the brightness around it. */
  contrast: number;
  /** Its middle lies in one of these cells; anywhere in the picture where none are given. */
  within?: { cells: Uint32Array; grid: Grid };
}

/** A defect of this kind at a place, angle, sign and outline from `random`; it draws the same number of numbers each time. */
export function randomDefect(kind: DefectKind, options: DefectOptions, random: Random): DrawnDefect {
  const { picture, size, contrast, within } = options;
  const [place, u, v] = [random(), random(), random()];
  let x = u * picture.width;
  let y = v * picture.height;
  if (within && within.cells.length > 0) {
    const cell = within.cells[Math.floor(place * within.cells.length)];
    x = (((cell % within.grid.width) + u) * picture.width) / within.grid.width;
    y = ((Math.floor(cell / within.grid.width) + v) * picture.height) / within.grid.height;
  }
  const angle = random() * Math.PI;
  const sign = random() < 0.5 ? -1 : 1;
  return { kind, x, y, size, contrast: sign * contrast, angle, seed: Math.floor(random() * 2 ** 32) };
}

/** The defect painted into a copy of `pixels`: rows of `channels` values (HWC). Edges are antialiased. */
export function paintDefect<T extends Levels>(pixels: T, size: Size, channels: 1 | 3, defect: DrawnDefect): T {
  const window = coverageOf(defect, size);
  const { left, top, width, height, alpha } = window;
  const whole = !(pixels instanceof Float32Array);
  const out = levelsLike(pixels, pixels.length);
  out.set(pixels);
  const values = texture({ pixels, size, channels }, defect, window);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cover = alpha[y * width + x];
      if (cover === 0) continue;
      const at = ((top + y) * size.width + left + x) * channels;
      for (let c = 0; c < channels; c++) {
        const painted = values[(y * width + x) * channels + c];
        const mixed = pixels[at + c] + cover * (painted - pixels[at + c]);
        out[at + c] = whole ? clampByte(mixed) : mixed;
      }
    }
  }
  return out;
}

/** The map cells that the defect covers, ascending, never none: cells with a pixel that is at least half covered. */
export function touchedCells(defect: DrawnDefect, size: Size, grid: Grid): Uint32Array {
  const window = coverageOf(defect, size);
  const most = window.alpha.reduce((a, b) => Math.max(a, b), 0);
  return cellsOf(window, size, grid, Math.min(0.5, most));
}

function cellsOf({ left, top, width, height, alpha }: Window, size: Size, grid: Grid, least: number): Uint32Array {
  const cells = new Set<number>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (alpha[y * width + x] < least) continue;
      const column = Math.floor(((left + x + 0.5) * grid.width) / size.width);
      const row = Math.floor(((top + y + 0.5) * grid.height) / size.height);
      cells.add(row * grid.width + column);
    }
  }
  return Uint32Array.from(cells).sort();
}
