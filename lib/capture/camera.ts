import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import { Frame, type FrameInfo } from '../core/frame.ts';
import type { ReasonKey } from '../core/reasons.ts';
import { type Redact, redactor } from '../process/redact.ts';
import { settledWithin } from '../process/settled-within.ts';
import {
  type ChildOptions,
  type ChildState,
  type ChildStats,
  type Reply,
  SupervisedChild,
} from '../process/supervised-child.ts';
import type { OpenRequest } from './camera-child.ts';
import type { CaptureRequest } from './capture-desk.ts';
import type { FrameCause } from './flow-queue.ts';
import type { LiveReport } from './live-shot.ts';
import { secretsOf } from './secrets.ts';
import { parseSourceSettings, type SourceSettings, type SourceSettingsInput, settingsHash } from './settings.ts';
import {
  type DeviceSettings,
  type DiscoveredSource,
  noCounts,
  type SourceCounters,
  type SourceDescription,
  type SourceStatus,
} from './source.ts';
import type { WatchSettings } from './watchdog.ts';

export interface CameraOptions {
  /** Becomes `frame.info.source`. */
  name: string;
  source: SourceSettingsInput;
  /** Goes over what the source says of its pace. */
  watch?: WatchSettings;
  /** Frames older than this when they have come are not used; milliseconds, null = any age. */
  maxAgeMs?: number | null;
  child?: Partial<Pick<ChildOptions, 'module' | 'startMs' | 'stopMs' | 'hungMs' | 'backoff' | 'nodeFlags'>>;
}

export interface CameraCounters extends SourceCounters {
  /** Ends of the child that nobody asked for. */
  restarts: number;
}

type WireInfo = Omit<FrameInfo, 'id' | 'bytes' | 'source'>;
interface FrameMessage {
  info: WireInfo;
  cause: FrameCause;
  counters: SourceCounters;
}

/** How much longer than its own timeout a capture may take before the child counts as hung. */
const graceMs = 1_000;

/**
 * One camera: the parent of one supervised child. Restarts it by itself and opens it again with the same settings,
 * free-run and frame numbers.
 *
 * Events: `frame` (Frame, FrameCause), `state` (SourceStatus), the latter only when something changed: what keeps a source
 * from opening is told again when its child has started, for before that it may only be starting.
 */
export class Camera extends EventEmitter {
  readonly name: string;
  readonly settings: SourceSettings;
  readonly settingsHash: string;
  readonly #child: SupervisedChild;
  readonly #watch: WatchSettings;
  readonly #maxAgeMs: number | null;
  readonly #redact: Redact;
  #status: SourceStatus = { connected: false, text: 'not started' };
  #openError: GoodpartError | undefined;
  #freeRunMs: number | null = null;
  #number = 0;
  /** A frame came before the child counted as running, when nothing can be told yet. */
  #owesTaken = false;
  #counters: SourceCounters = noCounts;
  #earlier: SourceCounters = noCounts;

