export type StatusColour = 'green' | 'yellow' | 'red' | 'blue' | 'grey';

interface NodeStatus {
  fill: StatusColour;
  shape: 'dot' | 'ring';
  text: string;
}

const everyMs = 250;

/**
 * A node's status line. Node-RED sends each status to every open editor, so at line speed only the newest of each quarter
 * second goes out. Red and grey are rings: the meaning is not in the colour alone.
 */
export class StatusLine {
  readonly #set: (status: NodeStatus) => void;
  #last = '';
  #next: NodeStatus | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(set: (status: NodeStatus) => void) {
    this.#set = set;
  }

  show(colour: StatusColour, text: string): void {
    const shape = colour === 'red' || colour === 'grey' ? 'ring' : 'dot';
    this.#next = { fill: colour, shape, text: text.length > 100 ? `${text.slice(0, 99)}…` : text };
    if (this.#timer !== undefined) return;
    this.#flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
  }

  #flush(): void {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    const key = JSON.stringify(next);
    if (key === this.#last) return;
    this.#last = key;
    this.#set(next);
  }
}
