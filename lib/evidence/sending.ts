import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Frame } from '../core/frame.ts';
import { decidingScore, type Inspection, type RoiResult } from '../core/inspection.ts';
import type { OverlayOptions, OverlayView } from '../imaging/overlay.ts';
import { buildRecord, type Software } from './build-record.ts';
import type { Entry } from './pending.ts';
import { type EvidencePolicy, keepsPictures } from './policy.ts';
import type { DrawRequest, EncodeRequest, Region, SentView } from './render.ts';

export type JudgedInspection = Inspection & { verdict: NonNullable<Inspection['verdict']> };

/** Regions as outlines for the overlay, by the view's name. */
export interface RecordExtras {
  regions?: Record<string, Region[]>;
}

/** What goes to the child for one inspection: its record, and the bytes of the pictures that the policy keeps. */
export function entryOf(
  inspection: JudgedInspection,
  o: { key: string; policy: EvidencePolicy; regions: Record<string, Region[]>; software: Software },
): Entry {
  const wanted = keepsPictures(o.policy, inspection.verdict, inspection.id);
  const views: SentView[] = [];
  const payloads: Buffer[] = [];
  for (const [view, seen] of inspection.views.entries()) {
    const { name, frame } = seen;
    if (!wanted || frame === null) continue;
    const map = decidingScore(seen)?.map ?? null;
    payloads.push(frame.data, ...(map === null ? [] : [map.data]));
    const size = map && { width: map.width, height: map.height };
    const regions = Object.hasOwn(o.regions, name) ? o.regions[name] : [];
    views.push({ view, frame: bytesInfo(frame), map: size, regions });
  }
  const state = views.length > 0 ? 'kept' : wanted ? 'none' : 'not-selected';
  const record = buildRecord(inspection, {
    at: { utc: systemClock.utc(), mono: systemClock.mono() },
    software: o.software,
    pictures: { state, detail: '' },
  });
  const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
  return { key: o.key, record, views, payloads, bytes, inFlight: false, deaths: 0 };
}

const numbers = ['value', 'severity', 'warn', 'fail', 'median'] as const;

/** A drawing to ask for. JSON has no NaN: such numbers travel as text. */
export function drawRequest(
  frame: Frame,
  view: OverlayView,
  options: OverlayOptions,
): { request: DrawRequest; payloads: Buffer[] } {
  const { map, rois, verdict, severity, text, registration } = view;
  const sendable = (value: number) => (Number.isFinite(value) ? value : String(value)) as number;
  const request: DrawRequest = {
    info: bytesInfo(frame),
    map: map && { width: map.width, height: map.height },
    rois: rois.map((roi) => {
      const known = numbers.filter((name) => typeof roi[name] === 'number');
      const sent = Object.fromEntries(known.map((name) => [name, sendable(roi[name] as number)]));
      return { ...roi, ...(sent as Partial<RoiResult>) };
    }),
    verdict,
    severity: severity === null ? null : sendable(severity),
    ...(text === undefined ? {} : { text }),
    ...(registration && { registration }),
    ...options,
  };
  return { request, payloads: map === null ? [frame.data] : [frame.data, map.data] };
}

/** A bare frame to ask for. */
export function encodeRequest(frame: Frame, options: OverlayOptions): { request: EncodeRequest; payloads: Buffer[] } {
  return { request: { info: bytesInfo(frame), ...options }, payloads: [frame.data] };
}

function bytesInfo({ info }: Frame): NonNullable<SentView['frame']> {
  const { encoding, width, height, channels, bitDepth } = info;
  return { encoding, width, height, channels, bitDepth };
}

/** This package's name and version, from the nearest package.json above. */
export function softwareOf(): Software {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name: string; version: string };
    return { package: name, version, node: process.version };
  }
  return { package: 'unknown', version: 'unknown', node: process.version };
}
