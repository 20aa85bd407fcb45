import type { AnomalyMap } from '../core/anomaly-map.ts';
import type { Polygon, Registration, Roi, RoiResult, Verdict } from '../core/inspection.ts';
import type { ImageInput } from './decode.ts';
import { fitted, textPath, textWidth } from './glyphs.ts';
import { type HeatRange, heatInFrame, heatPixels, rangeOf } from './heat.ts';
import { toFrame } from './placement.ts';
import { openView } from './view.ts';

/** A region to draw: its polygon, and what the rules said of it where they did. */
export type OverlayRoi = Pick<Roi, 'name' | 'polygon'> & Partial<Pick<Roi, 'mode'>> & Partial<RoiResult>;

export interface OverlayView {
  map: AnomalyMap | null;
  rois: OverlayRoi[];
  /** Null: not judged yet. */
  verdict: Verdict | null;
  severity: number | null;
  /** One sentence for the banner's second half, e.g. the first reason. */
  text?: string;
  /** Map values for the colours outside of all regions; default: of the region with the lowest limit, else the map's own. */
  range?: HeatRange;
  /** Where the part lay: map and regions are drawn there. Absent: as in the map. */
  registration?: Registration;
}

export interface OverlayOptions {
  /** Longest side of the picture's part in pixels, default 1280. */
  maxWidth?: number;
  /** 1..100, default 85. */
  quality?: number;
}

const colours = { pass: '#1b8a3a', warn: '#d98e04', fail: '#c62828', invalid: '#6b7280', none: '#334155' } as const;
/** As people read them: an `invalid` part was not inspected. */
const words = { pass: 'PASS', warn: 'WARN', fail: 'FAIL', invalid: 'NOT INSPECTED', none: 'NOT JUDGED' } as const;
/** Shapes tell the verdicts apart without colour: tick, triangle, cross, bar, nothing. In a box of 24. */
const signs = {
  pass: 'M4 13l5 6L20 5',
  warn: 'M12 3L22 21H2ZM12 10v5M12 18h0',
  fail: 'M5 5L19 19M19 5L5 19',
  invalid: 'M12 2a10 10 0 1 0 .01 0ZM5 5L19 19',
  none: '',
} as const;

const minSide = 480;
/** Longest side at which a map is moved to where the part lay; maps are coarse. */
const heatSide = 320;

/**
 * The picture with the map tinted over it, the regions' outlines with name and severity, and a banner in the verdict's colour
 * above: a JPEG, 16 bits a sample as `openView` shows them. Small pictures are enlarged so that the writing has room. Throws GP_IMAGE_UNREADABLE.
 */
export async function drawOverlay(
  image: ImageInput,
  view: OverlayView,
  { maxWidth = 1280, quality = 85 }: OverlayOptions = {},
): Promise<Buffer> {
  const opened = await openView(image);
  const longest = Math.max(opened.width, opened.height);
  const scale = Math.min(maxWidth, Math.max(longest, minSide)) / longest;
  const width = Math.max(1, Math.round(opened.width * scale));
  const height = Math.max(1, Math.round(opened.height * scale));
  const canvas = Math.max(width, Math.min(minSide, maxWidth));
  const banner = Math.round(Math.min(72, Math.max(36, canvas / 18)));
  const base = opened.pixels
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .toColourspace('srgb')
    .extend({ top: banner, right: canvas - width, background: '#1f2937' });
  const layers = [];
  if (view.map !== null) {
    layers.push({ input: await heatLayer(view, view.map, width, height), left: 0, top: banner });
  }
  layers.push({ input: Buffer.from(drawing(view, { width, height, canvas, banner })), left: 0, top: 0 });
  return opened.finish(base.composite(layers).jpeg({ quality }));
}

