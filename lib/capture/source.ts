import type { GoodpartError } from '../core/errors.ts';
import type { FrameInfo } from '../core/frame.ts';
import type { WatchSettings } from './watchdog.ts';

/**
 * The interface that every camera plugs into, inside the camera's child process. It is final: a folder, a simulator, a
 * GStreamer pipeline, a GenICam camera and an HTTP push all fit it as it is. What is common to all of them (capture
 * after a trigger, queues, counters, reopening, watchdog) is the desk's (`capture-desk.ts`, `opening.ts`), never the source's.
 */
export interface Source {
  /**
   * Connects, applies the settings and reads them back. A `flow` or `line` source hands over frames through the sink
   * from here until `close`. Rejects with one clear error that names the `field` at fault; `close` is called even then.
   */
  open(o: OpenOptions): Promise<SourceDescription>;
  /** Lets go of everything. Must settle within two seconds, whatever state the device is in: the child is ended otherwise. */
  close(): Promise<void>;
  /**
   * `on-demand` only: one exposure that starts at or after `after`. Never answers from a buffer. Must settle soon after
   * `signal` aborts. Rejects with GP_SOURCE_FAILED where this one picture failed; the source stays open.
   */
  expose(o: ExposeOptions): Promise<SourceFrame>;
  /** What the device says its settings are now (exposure, gain, …), not what was asked for. */
  readSettings(): Promise<DeviceSettings>;
  /** The last lines that its tool printed, without secrets: said when the watchdog finds the source at fault. */
  lastWords?(): string[];
}

/** Who decides when a picture is taken. */
export type Delivery =
  /** We do: a software trigger, the next file. */
  | 'on-demand'
  /** The device does, all the time; a capture is answered by the first frame exposed after its trigger. */
  | 'flow'
  /** The part does: an input line of the camera starts the exposure, and each frame opens an inspection by itself. */
  | 'line';

export type DeviceSettings = Record<string, string | number | boolean>;

export interface OpenOptions {
  sink: SourceSink;
  /** The last frame number that an earlier child of this camera delivered; 0 at first. Numbers go on from there. */
  resumeAfter: number;
  signal: AbortSignal;
}

export interface ExposeOptions {
  /** Monotonic milliseconds. */
  after: number;
  signal: AbortSignal;
  /** Id of the part that the picture is taken of, '' = not known: for sources that play a part themselves (the simulator). */
  partId?: string;
}

/** A frame as a source hands it over. `number` counts from 1; gaps are reported through `sink.lost`. */
export interface SourceFrame extends Omit<FrameInfo, 'id' | 'bytes' | 'source' | 'arrivedAt' | 'counter' | 'losses'> {
  /**
   * The frame's instant on the device's own clock, milliseconds from any zero (its PTS, its timestamp): by it frames that come
   * late in a burst are known. Left out where there is none; `exposedAt` is taken then.
   */
  deviceAt?: number;
  /**
   * `exposedAt`: start of exposure in monotonic milliseconds. Where the device does not tell it, a LOWER bound, e.g. the
   * arrival of the frame before: `pass` is said only of what was certainly exposed after its trigger.
   */
  data: Buffer;
}

/** A frame as the desk passes it on: with all that travels with it but its id and the camera's name. */
export interface TakenFrame extends Omit<FrameInfo, 'id' | 'bytes' | 'source'> {
  data: Buffer;
}

export interface SourceSink {
  /** A frame that nobody asked for one by one (`flow` and `line`). Never blocks. */
  frame(frame: SourceFrame): void;
  /** Frames that were exposed and never seen: gaps in the device's numbers, incomplete transfers. */
  lost(count: number): void;
  /** The device is gone, silent or stuck: the desk closes the source and opens it again after a pause. */
  fault(error: GoodpartError): void;
  /** Something people should see although frames still come ("exposure could not be locked"); empty takes it back. */
  warning(text: string): void;
}

export interface SourceDescription {
  delivery: Delivery;
  /** For people: "Basler acA1300-30gm 22345678", "folder /data/parts". */
  device: string;
  /** What really runs: the pipeline, the folder with its number of files. Never holds secrets. */
  running: string;
  /** Pixels; null where the source does not know before the first frame. */
  width: number | null;
  height: number | null;
  /** As read back now; they go into the record of every frame, beneath what the frame itself says. */
  settings: DeviceSettings;
  /** What is known of the device's pace, for the watchdog; left out where nothing is. */
  watch?: WatchSettings;
}

/** Something that `discover` found and that can be opened with these settings. */
export interface DiscoveredSource {
  name: string;
  settings: Record<string, unknown>;
}

/** What one file per source exports, and the registry knows. */
export interface SourceModule<Settings> {
  create(settings: Settings): Source;
  /** Looks for devices of this kind; bounded in time. Empty where there is nothing to look for. */
  discover(): Promise<DiscoveredSource[]>;
}

/** Counted since the camera was started, over all restarts of its child. */
export interface SourceCounters {
  /** Frames that the source handed over. */
  exposed: number;
  /** Frames that crossed to the parent. */
  delivered: number;
  /** Frames of a flow that nobody took before a newer one came. */
  superseded: number;
  /** Frames that the source knows it never saw. */
  lost: number;
  /** Line frames (each a part) dropped because the parent did not keep up. */
  missed: number;
  /** Frames not used for a capture because they were exposed before its trigger. */
  tooOld: number;
  /** Frames dropped because they came late: a backlog, or older than the greatest age that is allowed. */
  stale: number;
  /** Times that the watchdog found the source at fault: stalled, late, too fast or frozen. */
  stalls: number;
  /** Captures that ended with an error. */
  failed: number;
  /** Times that the source was opened again. */
  reopened: number;
}

export const noCounts: Readonly<SourceCounters> = Object.freeze({
  exposed: 0,
  delivered: 0,
  superseded: 0,
  lost: 0,
  missed: 0,
  tooOld: 0,
  stale: 0,
  stalls: 0,
  failed: 0,
  reopened: 0,
});

export interface SourceStatus {
  connected: boolean;
  /** One sentence: what runs, or what is wrong. */
  text: string;
  /** What people should see although frames come, e.g. that the exposure could not be locked; left out where there is nothing. */
  warning?: string;
}
