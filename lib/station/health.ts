import { type Ne107, ne107Codes } from '../core/ne107.ts';
import { type ReasonKey, reason } from '../core/reasons.ts';

export type HealthKind = 'camera' | 'engine' | 'recipe' | 'evidence' | 'internal';

/** First three digits' ranges of PLC.md: a fault code belongs to its kind. */
const ranges: Record<HealthKind, number> = { camera: 100, engine: 200, recipe: 300, evidence: 400, internal: 500 };

/** Faults the station finds itself. */
export const ownFaults = {
  recipeDamaged: 301,
  diskFailing: 401,
  stateDamaged: 503,
  listenerThrew: 502,
} as const;

export interface Fault {
  source: string;
  kind: HealthKind;
  code: number;
  text: string;
}

/** What of the station's surroundings works: told by whoever owns the camera, the engine, the evidence. */
export class Health {
  readonly #faults = new Map<string, Fault>();
  /** What is not there yet, e.g. a model that is being loaded: no fault, but nothing can be inspected. */
  readonly #awaited = new Map<string, Omit<Fault, 'code'>>();
  readonly #degraded = new Map<string, string>();
  /** Diagnoses of those who watch over light, lens or place: no fault, for the station goes on. */
  readonly #conditions = new Map<string, { kind: Ne107; text: string }>();

  /**
   * True if something changed. A code outside of its kind's hundred is put to the first of it; code 0: not there yet, which
   * keeps the station from being ready and is no fault.
   */
  set(source: string, kind: HealthKind, ok: boolean, code: number, text: string): boolean {
    const key = `${kind} ${source}`;
    if (ok) {
      const was = [this.#faults.delete(key), this.#awaited.delete(key)];
      return was.includes(true);
    }
    if (code === 0) {
      const known = this.#awaited.get(key)?.text === text && !this.#faults.has(key);
      this.#faults.delete(key);
      this.#awaited.set(key, { source, kind, text });
      return !known;
    }
    this.#awaited.delete(key);
    const inRange = Math.floor(code / 100) * 100 === ranges[kind];
    const fault = { source, kind, code: inRange ? code : ranges[kind] + 1, text };
    const old = this.#faults.get(key);
    if (old?.code === fault.code && old.text === text) return false;
    this.#faults.set(key, fault);
    return true;
  }

  setDegraded(source: string, degraded: boolean, text: string): boolean {
    if (!degraded) return this.#degraded.delete(source);
    if (this.#degraded.get(source) === text) return false;
    this.#degraded.set(source, text);
    return true;
  }

  /** Null: nothing to say. True if something changed. */
  setCondition(source: string, condition: { kind: Ne107; text: string } | null): boolean {
    if (condition === null) return this.#conditions.delete(source);
    const { kind, text } = condition;
    const known = this.#conditions.get(source);
    if (known?.kind === kind && known.text === text) return false;
    this.#conditions.set(source, { kind, text });
    return true;
  }

  /** Most urgent first. */
  conditions(): { source: string; kind: Ne107; text: string }[] {
    const all = [...this.#conditions].map(([source, condition]) => ({ source, ...condition }));
    return all.sort((a, b) => ne107Codes[a.kind] - ne107Codes[b.kind]);
  }

  /** Forgets a source that no longer exists. */
  forget(source: string): boolean {
    let changed = [this.#degraded.delete(source), this.#conditions.delete(source)].includes(true);
    for (const [key, fault] of this.#faults) if (fault.source === source) changed = this.#faults.delete(key) || changed;
    for (const [key, one] of this.#awaited) if (one.source === source) changed = this.#awaited.delete(key) || changed;
    return changed;
  }

  ok(kind: HealthKind): boolean {
    return ![...this.#faults.values(), ...this.#awaited.values()].some((trouble) => trouble.kind === kind);
  }

  get degraded(): boolean {
    return this.#degraded.size > 0;
  }

  /** Worst first: what stops the station, then what does not. */
  faults(): Fault[] {
    const order: HealthKind[] = ['internal', 'camera', 'engine', 'recipe', 'evidence'];
    return [...this.#faults.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.code - b.code);
  }

  degradations(): { source: string; text: string }[] {
    return [...this.#degraded].map(([source, text]) => ({ source, text }));
  }

  /** Why no trigger can be taken, as far as health goes. */
  obstacle(): { key: ReasonKey; text: string } | null {
    for (const { kind, text } of [...this.faults(), ...this.#awaited.values()]) {
      const key = kind === 'camera' ? 'cameraNotReady' : kind === 'engine' ? 'engineNotReady' : null;
      if (key !== null) return { key, text: reason(key, { detail: text }).text };
    }
    return null;
  }
}