  /** Throws GP_CONFIG_INVALID for settings that cannot be; starts nothing. */
  constructor({ name, source, watch = {}, maxAgeMs = null, child = {} }: CameraOptions) {
    super();
    this.name = name;
    this.settings = parseSourceSettings(source);
    if (maxAgeMs !== null && !(maxAgeMs > 0 && maxAgeMs <= 3_600_000)) {
      throw invalidParameter('maxAgeMs', '0..3600000 ms or null', maxAgeMs, 'GP_CONFIG_INVALID');
    }
    this.#watch = watch;
    this.#maxAgeMs = maxAgeMs;
    this.#redact = redactor(secretsOf(this.settings));
    this.settingsHash = settingsHash(this.settings);
    this.#child = new SupervisedChild({
      name: `camera ${name}`,
      module: join(__dirname, 'camera-child.js'),
      hungMs: 4_000,
      backoff: { minMs: 1_000, maxMs: 30_000, resetAfterMs: 20_000 },
      redact: this.#redact,
      ...child,
      initialise: () => this.#open(),
    });
    this.#child.on('event', (type: string, body: unknown, payloads: Buffer[]) => this.#told(type, body, payloads));
    this.#child.on('failure', (error: GoodpartError) => {
      if (this.#child.state !== 'running') this.#setStatus({ connected: false, text: error.message });
    });
    this.#child.on('state', (state: ChildState) => {
      if (state === 'starting') this.#countOn();
      else if (state === 'running') this.#catchUp();
    });
  }

  /** Opens the camera and keeps it open. Rejects where that failed, with the `field` at fault, and goes on trying. */
  async start(): Promise<void> {
    await this.#child.start();
    if (this.#openError !== undefined) throw this.#openError;
  }

  /**
   * The first frame exposed at or after the monotonic instant `after`. Rejects with GP_SOURCE_FAILED after `timeoutMs`,
   * at once where the camera is known to be gone, and when its child ends meanwhile; `reason` is the inspection's.
   */
  async capture({ after, timeoutMs, partId = '' }: CaptureRequest): Promise<Frame> {
    if (!Number.isFinite(after)) throw invalidParameter('after', 'a monotonic instant in milliseconds', after);
    if (!(timeoutMs > 0 && timeoutMs <= 3_600_000)) throw invalidParameter('timeoutMs', '0..3600000 ms', timeoutMs);
    const answer = this.#request(after, timeoutMs, partId);
    // the child's own timeout does not fire when the child hangs
    const limitMs = timeoutMs + 50;
    const text = `Camera ${this.name} gave no picture within ${Math.round(timeoutMs)} ms`;
    try {
      const { body, payloads } = await settledWithin(answer, limitMs, () => sourceError(text, 'frameTimeout'));
      const { info, counters } = body as FrameMessage;
      this.#counters = counters;
      const frame = this.#frame(info, payloads[0]);
      if (info.exposedAt >= after) return frame;
      throw sourceError(`Camera ${this.name} answered with a picture taken before the trigger`, 'frameTooOld');
    } catch (thrown) {
      throw this.#asSourceError(thrown);
    }
  }

  /** Frames as `frame` events, at least `intervalMs` apart, newest only. Kept over restarts until `stopFreeRun`. */
  startFreeRun({ intervalMs }: { intervalMs: number }): void {
    if (!(intervalMs >= 5 && intervalMs <= 3_600_000)) {
      throw invalidParameter('intervalMs', '5..3600000 ms', intervalMs);
    }
    this.#freeRunMs = intervalMs;
    this.#child.tell('freeRun', { intervalMs });
  }

  stopFreeRun(): void {
    this.#freeRunMs = null;
    this.#child.tell('freeRun', { intervalMs: null });
  }

  /** A frame that was taken and that nobody can use any more: counted as superseded. */
  discard(): void {
    this.#earlier = { ...this.#earlier, superseded: this.#earlier.superseded + 1 };
  }

  status(): SourceStatus {
    return { ...this.#status };
  }

  /** As of the last frame, reply or status that came. */
  counters(): CameraCounters {
    return { ...sum(this.#earlier, this.#counters), restarts: this.#child.stats().failures };
  }

  childStats(): ChildStats {
    return this.#child.stats();
  }

  async describe(): Promise<SourceDescription> {
    const description = (await this.#ask('describe')) as SourceDescription;
    const { device, running } = description;
    return { ...description, device: this.#redact(device), running: this.#redact(running) };
  }

  /** The latest frame for who looks at it, its preview unless `have` is its key (`live-shot.ts`). Exposes nothing. */
  async live(have: string | null): Promise<{ report: LiveReport; jpeg: Buffer | undefined }> {
    try {
      // who only looks must not end a camera that is busy
      const patient = { deadlineMs: 2_000, keepOnDeadline: true };
      const { body, payloads } = await this.#child.request('live', { have }, [], patient);
      const report = body as LiveReport;
      this.#counters = report.counters;
      return { report, jpeg: payloads.at(0) };
    } catch (thrown) {
      throw this.#asSourceError(thrown);
    }
  }

  /** What the device says its settings are now. */
  async readSettings(): Promise<DeviceSettings> {
    return (await this.#ask('settings')) as DeviceSettings;
  }

  async stop(): Promise<void> {
    this.#freeRunMs = null;
    await this.#child.stop();
    this.#setStatus({ connected: false, text: 'stopped' });
  }

  async #request(after: number, timeoutMs: number, partId: string): Promise<Reply> {
    const deadline = systemClock.mono() + timeoutMs;
    await this.#child.whenRunning(timeoutMs);
    const left = Math.max(1, deadline - systemClock.mono());
    return this.#child.request('capture', { after, timeoutMs: left, partId }, [], { deadlineMs: left + graceMs });
  }

  async #ask(type: string): Promise<unknown> {
    try {
      return (await this.#child.request(type, null)).body;
    } catch (thrown) {
      throw this.#asSourceError(thrown);
    }
  }

  async #open(): Promise<void> {
    const request: OpenRequest = {
      settings: this.settings,
      resumeAfter: this.#number,
      watch: this.#watch,
      maxAgeMs: this.#maxAgeMs,
    };
    const { body } = await this.#child.request('open', request);
    const { status, error } = body as { status: SourceStatus; error: Record<string, unknown> | null };
    this.#openError = error === null ? undefined : this.#asSourceError(GoodpartError.fromJSON(error));
    this.#setStatus(status);
  }

  #told(type: string, body: unknown, payloads: Buffer[]): void {
    if (type === 'frame') {
      const { info, cause, counters } = body as FrameMessage;
      this.#counters = counters;
      this.#owesTaken = !this.#child.tell('taken', null);
      if (cause === 'free-run' && this.#freeRunMs === null) return;
      this.emit('frame', this.#frame(info, payloads[0]), cause);
    } else if (type === 'status') {
      const { status, counters } = body as { status: SourceStatus; counters?: SourceCounters };
      if (counters !== undefined) this.#counters = counters;
      if (status.connected) this.#openError = undefined;
      this.#setStatus(status);
    }
  }

  #frame(info: WireInfo, data: Buffer): Frame {
    this.#number = Math.max(this.#number, info.number);
    const counter = info.counter && { ...info.counter, opening: info.counter.opening + this.#openingsBefore() };
    return new Frame({ ...info, ...(counter && { counter }), source: this.name, data });
  }

  /** Openings by earlier children: a new child counts from zero. */
  #openingsBefore(): number {
    return this.#earlier.reopened + this.#child.stats().starts;
  }

  #setStatus({ connected, text, warning }: SourceStatus): void {
    const status: SourceStatus = {
      connected,
      text: this.#redact(text),
      ...(warning !== undefined && { warning: this.#redact(warning) }),
    };
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.emit('state', { ...status });
  }

  #catchUp(): void {
    if (!this.#status.connected) this.emit('state', { ...this.#status });
    if (this.#owesTaken) this.#owesTaken = !this.#child.tell('taken', null);
    if (this.#freeRunMs !== null) this.#child.tell('freeRun', { intervalMs: this.#freeRunMs });
  }

  /** A new child counts from zero. */
  #countOn(): void {
    this.#earlier = sum(this.#earlier, this.#counters);
    this.#counters = noCounts;
    this.#owesTaken = false;
  }

  #asSourceError(thrown: unknown): GoodpartError {
    const error = asGoodpartError(thrown, 'GP_SOURCE_FAILED');
    const { field, expected, received, reason } = error;
    const message = this.#redact(error.message);
    if (error.code === 'GP_SOURCE_FAILED' && message === error.message) return error;
    const safe = received === undefined ? undefined : this.#redact(received);
    // what went wrong before it was redacted must not hang on as the cause
    const cause = message === error.message ? { cause: error } : {};
    return new GoodpartError('GP_SOURCE_FAILED', message, { field, expected, received: safe, reason, ...cause });
  }
}

function sourceError(text: string, reason: ReasonKey): GoodpartError {
  return new GoodpartError('GP_SOURCE_FAILED', text, { reason });
}

function sum(a: SourceCounters, b: SourceCounters): SourceCounters {
  const total: SourceCounters = { ...a };
  for (const key of Object.keys(total) as (keyof SourceCounters)[]) total[key] += b[key];
  return total;
}

/** Looks for devices of a kind in a child of its own, which ends afterwards. */
export async function discover(kind: SourceSettings['kind']): Promise<DiscoveredSource[]> {
  const child = new SupervisedChild({ name: `discovery ${kind}`, module: join(__dirname, 'camera-child.js') });
  try {
    await child.start();
    return (await child.request('discover', { kind }, [], { deadlineMs: 15_000 })).body as DiscoveredSource[];
  } finally {
    await child.stop();
  }
}
