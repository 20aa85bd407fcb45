/** Colours of the upper left 2 x 2 pixels, row by row. */
export type BayerOrder = 'RG' | 'GR' | 'GB' | 'BG';

/** At the border, the neighbour on the other side: two pixels apart have the same colour. */
function mirrored(index: number, length: number): number {
  if (index < 0) return 1;
  return index < length ? index : length - 2;
}

/**
 * 8-bit Bayer mosaic to interleaved RGB, `width * height * 3` bytes. Bilinear: each missing colour is the rounded mean of
 * the two or four nearest pixels that have it, so that no pixel depends on anything further than one pixel away (edges
 * show coloured fringes, alike in every picture). `mosaic` has rows of `stride` bytes; width and height at least 2.
 */
export function demosaicBilinear(
  mosaic: Uint8Array,
  width: number,
  height: number,
  order: BayerOrder,
  stride: number = width,
): Buffer {
  const rgb = Buffer.allocUnsafe(width * height * 3);
  const redRow = order === 'RG' || order === 'GR' ? 0 : 1;
  const redColumn = order === 'RG' || order === 'GB' ? 0 : 1;
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * stride;
    const above = mirrored(y - 1, height) * stride;
    const below = mirrored(y + 1, height) * stride;
    const inRedRow = (y & 1) === redRow;
    for (let x = 0; x < width; x++, to += 3) {
      const left = mirrored(x - 1, width);
      const right = mirrored(x + 1, width);
      const here = mosaic[row + x];
      const inRedColumn = (x & 1) === redColumn;
      if (inRedRow === inRedColumn) {
        const cross = (mosaic[above + x] + mosaic[below + x] + mosaic[row + left] + mosaic[row + right] + 2) >> 2;
        const corners =
          (mosaic[above + left] + mosaic[above + right] + mosaic[below + left] + mosaic[below + right] + 2) >> 2;
        rgb[to] = inRedRow ? here : corners;
        rgb[to + 1] = cross;
        rgb[to + 2] = inRedRow ? corners : here;
      } else {
        const across = (mosaic[row + left] + mosaic[row + right] + 1) >> 1;
        const along = (mosaic[above + x] + mosaic[below + x] + 1) >> 1;
        rgb[to] = inRedRow ? across : along;
        rgb[to + 1] = here;
        rgb[to + 2] = inRedRow ? along : across;
      }
    }
  }
  return rgb;
}