async function heatLayer(view: OverlayView, map: AnomalyMap, width: number, height: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const regions = view.rois.map(({ polygon, mode = 'inspect', measure, median, fail }) => ({
    polygon,
    mode,
    // the measure `area` is a share, not a map value
    range: median === undefined || fail === undefined || measure === 'area' ? null : { median, fail },
  }));
  const known = regions.flatMap(({ range }) => range ?? []).sort((a, b) => a.fail - b.fail);
  const own = heatPixels(map, regions, view.range ?? known[0] ?? rangeOf(map));
  const scale = Math.min(1, heatSide / Math.max(width, height));
  const laid = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const { pixels, size } = view.registration
    ? { pixels: heatInFrame(own, map, view.registration, laid), size: laid }
    : { pixels: own, size: map };
  return sharp(pixels, { raw: { width: size.width, height: size.height, channels: 4 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

interface Sizes {
  width: number;
  height: number;
  canvas: number;
  banner: number;
}

/** Outlines, labels and banner as SVG. Holds numbers and our own strokes only, never text from outside. */
function drawing(view: OverlayView, { width, height, canvas, banner }: Sizes): string {
  const line = Math.max(1.5, width / 500);
  const letters = Math.max(9, Math.round(banner / 4.5));
  const { registration } = view;
  const parts = view.rois
    .map((roi) =>
      registration ? { ...roi, polygon: polygonInFrame(roi.polygon, registration, { width, height }) } : roi,
    )
    .map((roi) => regionDrawing(roi, { width, height, top: banner, line, letters }));
  parts.push(bannerDrawing(view, canvas, banner));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${canvas}" height="${height + banner}">${parts.join('')}</svg>`;
}

/** Of the reference's coordinates the frame's; both 0..1, and beyond where the part reaches over the edge. */
function polygonInFrame(
  polygon: Polygon,
  registration: Registration,
  size: { width: number; height: number },
): Polygon {
  const { xx, xy, x0, yx, yy, y0 } = toFrame(registration, size);
  const { width, height } = size;
  return polygon.map(([x, y]) => [
    (xx * x * width + xy * y * height + x0) / width,
    (yx * x * width + yy * y * height + y0) / height,
  ]);
}

function regionDrawing(
  roi: OverlayRoi,
  { width, height, top, line, letters }: { width: number; height: number; top: number; line: number; letters: number },
): string {
  const corners = roi.polygon.map(([x, y]) => [x * width, top + y * height]);
  const points = corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const ignored = roi.mode === 'ignore';
  const colour = ignored ? '#9ca3af' : colours[roi.verdict ?? 'none'];
  // worse regions are drawn thicker: readable without colour
  const thick = line * (roi.verdict === 'fail' ? 2.2 : roi.verdict === 'warn' ? 1.6 : 1);
  const dash = ignored ? ` stroke-dasharray="${line * 4} ${line * 3}"` : '';
  const outline =
    `<polygon points="${points}" fill="none" stroke="#fff" stroke-opacity=".75" stroke-width="${thick + line}"/>` +
    `<polygon points="${points}" fill="none" stroke="${colour}" stroke-width="${thick}"${dash}/>`;
  const number = roi.index ? `${roi.index} ` : '';
  const severity = roi.severity === undefined ? '' : ` ${shownSeverity(roi.severity)}`;
  const name = fitted(roi.name, letters, Math.max(width / 3, 80));
  const text = `${number}${name}${severity}`;
  const wide = textWidth(text, letters) + letters * 1.4;
  const tall = letters * 2;
  const left = Math.min(...corners.map(([x]) => x));
  const high = Math.min(...corners.map(([, y]) => y));
  const x = Math.max(0, Math.min(left, width - wide));
  const y = Math.max(top, high - tall >= top ? high - tall : high);
  return `${outline}<rect x="${x}" y="${y}" width="${wide}" height="${tall}" fill="${colour}" fill-opacity=".9"/>${strokes(text, x + letters * 0.7, y + letters / 2, letters)}`;
}

function bannerDrawing({ verdict, severity, text }: OverlayView, canvas: number, banner: number): string {
  const key = verdict ?? 'none';
  const sign = banner * 0.6;
  const edge = banner * 0.2;
  const big = banner * 0.36;
  let x = edge * 2 + sign;
  const parts = [
    `<rect width="${canvas}" height="${banner}" fill="${colours[key]}"/>`,
    `<path transform="translate(${edge} ${edge}) scale(${sign / 24})" d="${signs[key]}" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>`,
    strokes(words[key], x, (banner - big) / 2, big),
  ];
  x += textWidth(words[key], big) + banner * 0.5;
  if (severity !== null) {
    const shown = shownSeverity(severity);
    const wide = banner * 2.4;
    parts.push(strokes(shown, x, banner * 0.2, banner * 0.26), gauge(severity, x, banner * 0.66, wide, banner * 0.16));
    x += Math.max(wide, textWidth(shown, banner * 0.26)) + banner * 0.5;
  }
  const small = banner * 0.22;
  if (text) parts.push(strokes(fitted(text, small, canvas - x - edge), x, (banner - small) / 2, small));
  return parts.join('');
}

/** A bar from 0 to twice the limit, with a mark at the limit. */
function gauge(severity: number, x: number, y: number, width: number, height: number): string {
  const share = Number.isFinite(severity) ? Math.min(1, Math.max(0, severity / 2)) : 1;
  const middle = x + width / 2;
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#000" fill-opacity=".35"/>` +
    `<rect x="${x}" y="${y}" width="${width * share}" height="${height}" fill="#fff"/>` +
    `<path d="M${middle} ${y - height * 0.5}v${height * 2}" stroke="#000" stroke-width="${height * 0.4}"/>`
  );
}

function shownSeverity(severity: number): string {
  return Number.isFinite(severity) ? severity.toFixed(2) : 'not a number';
}

function strokes(text: string, x: number, y: number, height: number): string {
  return `<path d="${textPath(text, x, y, height)}" fill="none" stroke="#fff" stroke-width="${(height / 6) * 0.95}" stroke-linecap="round" stroke-linejoin="round"/>`;
}
