/** What a source knows of its pace, or its settings demand. */
export interface WatchSettings {
  /** Milliseconds between frames; null or left out where unknown: then it is learned from what comes. */
  periodMs?: number | null;
  /** Without a frame for this long a flow has stalled; null = never. Default: five periods, 2..600 s; 5 s while the period is unknown. */
  stallMs?: number | null;
  /** From opening to the first frame. Default: 10 s, or `stallMs` where that is longer. */
  startMs?: number;
  /** A frame that comes this much later after its exposure than the quickest did is not used. Default: three periods, 0.3..2 s. */
  lateMs?: number;
  /** Identical frames for this long, and at least eight, are a frozen picture; null where pictures may repeat. Default 2 s, for a line null. */
  frozenMs?: number | null;
}

export interface WatchOptions {
  delivery: 'flow' | 'line';
  settings: WatchSettings;
  /** Monotonic milliseconds. */
  openedAt: number;
  /** Frames older than this on arrival are not used, whatever the others do; milliseconds, null = no such limit. */
  maxAgeMs: number | null;
}

export type WatchFaultKind = 'stall' | 'late' | 'rate' | 'frozen';

export interface WatchFault {
  kind: WatchFaultKind;
  /** For people. */
  text: string;
}

export interface WatchedFrame {
  arrivedAt: number;
  exposedAt: number;
  /** Milliseconds on the device's clock, undefined where it tells none. */
  deviceAt: number | undefined;
  /** Equal for frames with equal bytes. */
  digest: number;
}

export interface FrameAppraisal {
  /** May answer a capture or open an inspection. */
  usable: boolean;
  fault: WatchFault | null;
}

const settlingMs = 300;
/** Less than this is jitter of transfer and scheduling. */
const jitterMs = 20;
/** How much two clocks may drift apart: crystals are good for 100 ppm each. */
const drift = 200e-6;
/** Frames that come late for this long are a backlog that does not go away by itself. */
const backlogMs = 3_000;
const rateWindowMs = 2_000;
const fewestFrozen = 8;
const periodsToLearn = 8;

/**
 * Whether the frames of a source can be trusted: pure, instants as arguments. Lateness is measured by drift between arrival and the
 * device's clock: the quickest frame is the zero, which creeps upwards by what two clocks may drift. So a backlog, in which
 * frames come one by one and look fresh, is known by its age. After opening, while frames still come faster than they
 * were taken, none is usable: a device may begin with what it had buffered.
 */
export class Watchdog {
  readonly #o: WatchOptions;
  #period: number | null;
  readonly #known: boolean;
  #intervals: number[] = [];
  #arrivals: number[] = [];
  #lastArrival: number | null = null;
  #lastDevice = -Infinity;
  #checkedAt: number;
  /** Least difference of arrival and device instant, as of `#zeroAt`. */
  #zero: number | null = null;
  #zeroAt = 0;
  #settled = false;
  #fellAt = 0;
  #lateSince: number | null = null;
  #same = 0;
  #sameSince = 0;
  #digest: number | null = null;

  constructor(o: WatchOptions) {
    this.#o = o;
    const { periodMs = null } = o.settings;
    this.#period = periodMs;
    this.#known = periodMs !== null;
    this.#checkedAt = o.openedAt;
  }

