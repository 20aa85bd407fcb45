import { existsSync } from 'node:fs';
import { type Clock, systemClock } from '../core/clock.ts';
import { invalidParameter } from '../core/errors.ts';
import type { StationMode } from '../core/inspection.ts';
import { type Disk, realDisk } from './disk.ts';
import { lockFolder, type Release } from './lock.ts';

export interface StationLimits {
  /** From the trigger to the verdict, milliseconds, 10..600000. */
  deadlineMs: number;
  /** Inspections in flight, 1..64. */
  maxOpen: number;
  /** A free-running result is stale after this, milliseconds; 0 = never. */
  staleAfterMs: number;
  /** A result leaves the ring only when the PLC has taken it (ResultAck); with the ring full the station is not ready. */
  acknowledged?: boolean;
}

/** Runs something once after `ms`; the answer cancels it. */
export type Timer = (ms: number, run: () => void) => () => void;

export interface StationOptions extends StationLimits {
  line: string;
  station: string;
  /** The station's own folder; made if absent. */
  dir: string;
  clock?: Clock;
  /** Used only where no mode is stored yet. */
  mode: StationMode;
  simulated?: boolean;
}

/** What tests put in place of the machine. */
export interface Seams {
  disk: Disk;
  timer: Timer;
  lock: (dir: string) => Promise<Release>;
}

const realTimer: Timer = (ms, run) => {
  // setTimeout takes 31 bits; waking early is harmless.
  const timer = setTimeout(run, Math.min(Math.ceil(ms), 0x7fffffff));
  timer.unref();
  return () => clearTimeout(timer);
};

export const realSeams: Seams = { disk: realDisk, timer: realTimer, lock: lockFolder };

export const modes: readonly StationMode[] = ['offline', 'commissioning', 'shadow', 'run'];

export function checkLimits(limits: StationLimits): Required<StationLimits> {
  const { deadlineMs, maxOpen, staleAfterMs, acknowledged = false } = limits;
  const within = (field: string, value: number, low: number, high: number, whole: boolean) => {
    const fits = typeof value === 'number' && value >= low && value <= high && (!whole || Number.isInteger(value));
    const kind = whole ? 'a whole number' : 'milliseconds';
    if (!fits) throw invalidParameter(field, `${kind} from ${low} to ${high}`, value, 'GP_CONFIG_INVALID');
  };
  within('deadlineMs', deadlineMs, 10, 600_000, false);
  within('maxOpen', maxOpen, 1, 64, true);
  within('staleAfterMs', staleAfterMs, 0, 86_400_000, false);
  return { deadlineMs, maxOpen, staleAfterMs, acknowledged };
}

export function checkOptions(o: StationOptions): Required<StationOptions> {
  for (const field of ['line', 'station'] as const) {
    const name: unknown = o[field];
    if (typeof name !== 'string' || name.length === 0 || name.length > 64) {
      throw invalidParameter(field, 'a name of 1 to 64 characters', name, 'GP_CONFIG_INVALID');
    }
  }
  if (typeof o.dir !== 'string' || o.dir.length === 0) {
    throw invalidParameter('dir', 'a folder', o.dir, 'GP_CONFIG_INVALID');
  }
  checkMode(o.mode);
  const { line, station, dir, mode, clock = systemClock, simulated = false } = o;
  return { line, station, dir, mode, clock, simulated, ...checkLimits(o) };
}

export function checkMode(mode: StationMode): StationMode {
  if (modes.includes(mode)) return mode;
  throw invalidParameter('mode', 'offline, commissioning, shadow or run', mode, 'GP_CONFIG_INVALID');
}

/** `<line>__<station>` in letters, digits, `-`, `_`; every other byte becomes `_XX`, so that two stations never share it. */
export function stationId(line: string, station: string): string {
  const encode = (name: string) =>
    [...Buffer.from(name.normalize('NFC'))]
      .map((byte) => {
        const char = String.fromCharCode(byte);
        return /[A-Za-z0-9-]/.test(char) ? char : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
  return `${encode(line)}__${encode(station)}`;
}

/** systemd-timesyncd's flag; with another time service it is absent and the clock counts as not synchronised. */
export function clockIsSynchronised(): boolean {
  return existsSync('/run/systemd/timesync/synchronized');
}
