import type { Frame } from '../core/frame.ts';

/** The scene check that watches over a view. */
export interface SceneGate {
  /** Whether a frame shows a part; null where *part present* is not checked. Rejects where it cannot be said. */
  hasPart: ((frame: Frame) => Promise<boolean>) | null;
}

/** Which views of a station are watched over by a scene check. Law 2: without its word no such view passes. */
export class SceneGates {
  readonly #gates = new Map<string, SceneGate>();

  /** Call the answer to take it back. */
  register(view: string, gate: SceneGate): () => void {
    this.#gates.set(view, gate);
    return () => {
      if (this.#gates.get(view) === gate) this.#gates.delete(view);
    };
  }

  has(view: string): boolean {
    return this.#gates.has(view);
  }

  views(): string[] {
    return [...this.#gates.keys()];
  }

  /**
   * Whether a free-running camera's frame may open an inspection: false for an empty nest only. Where nobody checks, or nobody
   * can say, it may: what cannot be inspected is told as such and never left out in silence.
   */
  async mayOpen(view: string, frame: Frame): Promise<boolean> {
    const hasPart = this.#gates.get(view)?.hasPart ?? null;
    if (hasPart === null) return true;
    try {
      return await hasPart(frame);
    } catch {
      return true;
    }
  }
}