  /** Infinity where silence is no fault. */
  get stallMs(): number {
    const { stallMs } = this.#o.settings;
    if (stallMs === null || this.#o.delivery === 'line') return Infinity;
    return stallMs ?? (this.#period === null ? 5_000 : clamp(5 * this.#period, 2_000, 600_000));
  }

  /** A frame that has just come. */
  frame(frame: WatchedFrame): FrameAppraisal {
    const { arrivedAt } = frame;
    this.#learnPeriod(arrivedAt);
    this.#lastArrival = arrivedAt;
    const late = this.#isLate(frame);
    const usable = !late && this.#isSettled(frame) && !this.#isTooOld(frame);
    this.#lateSince = late ? (this.#lateSince ?? arrivedAt) : null;
    return { usable, fault: this.#backlog(arrivedAt) ?? this.#tooFast(arrivedAt) ?? this.#frozen(frame) };
  }

  /** Called a few times a second. */
  check(now: number): WatchFault | null {
    const asleep = now - this.#checkedAt > 1_000;
    this.#checkedAt = now;
    if (this.stallMs === Infinity) return null;
    if (asleep) {
      // we were stopped ourselves: what came meanwhile has not been read yet
      if (this.#lastArrival !== null) this.#lastArrival = Math.max(this.#lastArrival, now - this.stallMs / 2);
      return null;
    }
    const { startMs = Math.max(10_000, this.stallMs) } = this.#o.settings;
    const limit = this.#lastArrival === null ? startMs : this.stallMs;
    const silent = now - (this.#lastArrival ?? this.#o.openedAt);
    if (silent < limit) return null;
    const since = this.#lastArrival === null ? 'since it was opened' : 'any more';
    return { kind: 'stall', text: `The camera has sent no picture ${since} for ${seconds(silent)}` };
  }

  #learnPeriod(arrivedAt: number): void {
    if (this.#known || this.#lastArrival === null || this.#o.delivery === 'line') return;
    if (this.#intervals.length >= periodsToLearn) return;
    this.#intervals.push(arrivedAt - this.#lastArrival);
    if (this.#intervals.length < periodsToLearn) return;
    const sorted = this.#intervals.toSorted((a, b) => a - b);
    // generous: what comes in a burst at first must not make the rest look stalled
    this.#period = Math.max(1, sorted[Math.floor(0.75 * sorted.length)]);
  }

  #isLate({ arrivedAt, exposedAt, deviceAt }: WatchedFrame): boolean {
    // A line's parts come when they come: without the device's clock nothing tells a late frame from a late part
    if (deviceAt === undefined && this.#o.delivery === 'line') return false;
    const taken = deviceAt ?? exposedAt;
    const began = this.#zero === null || taken < this.#lastDevice - 1_000;
    this.#lastDevice = began ? taken : Math.max(this.#lastDevice, taken);
    const difference = arrivedAt - taken;
    if (began || this.#zero === null) {
      this.#zero = difference;
      this.#zeroAt = arrivedAt;
      this.#settled = false;
      this.#fellAt = arrivedAt;
      return false;
    }
    const zero = this.#zero + drift * (arrivedAt - this.#zeroAt);
    const { lateMs = clamp(3 * (this.#period ?? 100), 300, 2_000) } = this.#o.settings;
    if (difference < zero - jitterMs) {
      this.#fellAt = arrivedAt;
      if (difference < zero - lateMs) this.#settled = false; // so late were those before it
    }
    this.#zero = Math.min(zero, difference);
    this.#zeroAt = arrivedAt;
    return difference - this.#zero > lateMs;
  }

  #isSettled({ arrivedAt, deviceAt }: WatchedFrame): boolean {
    // a line's frame is a part, and where the device tells no time nothing could be learned by waiting
    if (this.#o.delivery === 'line' || deviceAt === undefined) return true;
    this.#settled ||= arrivedAt - this.#fellAt >= settlingMs;
    return this.#settled;
  }

  #isTooOld({ arrivedAt, exposedAt }: WatchedFrame): boolean {
    return this.#o.maxAgeMs !== null && arrivedAt - exposedAt > this.#o.maxAgeMs;
  }

  #backlog(now: number): WatchFault | null {
    if (this.#lateSince === null || now - this.#lateSince < backlogMs) return null;
    return { kind: 'late', text: `The camera’s pictures come late for ${seconds(now - this.#lateSince)}: a backlog` };
  }

  #tooFast(now: number): WatchFault | null {
    if (!this.#known || this.#period === null || this.#o.delivery === 'line') return null;
    const most = Math.ceil((2 * rateWindowMs) / this.#period) + 5;
    this.#arrivals.push(now);
    if (this.#arrivals.length > most + 1) this.#arrivals.shift();
    if (this.#arrivals.length <= most || now - this.#arrivals[0] > rateWindowMs) return null;
    const expected = `one each ${Math.round(this.#period)} ms`;
    return {
      kind: 'rate',
      text: `The camera sends pictures faster than it can take them: ${most} in 2 s, not ${expected}`,
    };
  }

  #frozen({ digest, arrivedAt }: WatchedFrame): WatchFault | null {
    if (digest !== this.#digest) {
      this.#digest = digest;
      this.#same = 1;
      this.#sameSince = arrivedAt;
      return null;
    }
    this.#same += 1;
    const { frozenMs = this.#o.delivery === 'line' ? null : 2_000 } = this.#o.settings;
    if (frozenMs === null || this.#same < fewestFrozen || arrivedAt - this.#sameSince < frozenMs) return null;
    const lasted = seconds(arrivedAt - this.#sameSince);
    return { kind: 'frozen', text: `The camera’s picture is frozen: ${this.#same} identical ones in ${lasted}` };
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
