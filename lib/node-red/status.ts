import { systemClock } from '../core/clock.ts';

export type StatusColour = 'green' | 'yellow' | 'red' | 'blue' | 'grey';

interface NodeStatus {
  fill: StatusColour;
  shape: 'dot' | 'ring';
  text: string;
}

const everyMs = 250;
/** Nobody sees so short a wait, but a verdict would have to wait for what Node-RED does with a status. */
const laterMs = 20;

/**
 * A node's status line. Node-RED sends each status to every open editor, so at line speed only the newest of each quarter
 * second goes out, and none before the message has gone on. Red and grey are rings: the meaning is not in the colour alone.
 */
export class StatusLine {
  readonly #set: (status: NodeStatus) => void;
  #last = '';
  #next: NodeStatus | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(set: (status: NodeStatus) => void) {
    this.#set = set;
  }

  show(colour: StatusColour, text: string): void {
    const shape = colour === 'red' || colour === 'grey' ? 'ring' : 'dot';
    this.#next = { fill: colour, shape, text: text.length > 100 ? `${text.slice(0, 99)}…` : text };
    if (this.#timer !== undefined) return;
    const calm = this.#flushedAt + everyMs - systemClock.mono();
    this.#timer = setTimeout(() => this.#flush(), Math.max(laterMs, calm));
    this.#timer.unref();
  }

  stop(): void {
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushedAt = systemClock.mono();
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    const key = JSON.stringify(next);
    if (key === this.#last) return;
    this.#last = key;
    this.#set(next);
  }
}
