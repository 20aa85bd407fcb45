import type { Random } from '../core/random.ts';
import type { Canvas, PartLayout } from './simulated-part.ts';

export const defectKinds = ['scratch', 'dent', 'missing-hole', 'stain'] as const;
export type DefectKind = (typeof defectKinds)[number];

/** Where a defect is and how large: centre and half size in 0..1 of the frame's width and height. */
export interface DefectSpot {
  x: number;
  y: number;
  halfWidth: number;
  halfHeight: number;
}

/** Draws one defect into the canvas. */
export function drawDefect(canvas: Canvas, kind: DefectKind, layout: PartLayout, random: Random): DefectSpot {
  if (kind === 'missing-hole') return missingHole(canvas, layout, random);
  const at = somewhere(canvas, layout, random);
  if (kind === 'scratch') return scratch(canvas, layout.unit, at, random);
  if (kind === 'dent') return dent(canvas, layout.unit, at, random);
  return stain(canvas, layout.unit, at, random);
}

interface Point {
  x: number;
  y: number;
}

/** A place on the plate away from its edge, its bore and its holes, where a defect is a defect and nothing else. */
function somewhere(canvas: Canvas, { unit, plate, holes }: PartLayout, random: Random): Point {
  const edge = 44 * unit;
  for (;;) {
    const x = plate.x + edge + random() * (plate.width - 2 * edge);
    const y = plate.y + edge + random() * (plate.height - 2 * edge);
    const bore = Math.hypot(x - canvas.width / 2, y - canvas.height / 2) > 60 * unit;
    if (bore && holes.every((hole) => Math.hypot(x - hole.x, y - hole.y) > hole.radius + 22 * unit)) return { x, y };
  }
}

/** Calls `paint` for each pixel around `at`, and says the region as a spot. */
function around(
  canvas: Canvas,
  at: Point,
  half: Point,
  paint: (dx: number, dy: number) => { gain: number; add: number; tint?: number } | null,
): DefectSpot {
  const { width, height, data } = canvas;
  for (let y = Math.max(0, Math.floor(at.y - half.y)); y <= Math.min(height - 1, Math.ceil(at.y + half.y)); y++) {
    for (let x = Math.max(0, Math.floor(at.x - half.x)); x <= Math.min(width - 1, Math.ceil(at.x + half.x)); x++) {
      const change = paint(x - at.x, y - at.y);
      if (change === null) continue;
      const i = (y * width + x) * 3;
      for (let k = 0; k < 3; k++) {
        const value = data[i + k] * change.gain * (1 - (change.tint ?? 0) * k) + change.add;
        data[i + k] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  return { x: at.x / width, y: at.y / height, halfWidth: half.x / width, halfHeight: half.y / height };
}

/** A groove across the brushing: a dark line with a bright lip, slightly bent. */
function scratch(canvas: Canvas, unit: number, at: Point, random: Random): DefectSpot {
  const angle = Math.PI * (0.15 + 0.7 * random());
  const half = (22 + 28 * random()) * unit;
  const thick = Math.max(0.7, (0.8 + 0.7 * random()) * unit);
  const depth = 55 + 45 * random();
  const bend = ((random() - 0.5) * 0.25) / half;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const reach = { x: Math.abs(cos) * half + 6 * unit, y: Math.abs(sin) * half + 6 * unit };
  return around(canvas, at, reach, (dx, dy) => {
    const along = dx * cos + dy * sin;
    if (Math.abs(along) > half) return null;
    const across = dy * cos - dx * sin - bend * along * along;
    const fade = Math.min(1, (half - Math.abs(along)) / (8 * unit));
    const groove = Math.exp(-((across / thick) ** 2));
    const lip = Math.exp(-(((across - 2.2 * thick) / thick) ** 2));
    return { gain: 1, add: fade * depth * (0.6 * lip - groove) };
  });
}

/** A knock: light from above makes one flank dark and the other bright. */
function dent(canvas: Canvas, unit: number, at: Point, random: Random): DefectSpot {
  const radius = (8 + 7 * random()) * unit;
  const depth = 38 + 30 * random();
  return around(canvas, at, { x: radius * 2, y: radius * 2 }, (dx, dy) => {
    const r2 = (dx * dx + dy * dy) / (radius * radius);
    return { gain: 1, add: (depth * 1.6 * Math.exp(-r2) * (dy + 0.4 * dx)) / radius - 12 * Math.exp(-r2 * 1.5) };
  });
}

/** Oil or rust: an irregular darker and warmer patch with a soft rim. */
function stain(canvas: Canvas, unit: number, at: Point, random: Random): DefectSpot {
  const radius = (13 + 13 * random()) * unit;
  const strength = 0.2 + 0.18 * random();
  const phases = [random(), random(), random()].map((phase) => phase * 2 * Math.PI);
  return around(canvas, at, { x: radius * 1.7, y: radius * 1.7 }, (dx, dy) => {
    const angle = Math.atan2(dy, dx);
    const lobes = phases.reduce((sum, phase, i) => sum + Math.sin((i + 2) * angle + phase) / (i + 2), 0);
    const edge = radius * (1 + 0.35 * lobes);
    const inside = 1 / (1 + Math.exp((Math.hypot(dx, dy) - edge) / (1.6 * unit)));
    return { gain: 1 - strength * inside, add: 0, tint: 0.13 * inside };
  });
}

/** One of the four holes was never drilled: metal, taken from beside it, where it should be. */
function missingHole(canvas: Canvas, { unit, holes }: PartLayout, random: Random): DefectSpot {
  const hole = holes[Math.floor(random() * holes.length)];
  const { width, height, data } = canvas;
  const reach = hole.radius + 6 * unit;
  const shift = Math.round(2.2 * reach) * (hole.x < width / 2 ? 1 : -1);
  for (let y = Math.max(0, Math.floor(hole.y - reach)); y <= Math.min(height - 1, hole.y + reach); y++) {
    for (let x = Math.max(0, Math.floor(hole.x - reach)); x <= Math.min(width - 1, hole.x + reach); x++) {
      if (Math.hypot(x - hole.x, y - hole.y) > reach) continue;
      const from = (y * width + Math.max(0, Math.min(width - 1, x + shift))) * 3;
      data.copyWithin((y * width + x) * 3, from, from + 3);
    }
  }
  return { x: hole.x / width, y: hole.y / height, halfWidth: reach / width, halfHeight: reach / height };
}
