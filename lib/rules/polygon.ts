import { GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Measure, Polygon, Roi } from '../core/inspection.ts';

const maxCorners = 256;
const measures: readonly Measure[] = ['maximum', 'percentile', 'area'];

/** The whole frame as a polygon. */
export const wholeFrame: Polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

/** The region that stands for a picture without drawn regions: index 1, `part`, measure maximum over the whole frame. */
export function wholeFrameRoi(limits: { median: number; warn: number; fail: number }): Roi {
  const { median, warn, fail } = limits;
  return {
    index: 1,
    name: 'part',
    mode: 'inspect',
    polygon: wholeFrame,
    measure: 'maximum',
    areaAbove: null,
    median,
    warn,
    fail,
  };
}

export function isWholeFrame(polygon: Polygon): boolean {
  const corners = new Set(polygon.map(([x, y]) => `${x} ${y}`));
  return polygon.length === 4 && polygon.every(([x, y]) => (x === 0 || x === 1) && (y === 0 || y === 1))
    ? corners.size === 4
    : false;
}

/** Area in frame units (whole frame = 1), by the shoelace formula. Corners in either direction. */
export function polygonArea(polygon: Polygon): number {
  let twice = 0;
  for (let i = 0; i < polygon.length; i++) {
    const [x0, y0] = polygon[i];
    const [x1, y1] = polygon[(i + 1) % polygon.length];
    twice += x0 * y1 - x1 * y0;
  }
  return Math.abs(twice) / 2;
}

/**
 * Checks a polygon: 3..256 corners of two finite numbers in 0..1, not crossing or touching itself, with an area.
 * The closing edge is implied. Throws GP_CONFIG_INVALID naming `field`.
 */
export function checkPolygon(polygon: unknown, field: string): asserts polygon is Polygon {
  if (!Array.isArray(polygon) || polygon.length < 3 || polygon.length > maxCorners) {
    throw invalidParameter(field, `a polygon of 3 to ${maxCorners} corners`, polygon, 'GP_CONFIG_INVALID');
  }
  for (let i = 0; i < polygon.length; i++) {
    const corner: unknown = polygon[i];
    const fits =
      Array.isArray(corner) &&
      corner.length === 2 &&
      corner.every((value) => typeof value === 'number' && value >= 0 && value <= 1);
    if (!fits) {
      const received = Array.isArray(corner) ? corner.slice(0, 4).join(', ') : corner;
      throw invalidParameter(`${field}[${i}]`, 'two numbers from 0 to 1', received, 'GP_CONFIG_INVALID');
    }
  }
  const corners = polygon as Polygon;
  const crossing = selfCrossing(corners);
  if (crossing !== null) {
    const [a, b] = crossing;
    throw invalidParameter(
      field,
      'a polygon that does not cross or touch itself',
      `sides ${a + 1} and ${b + 1} meeting`,
      'GP_CONFIG_INVALID',
    );
  }
  if (polygonArea(corners) < 1e-9) throw invalidParameter(field, 'a polygon with an area', 'none', 'GP_CONFIG_INVALID');
}

/** The first two sides that meet where they should not, or null. */
export function selfCrossing(polygon: Polygon): [number, number] | null {
  const count = polygon.length;
  const corner = (i: number) => polygon[i % count];
  for (let i = 0; i < count; i++) {
    if (corner(i)[0] === corner(i + 1)[0] && corner(i)[1] === corner(i + 1)[1]) return [i, (i + 1) % count];
    for (let j = i + 1; j < count; j++) {
      const neighbours = j === i + 1 || (i === 0 && j === count - 1);
      const meet = neighbours
        ? foldsBack(polygon, j === i + 1 ? i + 1 : 0)
        : sidesMeet(corner(i), corner(i + 1), corner(j), corner(j + 1));
      if (meet) return [i, j];
    }
  }
  return null;
}

type Point = [number, number];

function turn(a: Point, b: Point, c: Point): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

function onSide(a: Point, b: Point, p: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= p[0] &&
    p[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= p[1] &&
    p[1] <= Math.max(a[1], b[1])
  );
}

/** Two neighbouring sides share a corner; they meet wrongly only if the second runs back over the first. */
function foldsBack(polygon: Polygon, at: number): boolean {
  const count = polygon.length;
  const before = polygon[(at + count - 1) % count];
  const here = polygon[at % count];
  const after = polygon[(at + 1) % count];
  if (turn(before, here, after) !== 0) return false;
  return (before[0] - here[0]) * (after[0] - here[0]) + (before[1] - here[1]) * (after[1] - here[1]) > 0;
}

