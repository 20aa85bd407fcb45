import { type Random, seededRandom } from '../../core/random.ts';
import type { Size } from '../pictures/input-size.ts';
import type { DrawnDefect } from './painter.ts';

/** A rectangle of the picture, pixels, and how much of each of its pixels the defect covers, 0..1. */
export interface Window {
  left: number;
  top: number;
  width: number;
  height: number;
  alpha: Float32Array;
  /** The defect's middle after it was moved inwards. */
  x: number;
  y: number;
}

/** Signed distance to the outline, pixels, negative inside; (u, v) from the middle along and across the long axis. */
type Outline = (u: number, v: number) => number;

/** Pixels over which the edge goes from covered to not: one is antialiasing, more is a soft edge. */
interface Shape {
  outline: Outline;
  edge: number;
}

/** What a defect covers of a picture of `size`: antialiased, at least one pixel somewhat. */
export function coverageOf(defect: DrawnDefect, size: Size): Window {
  const half = defect.size / 2;
  const x = inwards(defect.x, half, size.width);
  const y = inwards(defect.y, half, size.height);
  const reach = half * Math.SQRT2 + 1; // corners of a turned piece; an uneven outline is not centred
  const left = Math.max(0, Math.floor(x - reach));
  const top = Math.max(0, Math.floor(y - reach));
  const width = Math.min(size.width, Math.ceil(x + reach)) - left;
  const height = Math.min(size.height, Math.ceil(y + reach)) - top;
  const { outline, edge } = shapeOf(defect);
  const cos = Math.cos(defect.angle);
  const sin = Math.sin(defect.angle);
  const alpha = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const dx = left + column + 0.5 - x;
      const dy = top + row + 0.5 - y;
      const distance = outline(dx * cos + dy * sin, dy * cos - dx * sin);
      alpha[row * width + column] = Math.min(1, Math.max(0, 0.5 - distance / edge));
    }
  }
  return { left, top, width, height, alpha, x, y };
}

function inwards(at: number, half: number, length: number): number {
  return half * 2 >= length ? length / 2 : Math.min(length - half, Math.max(half, at));
}

function shapeOf({ kind, size, seed }: DrawnDefect): Shape {
  const random = seededRandom(seed);
  if (kind === 'scratch') return { outline: bentLine(size, random), edge: 1 };
  if (kind === 'cut-paste') {
    const across = 0.3 + 0.7 * random(); // CutPaste: aspect ratios from 0.3
    return { outline: (u, v) => Math.max(Math.abs(u) - size / 2, Math.abs(v) - (across * size) / 2), edge: 1 };
  }
  if (kind === 'missing') return { outline: uneven(size, 0.7 + 0.3 * random(), 6, random), edge: 1 };
  const soft = Math.max(1, size / 5);
  // The middle of a soft edge lies within, so that the extent is what was asked for.
  const across = kind === 'smear' ? 0.4 : 0.7 + 0.3 * random();
  return { outline: uneven(size - soft + 1, across, 3, random), edge: soft };
}

/** A quadratic Bézier curve as long as `size`, bent by up to 15 %, as thick as 6 % of its length, at least a pixel. */
function bentLine(size: number, random: Random): Outline {
  const thickness = Math.max(1, 0.06 * size);
  const reach = Math.max(0, size - thickness) / 2;
  const bend = (random() - 0.5) * 0.3 * size;
  const steps = 16;
  const points = Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    return { u: (2 * t - 1) * reach, v: 2 * t * (1 - t) * bend };
  });
  return (u, v) => {
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < steps; i++) nearest = Math.min(nearest, toSegment(u, v, points[i], points[i + 1]));
    return nearest - thickness / 2;
  };
}

function toSegment(u: number, v: number, a: { u: number; v: number }, b: { u: number; v: number }): number {
  const du = b.u - a.u;
  const dv = b.v - a.v;
  const length = du * du + dv * dv;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((u - a.u) * du + (v - a.v) * dv) / length));
  return Math.hypot(u - a.u - t * du, v - a.v - t * dv);
}

/** An ellipse, `across` times as wide as long, its radius modulated by a few harmonics; `size` across where it is longest. */
function uneven(size: number, across: number, harmonics: number, random: Random): Outline {
  const waves = Array.from({ length: harmonics }, (_, i) => ({
    order: i + 2,
    height: (0.3 * random()) / (i + 2),
    phase: 2 * Math.PI * random(),
  }));
  const radiusAt = (angle: number) =>
    waves.reduce((radius, { order, height, phase }) => radius + height * Math.cos(order * angle + phase), 1);
  const scale = size / longest(radiusAt, across);
  return (u, v) => {
    const w = v / across;
    const from = Math.hypot(u, w);
    // Divided by the gradient's length: the ellipse is not a circle, its edge is equally wide all around.
    const steepness = from === 0 ? 1 : Math.hypot(u, w / across) / from;
    return (from - scale * radiusAt(Math.atan2(w, u))) / steepness;
  };
}

/** The largest distance between two points of the outline. */
function longest(radiusAt: (angle: number) => number, across: number): number {
  const points = Array.from({ length: 48 }, (_, i) => {
    const angle = (i * Math.PI) / 24;
    const radius = radiusAt(angle);
    return { u: radius * Math.cos(angle), v: across * radius * Math.sin(angle) };
  });
  let most = 0;
  for (const a of points) for (const b of points) most = Math.max(most, Math.hypot(a.u - b.u, a.v - b.v));
  return most;
}
