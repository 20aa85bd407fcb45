import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { ManualClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import type { Inspection, Roi, ScoreResult, TriggerRequest } from '../../lib/core/inspection.ts';
import type { Refusal } from '../../lib/core/snapshot.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';
import type { Disk } from '../../lib/station/disk.ts';
import type { Seams, StationOptions } from '../../lib/station/options.ts';
import type { RecipeDraft } from '../../lib/station/recipe-schema.ts';
import { Station } from '../../lib/station/station.ts';

/** Time that moves only when told to, stopping at each timer that is due on the way. */
export class TestTime {
  readonly clock = new ManualClock();
  #timers = new Set<{ at: number; run: () => void }>();

  readonly timer: Seams['timer'] = (ms, run) => {
    const timer = { at: this.clock.mono() + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  pass(ms: number): void {
    const end = this.clock.mono() + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.clock.advance(Math.max(0, due.at - this.clock.mono()));
      due.run();
    }
    this.clock.advance(end - this.clock.mono());
  }

  get timers(): number {
    return this.#timers.size;
  }
}

/** A disk in memory: what a call has begun to write is there at once, as in the page cache that outlives a killed process. */
export class MemoryDisk implements Disk {
  readonly files: Map<string, string>;
  /** Set: writing fails with this message. */
  broken: string | null = null;
  /** Set: writing never ends. */
  hung = false;

  constructor(files = new Map<string, string>()) {
    this.files = files;
  }

  /** What another process would find after the owner of this one was killed. */
  afterCrash(): MemoryDisk {
    return new MemoryDisk(new Map(this.files));
  }

  async #write(run: () => void): Promise<void> {
    if (this.broken !== null) throw new Error(this.broken);
    if (this.hung) await new Promise(() => {});
    run();
  }

  read = async (path: string) => this.files.get(path) ?? null;
  replace = (path: string, text: string) => this.#write(() => this.files.set(path, text));
  append = (path: string, text: string) => this.#write(() => this.files.set(path, (this.files.get(path) ?? '') + text));
  rename = (from: string, to: string) =>
    this.#write(() => {
      this.files.set(to, this.files.get(from) ?? '');
      this.files.delete(from);
    });
  remove = (path: string) => this.#write(() => this.files.delete(path));
  makeDir = async () => {};
  list = async (dir: string) => {
    const below = [...this.files.keys()].filter((path) => path.startsWith(`${dir}/`));
    return [...new Set(below.map((path) => path.slice(dir.length + 1).split('/')[0]))];
  };
}

export interface Rig {
  station: Station;
  time: TestTime;
  disk: MemoryDisk;
  closed: Inspection[];
  refused: { request: TriggerRequest; refusal: Refusal }[];
}

export const dir = '/data/stations/line/station';

/** A station on a disk in memory, in mode run, with what it told. */
export async function openRig(
  options: Partial<StationOptions> = {},
  parts: { time?: TestTime; disk?: MemoryDisk } = {},
): Promise<Rig> {
  const { time = new TestTime(), disk = new MemoryDisk() } = parts;
  const station = await Station.open(
    {
      line: 'line 1',
      station: 'station-2',
      dir,
      clock: time.clock,
      deadlineMs: 500,
      maxOpen: 3,
      staleAfterMs: 0,
      mode: 'run',
      ...options,
    },
    { disk, timer: time.timer, lock: async () => async () => {} },
  );
  const rig: Rig = { station, time, disk, closed: [], refused: [] };
  station.on('closed', (inspection: Inspection) => rig.closed.push(inspection));
  station.on('refused', (request: TriggerRequest, refusal: Refusal) => rig.refused.push({ request, refusal }));
  return rig;
}

export function request(time: TestTime, more: Partial<TriggerRequest> = {}): TriggerRequest {
  return { triggerId: 0, partId: 'P-1', expectedRecipe: 0, source: 'message', at: time.clock.mono(), ...more };
}

/** Opens an inspection that must be accepted; answers its id. */
export function accept(rig: Rig, more: Partial<TriggerRequest> = {}): string {
  const answer = rig.station.accept(request(rig.time, more));
  if (answer.refused) throw new Error(`refused: ${answer.text}`);
  return answer.inspection.id;
}

export function frame(time: TestTime, ageMs = 0): Frame {
  const exposedAt = time.clock.mono() - ageMs;
  const exposedUtc = time.clock.utc();
  const unknown = { width: null, height: null, channels: null, bitDepth: null };
  const data = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);
  return new Frame({
    ...unknown,
    data,
    encoding: 'jpeg',
    source: 'cam',
    number: 1,
    exposedAt,
    exposedUtc,
    settings: {},
  });
}

export const model = { name: 'tile', version: '1', sha256: 'a'.repeat(64), preprocessing: 'b'.repeat(64) };

/** A score whose map holds it everywhere. */
export function score(value: number, more: Partial<ScoreResult> = {}): ScoreResult {
  return {
    score: value,
    map: AnomalyMap.from(2, 2, Float32Array.of(value, value, value, value)),
    model,
    engine: 'onnxruntime',
    provider: 'cpu',
    timings: { queue: 1, decode: 2, run: 3, total: 6 },
    image: { width: 64, height: 48 },
    ...more,
  };
}

/** Typical 0, warn above 1, fail above 2. */
export const limits = { median: 0, warn: 1, fail: 2 };
export const fixedHere: Roi[] = [wholeFrameRoi(limits)];

/** A whole-frame recipe for view `main`, validated for `model` and the camera settings hash given. */
export function draft(station: Station, more: Partial<RecipeDraft> = {}, validated = true): RecipeDraft {
  const view = { model, ...limits, rois: [] };
  const fingerprint = station.fingerprint('main', view);
  const validation = { fingerprint, by: 'learn good parts', at: '2026-01-01T00:00:00.000Z', basis: '300 good parts' };
  return {
    number: 1,
    name: 'tile',
    author: 'anna',
    reason: 'first',
    warnAccepted: false,
    views: { main: { ...view, validation: validated ? validation : null } },
    ...more,
  };
}

/** Frame, score and final verdict with limits fixed here; nothing is published. */
export function inspect(rig: Rig, id: string, value: number): void {
  rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
  rig.station.addScore(id, 'main', score(value));
  rig.station.judgeView(id, 'main', { final: true, rois: fixedHere, overrideBy: 'test' });
}
