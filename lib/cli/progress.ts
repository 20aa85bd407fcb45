const drawnEveryMs = 100;
const barWidth = 24;

/** A terminal that a bar is drawn on; in a pipe or a file (`isTTY` not set) nothing is. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** One line that is drawn over and over: stage, bar, how many of how many, and how long it will still take. */
export class ProgressBar {
  readonly #terminal: Terminal;
  #stage = '';
  #began = 0;
  #drawn = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal = process.stderr) {
    this.#terminal = terminal;
  }

  show(stage: string, done: number, total: number, now: number = performance.now()): void {
    if (!this.#terminal.isTTY) return;
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#began = now;
    } else if (done < total && now - this.#drawn < drawnEveryMs) return;
    this.#drawn = now;
    const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
    const filled = Math.round(share * barWidth);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
    const left = share > 0.02 && share < 1 ? `, ${seconds(((now - this.#began) * (1 - share)) / share)} left` : '';
    const line = `${stage.padEnd(18)} [${bar}] ${done}/${total}${left}`;
    this.#terminal.write(`\r\x1b[K${line.slice(0, Math.max(20, (this.#terminal.columns ?? 80) - 1))}`);
  }

  /** Removes the line, so that what is printed next stands alone. */
  end(): void {
    if (this.#stage === '' || !this.#terminal.isTTY) return;
    this.#stage = '';
    this.#terminal.write('\r\x1b[K');
  }
}

function seconds(ms: number): string {
  const whole = Math.ceil(ms / 1000);
  return whole < 120 ? `${whole} s` : `${Math.ceil(whole / 60)} min`;
}
