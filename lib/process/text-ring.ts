/** The last lines that a child printed: bounded in lines and in line length, so a flood costs nothing. */
export class TextRing {
  readonly #lines: string[] = [];
  readonly #capacity: number;
  #partial = '';

  constructor(capacity = 100) {
    this.#capacity = capacity;
  }

  push(chunk: Buffer): void {
    const parts = (this.#partial + chunk.toString('utf8')).split('\n');
    this.#partial = (parts.pop() ?? '').slice(-500);
    for (const line of parts.slice(-this.#capacity)) this.#lines.push(line.slice(0, 500));
    if (this.#lines.length > this.#capacity) this.#lines.splice(0, this.#lines.length - this.#capacity);
  }

  lines(): string[] {
    return this.#partial ? [...this.#lines, this.#partial] : [...this.#lines];
  }
}
