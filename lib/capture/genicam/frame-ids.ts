/**
 * The camera's own frame numbers. GigE Vision 1.x counts 1..65535 and leaves 0 out when it wraps; GigE Vision 2 and USB3
 * Vision count 64 bits from 1 or 0. A number that falls back otherwise is a camera that began to count anew.
 */
export class FrameIds {
  #last: number | undefined;

  /** How many frames further this one is than the last one: 1 is the next, n means that n - 1 were never seen. */
  advance(id: number): number {
    const last = this.#last;
    this.#last = id;
    if (last === undefined) return 1;
    if (id > last) return id - last;
    const wrapped = last <= 65_535 && last > 49_152 && id < 16_384;
    return wrapped ? 65_535 - last + Math.max(1, id) : 1;
  }

  /** The acquisition begins anew: what number comes next says nothing of what was lost. */
  restart(): void {
    this.#last = undefined;
  }
}
