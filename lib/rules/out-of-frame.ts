import type { Polygon, Registration } from '../core/inspection.ts';

/**
 * How far a region reaches out of the picture where a registered part lies, in parts of the frame's width or height, the larger: 0
 * where all of it is in the picture. What lies outside was not seen, whatever the model says of it. `polygon` is drawn
 * on the part in its learned place; `frame`: size of the picture in pixels, so that a turn is a turn in one that is not square.
 */
export function outOfFrame(
  polygon: Polygon,
  { dx, dy, rotation }: Registration,
  frame: { width: number; height: number },
): number {
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const aspect = frame.width / frame.height;
  let out = 0;
  for (const [x, y] of polygon) {
    const [u, v] = [x - 0.5, y - 0.5];
    const atX = 0.5 + dx + cos * u - (sin * v) / aspect;
    const atY = 0.5 + dy + sin * u * aspect + cos * v;
    out = Math.max(out, -atX, -atY, atX - 1, atY - 1);
  }
  return out;
}
