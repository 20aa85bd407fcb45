import { StringDecoder } from 'node:string_decoder';
import { type Redact, redactUrls } from './redact.ts';

const longestLine = 500;
/** What of a line is looked at: a secret must not be cut in two before it is found. */
const looked = 4_000;

/** The last lines that a child printed, without secrets: bounded in lines and in line length, so a flood costs nothing. */
export class TextRing {
  readonly #lines: string[] = [];
  readonly #capacity: number;
  readonly #redact: Redact;
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  constructor(capacity = 100, redact: Redact = redactUrls) {
    this.#capacity = capacity;
    this.#redact = redact;
  }

  push(chunk: Buffer): void {
    const parts = (this.#partial + this.#decoder.write(chunk)).split('\n');
    const rest = parts.pop() ?? '';
    this.#partial = rest.length > looked ? this.#redact(rest.slice(-2 * looked)).slice(-looked) : rest;
    for (const line of parts.slice(-this.#capacity)) {
      this.#lines.push(this.#redact(line.slice(0, looked)).slice(0, longestLine));
    }
    if (this.#lines.length > this.#capacity) this.#lines.splice(0, this.#lines.length - this.#capacity);
  }

  lines(): string[] {
    const partial = this.#redact(this.#partial, true).slice(-longestLine);
    return partial ? [...this.#lines, partial] : [...this.#lines];
  }
}
