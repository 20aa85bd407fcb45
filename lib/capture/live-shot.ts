import type { Histogram } from '../imaging/histogram.ts';
import type { Delivery, DeviceSettings, SourceCounters, SourceFrame, SourceStatus } from './source.ts';

/** The latest frame without its bytes. */
export type LiveFrame = Omit<SourceFrame, 'data' | 'settings'> & { bytes: number };

/** What was measured in the latest frame. */
export interface LiveFigures {
  /** Size of the picture itself in pixels: files do not tell it before they are decoded. */
  width: number;
  height: number;
  histogram: Histogram;
  /** Of the middle half of the picture (`imaging/focus.ts`); null where nothing can be said: all is alike there. */
  focus: number | null;
}

/** The child's answer to a look; plain JSON, the preview beside it. */
export interface LiveReport {
  status: SourceStatus;
  /** Why the source could not be opened, and which of its settings is at fault. */
  error: { message: string; field?: string } | null;
  delivery: Delivery | null;
  device: string | null;
  running: string | null;
  counters: SourceCounters;
  /** Read back when the source was opened, and with the latest frame where it says more. */
  settings: DeviceSettings;
  /** Null before the first one: a look never exposes. */
  frame: LiveFrame | null;
  /** Null where there is no frame, it could not be read, or the asker has the figures of this frame already. */
  figures: LiveFigures | null;
  /** Why the latest frame cannot be shown; null where it can. */
  problem: string | null;
}

/** Which frame that is, over restarts of the child too. */
export function frameKey({ number, exposedAt }: Pick<LiveFrame, 'number' | 'exposedAt'>): string {
  return `${number} ${exposedAt}`;
}
