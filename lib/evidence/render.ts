import { AnomalyMap } from '../core/anomaly-map.ts';
import { captionOf } from '../core/caption.ts';
import type { FrameInfo } from '../core/frame.ts';
import type { Registration, Verdict } from '../core/inspection.ts';
import type { OverlayRoi } from '../imaging/overlay.ts';
import type { EvidencePolicy } from './policy.ts';
import type { EvidenceRecord, PictureRole, RecordFile } from './record.ts';

/** What the parent sends of one view beside the record: bytes as payloads, the rest as JSON. */
export interface SentView {
  /** Index into the record's views. */
  view: number;
  frame: Pick<FrameInfo, 'encoding' | 'width' | 'height' | 'channels' | 'bitDepth'> | null;
  map: { width: number; height: number } | null;
  regions: Region[];
}

/** A region's outline, which the record's results do not hold. */
export type Region = Pick<OverlayRoi, 'index' | 'name' | 'polygon' | 'mode'>;

export interface Picture {
  view: number;
  role: PictureRole;
  extension: string;
  type: string;
  data: Buffer;
  scale?: RecordFile['scale'];
}

/** Splits payloads as `SentView` counts them: frame, then map, view by view. */
export function unpack(
  views: SentView[],
  payloads: Buffer[],
): { sent: SentView; frame: Buffer | null; map: AnomalyMap | null }[] {
  let at = 0;
  return views.map((sent) => {
    const frame = sent.frame === null ? null : payloads[at++];
    const map = sent.map === null ? null : new AnomalyMap(sent.map.width, sent.map.height, payloads[at++]);
    return { sent, frame, map };
  });
}

/**
 * The files of an inspection. A frame that came as a file is kept bit by bit, a raw one as a PNG of its own depth. Where drawing
 * fails (a damaged picture), what could be made is kept and `trouble` says what not.
 */
