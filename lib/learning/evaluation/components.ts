/** The connected regions of a mask. */
export interface Components {
  /** Region of each pixel, row by row: 0 outside, 1, 2, … in the order in which their first pixels lie. */
  labels: Int32Array;
  /** Pixels of each region; `sizes[0]` is region 1. */
  sizes: number[];
}

/** Regions of pixels that are not 0, joined over edges and corners (8-connectivity). Linear in the number of pixels. */
export function connectedComponents(mask: Uint8Array, width: number, height: number): Components {
  const labels = new Int32Array(width * height);
  const sizes: number[] = [];
  const open: number[] = [];
  for (let start = 0; start < labels.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const label = sizes.length + 1;
    let size = 0;
    labels[start] = label;
    open.push(start);
    for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
      size += 1;
      const x = pixel % width;
      const y = (pixel - x) / width;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const neighbour = row * width + column;
          if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
          labels[neighbour] = label;
          open.push(neighbour);
        }
      }
    }
    sizes.push(size);
  }
  return { labels, sizes };
}