function sidesMeet(a: Point, b: Point, c: Point, d: Point): boolean {
  const t1 = turn(a, b, c);
  const t2 = turn(a, b, d);
  const t3 = turn(c, d, a);
  const t4 = turn(c, d, b);
  if (t1 !== t2 && t3 !== t4) return true;
  return (
    (t1 === 0 && onSide(a, b, c)) ||
    (t2 === 0 && onSide(a, b, d)) ||
    (t3 === 0 && onSide(c, d, a)) ||
    (t4 === 0 && onSide(c, d, b))
  );
}

/** Checks `median ≤ warn ≤ fail`, `median < fail`, all finite. Throws GP_CONFIG_INVALID naming the field. */
export function checkLimits(limits: { median: unknown; warn: unknown; fail: unknown }, field: string): void {
  const { median, warn, fail } = limits;
  for (const [key, value] of Object.entries({ median, warn, fail })) {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw invalidParameter(`${field}.${key}`, 'a finite number', value, 'GP_CONFIG_INVALID');
    }
  }
  const [m, w, f] = [median as number, warn as number, fail as number];
  if (w < m)
    throw invalidParameter(`${field}.warn`, `at least the median of good parts (${m})`, w, 'GP_CONFIG_INVALID');
  if (f < w) throw invalidParameter(`${field}.fail`, `at least the warn limit (${w})`, f, 'GP_CONFIG_INVALID');
  if (f <= m)
    throw invalidParameter(`${field}.fail`, `more than the median of good parts (${m})`, f, 'GP_CONFIG_INVALID');
}

/**
 * Checks a view's regions: polygons, measures, limits, names; inspect regions numbered 1..16 without repeats, ignore regions 0
 * (their measure and limits are not looked at). Throws GP_CONFIG_INVALID naming the field. An empty list is allowed.
 */
export function checkRois(rois: unknown, field = 'rois'): asserts rois is Roi[] {
  if (!Array.isArray(rois)) throw invalidParameter(field, 'a list of regions', rois, 'GP_CONFIG_INVALID');
  if (rois.length > 64) throw invalidParameter(field, 'at most 64 regions', rois, 'GP_CONFIG_INVALID');
  const taken = new Set<number>();
  rois.forEach((roi: unknown, i) => {
    const at = `${field}[${i}]`;
    if (typeof roi !== 'object' || roi === null) throw invalidParameter(at, 'a region', roi, 'GP_CONFIG_INVALID');
    const { index, name, mode, polygon, measure, areaAbove, ...limits } = roi as Roi;
    if (typeof name !== 'string' || name.length === 0 || name.length > 64) {
      throw invalidParameter(`${at}.name`, 'a name of 1 to 64 characters', name, 'GP_CONFIG_INVALID');
    }
    if (mode !== 'inspect' && mode !== 'ignore') {
      throw invalidParameter(`${at}.mode`, '"inspect" or "ignore"', mode, 'GP_CONFIG_INVALID');
    }
    checkPolygon(polygon, `${at}.polygon`);
    if (mode === 'ignore') {
      if (index !== 0) throw invalidParameter(`${at}.index`, '0 for an ignore region', index, 'GP_CONFIG_INVALID');
      return;
    }
    if (!Number.isInteger(index) || index < 1 || index > 16) {
      throw invalidParameter(`${at}.index`, 'a whole number from 1 to 16', index, 'GP_CONFIG_INVALID');
    }
    if (taken.has(index)) {
      throw new GoodpartError(
        'GP_CONFIG_INVALID',
        `Expected each region number once for ${at}.index but received ${index} again`,
        {
          field: `${at}.index`,
          expected: 'each region number once',
          received: `${index} again`,
        },
      );
    }
    taken.add(index);
    if (!measures.includes(measure)) {
      throw invalidParameter(`${at}.measure`, '"maximum", "percentile" or "area"', measure, 'GP_CONFIG_INVALID');
    }
    if (measure === 'area' ? !Number.isFinite(areaAbove) : areaAbove !== null && !Number.isFinite(areaAbove)) {
      throw invalidParameter(`${at}.areaAbove`, 'a finite number', areaAbove, 'GP_CONFIG_INVALID');
    }
    checkLimits(limits, at);
  });
}