export async function renderPictures(
  record: EvidenceRecord,
  views: SentView[],
  payloads: Buffer[],
  policy: Pick<EvidencePolicy, PictureRole>,
): Promise<{ pictures: Picture[]; trouble: string }> {
  const pictures: Picture[] = [];
  const trouble: string[] = [];
  for (const { sent, frame, map } of unpack(views, payloads)) {
    const about = record.views[sent.view];
    const attempt = async (role: PictureRole, work: () => Promise<Omit<Picture, 'view' | 'role'> | null>) => {
      if (!policy[role]) return;
      try {
        const made = await work();
        if (made !== null) pictures.push({ view: sent.view, role, ...made });
      } catch (error) {
        trouble.push(`${role} of ${about.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    await attempt('frame', async () => (frame === null || sent.frame === null ? null : keepFrame(sent.frame, frame)));
    await attempt('map', async () => (map === null ? null : keepMap(map)));
    await attempt('overlay', async () => {
      if (frame === null || sent.frame === null || frame.length === 0) return null;
      const { drawOverlay } = await import('../imaging/overlay.ts');
      const view = {
        map,
        rois: withOutlines(about.rois, sent.regions),
        verdict: about.verdict ?? record.verdict,
        severity: about.severity,
        text: captionOf((about.reasons[0] ?? record.reasons[0])?.text, about.defectClass),
        ...placeOf((about.verify?.decidedBy === 'second' ? about.verify.score : about.score)?.registration),
      };
      const data = await drawOverlay({ data: frame, info: sent.frame }, view, { maxWidth: 1280, quality: 80 });
      const { viewWindow } = await import('../imaging/view.ts');
      const window = await viewWindow({ data: frame, info: sent.frame });
      const scale = window && { scale: { min: window.low, max: window.high } };
      return { data, extension: 'jpg', type: 'image/jpeg', ...scale };
    });
  }
  return { pictures, trouble: trouble.join('; ').slice(0, 500) };
}

/** A record's numbers are null where they were not finite: such a place is none. */
function placeOf(registration?: Record<keyof Registration, number | null>): { registration?: Registration } {
  if (registration === undefined) return {};
  const { dx, dy, rotation, agreement } = registration;
  if (dx === null || dy === null || rotation === null || agreement === null) return {};
  return { registration: { dx, dy, rotation, agreement } };
}

function withOutlines(results: EvidenceRecord['views'][number]['rois'], regions: Region[]): OverlayRoi[] {
  return regions.map((region) => {
    const result = results.find(({ index, name }) => index === region.index && name === region.name);
    if (result === undefined) return region;
    const known = Object.fromEntries(Object.entries(result).filter(([, value]) => value !== null));
    return { ...region, ...known };
  });
}

async function keepFrame(info: NonNullable<SentView['frame']>, data: Buffer): Promise<Omit<Picture, 'view' | 'role'>> {
  if (info.encoding === 'jpeg') return { data, extension: 'jpg', type: 'image/jpeg' };
  if (info.encoding === 'png') return { data, extension: 'png', type: 'image/png' };
  // an alpha channel is dropped where pictures are opened: what it holds of such a frame stays as bytes
  if (info.encoding === 'raw' && (info.bitDepth === 8 || info.channels === 1 || info.channels === 3)) {
    const { encodePng, encodePng16 } = await import('../imaging/encode.ts');
    const encode = info.bitDepth === 16 ? encodePng16 : encodePng;
    return { data: await encode({ data, info }), extension: 'png', type: 'image/png' };
  }
  return { data, extension: info.encoding === 'raw' ? 'raw' : 'bin', type: 'application/octet-stream' };
}

async function keepMap(map: AnomalyMap): Promise<Omit<Picture, 'view' | 'role'>> {
  const { mapToPng16 } = await import('../imaging/encode.ts');
  const { png, min, max } = await mapToPng16(map);
  return { data: png, extension: 'png', type: 'image/png', scale: { min, max } };
}

/** What `draw` sends; numbers that JSON cannot hold travel as text. */
export interface DrawRequest {
  info: NonNullable<SentView['frame']>;
  map: { width: number; height: number } | null;
  rois: OverlayRoi[];
  verdict: Verdict | null;
  severity: number | string | null;
  text?: string;
  registration?: Registration;
  maxWidth?: number;
  quality?: number;
}

/** A frame as a JPEG of at most `maxWidth` pixels on its longer side, without anything drawn into it. */
export interface EncodeRequest {
  info: Pick<FrameInfo, 'encoding' | 'width' | 'height' | 'channels' | 'bitDepth'>;
  maxWidth?: number;
  quality?: number;
}

export async function renderFrame({ info, ...size }: EncodeRequest, payloads: Buffer[]): Promise<Buffer> {
  const { encodeJpeg } = await import('../imaging/encode.ts');
  return encodeJpeg({ data: payloads[0], info }, size);
}

export async function renderDrawing(request: DrawRequest, payloads: Buffer[]): Promise<Buffer> {
  const { drawOverlay } = await import('../imaging/overlay.ts');
  const { info, verdict, text, maxWidth, quality, registration } = request;
  const map = request.map && new AnomalyMap(request.map.width, request.map.height, payloads[1]);
  const severity = request.severity === null ? null : Number(request.severity);
  const rois = request.rois.map((roi) => {
    const numbers = (['value', 'severity', 'warn', 'fail', 'median'] as const)
      .filter((key) => roi[key] !== undefined)
      .map((key) => [key, Number(roi[key])]);
    return { ...roi, ...Object.fromEntries(numbers) } as OverlayRoi;
  });
  const place = registration ? { registration } : {};
  const view = { map, rois, verdict, severity, ...(text === undefined ? {} : { text }), ...place };
  const options = { ...(maxWidth && { maxWidth }), ...(quality && { quality }) };
  return drawOverlay({ data: payloads[0], info }, view, options);
}
