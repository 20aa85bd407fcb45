import { invalidParameter } from '../../core/errors.ts';

export interface Size {
  width: number;
  height: number;
}

/** Side of a square model input where none was chosen, pixels. Other inputs have about its area. */
export const usualSide = 256;
/** Sides are multiples of this: three pyramid levels on a grid of stride 8, and what most backbones want. */
export const sideStep = 32;
export const smallestSide = 64;
export const largestSide = 1024;

/** The input of a model whose pictures are stretched to one size. */
export const squareInput = (side = usualSide): Size => ({ width: side, height: side });

/**
 * The input size for frames of `frame` pixels: sides are multiples of 32 from a quarter to four times `side`, the area is near
 * `side` x `side` and the aspect near the frame's. Beyond 16:1 the shorter side stays and the aspect is compressed.
 */
export function inputSizeFor(frame: Size, side = usualSide): Size {
  if (!(frame.width >= 1) || !(frame.height >= 1)) {
    throw invalidParameter('picture size', 'at least 1 x 1 pixel', `${frame.width} x ${frame.height}`);
  }
  const aspect = Math.log(frame.width / frame.height);
  const smallest = Math.max(sideStep, Math.round(side / 4 / sideStep) * sideStep);
  let best = squareInput(side);
  let least = Number.POSITIVE_INFINITY;
  for (let width = smallest; width <= 4 * side; width += sideStep) {
    for (let height = smallest; height <= 4 * side; height += sideStep) {
      // A wrong aspect distorts what is learned, a wrong area only costs time: hence the weight.
      const cost = 2 * Math.abs(Math.log(width / height) - aspect) + Math.abs(Math.log((width * height) / side / side));
      if (cost < least - 1e-9) {
        least = cost;
        best = { width, height };
      }
    }
  }
  return best;
}

/** True where two pictures have the same aspect within 1 %. */
export function sameAspect(a: Size, b: Size): boolean {
  return Math.abs(Math.log((a.width * b.height) / (a.height * b.width))) < 0.01;
}

/** The aspect that most pictures have: the reference that an odd one is compared with. */
export function commonAspect(sizes: Size[]): Size {
  const counts = new Map<string, { size: Size; count: number }>();
  for (const size of sizes) {
    const key = Math.round(Math.log(size.width / size.height) * 100).toString();
    const entry = counts.get(key) ?? { size, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  let best = { size: sizes[0], count: 0 };
  for (const entry of counts.values()) if (entry.count > best.count) best = entry;
  return best.size;
}
