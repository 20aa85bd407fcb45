import type { FrameInfo } from '../core/frame.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { Announcements, type LineMismatch, type PulseWindow } from './announcements.ts';

/** The views of a station whose cameras are triggered by a light barrier, and the parts announced to them. Pure but for `fail`. */
export class HardwareLine {
  readonly #views = new Map<string, { window: PulseWindow; parts: Announcements }>();
  readonly #fail: (id: string, view: string, why: Reason) => void;

  constructor(fail: (id: string, view: string, why: Reason) => void) {
    this.#fail = fail;
  }

  get present(): boolean {
    return this.#views.size > 0;
  }

  /** How long after its announcement a part's pulse may come. */
  get latestMs(): number {
    return Math.max(0, ...[...this.#views.values()].map(({ window }) => window.latestMs));
  }

  /** Parts are announced faster than their windows: a missed pulse could not be told from the next part's. */
  get overlaps(): boolean {
    return [...this.#views.values()].some(({ parts }) => parts.overlaps);
  }

  add(view: string, window: PulseWindow): void {
    this.remove(view);
    this.#views.set(view, { window, parts: new Announcements(window) });
  }

  remove(view: string): void {
    const ids = this.#views.get(view)?.parts.clear() ?? [];
    this.#views.delete(view);
    for (const id of ids) this.#fail(id, view, reason('deployed', { view }));
  }

  announced(id: string, at: number): void {
    for (const { parts } of this.#views.values()) parts.announce(id, at);
  }

  /** The announced part that a frame shows, or null; `stranger`: it shows none that was announced. */
  frame(view: string, info: Readonly<FrameInfo>): { bound: string | null; stranger: boolean } {
    const line = this.#views.get(view);
    if (line === undefined) return { bound: null, stranger: true };
    const { opening, exposures } = info.counter ?? { opening: 0, exposures: info.number };
    const { bound, stranger, failed } = line.parts.frame({ exposedAt: info.exposedAt, opening, exposures });
    for (const { id, why } of failed) this.#fail(id, view, mismatch(why, view, line.window));
    return { bound, stranger };
  }

  tick(now: number): void {
    for (const [view, { parts, window }] of this.#views) {
      for (const id of parts.tick(now)) this.#fail(id, view, mismatch('noFrame', view, window));
    }
  }

  nextInstant(): number | null {
    const instants = [...this.#views.values()].map(({ parts }) => parts.nextInstant()).filter((at) => at !== null);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** The part has its verdict; its pulse may still come, and must then not be taken for the next part's. */
  closed(id: string): void {
    for (const { parts } of this.#views.values()) parts.giveUp(id);
  }
}

function mismatch(why: LineMismatch, view: string, { earliestMs, latestMs }: PulseWindow): Reason {
  if (why === 'noFrame') {
    const detail = `none ${earliestMs} to ${latestMs} ms after the announcement`;
    return reason('frameTimeout', { view, detail });
  }
  const detail =
    why === 'ambiguous'
      ? 'two announced parts’ times overlap'
      : 'the camera has not counted one exposure for each part';
  return reason('outOfStep', { view, detail });
}
