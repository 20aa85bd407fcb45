export type DialectName = 'tia' | 'codesys';

export interface Token {
  kind: 'name' | 'quoted' | 'hash' | 'number' | 'typed' | 'real' | 'bit' | 'sign' | 'end';
  text: string;
  line: number;
}

const patterns: readonly (readonly [Token['kind'] | 'blank', RegExp])[] = [
  ['blank', /[ \t\r\n]+|\/\/[^\n]*|\(\*[\s\S]*?\*\)|\{[^}\n]*\}/y],
  ['typed', /[A-Z]+#\d+/y],
  ['real', /\d+\.\d+(?![\w.])/y],
  ['number', /16#[0-9A-Fa-f_]+|\d+/y],
  ['bit', /%X\d+/y],
  ['quoted', /"[A-Za-z_]\w*"/y],
  ['hash', /#[A-Za-z_]\w*/y],
  ['name', /[A-Za-z_]\w*/y],
  ['sign', /:=|=>|<=|>=|<>|\.\.|[-+*/()[\].,:;=<>]/y],
];

/** Splits a source into tokens; throws with the line where something belongs to no dialect. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  while (at < source.length) {
    let found = false;
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const match = pattern.exec(source);
      if (match === null) continue;
      const [text] = match;
      if (kind !== 'blank') tokens.push({ kind, text, line });
      line += text.split('\n').length - 1;
      at += text.length;
      found = true;
      break;
    }
    if (!found) throw new Error(`line ${line}: ${JSON.stringify(source.slice(at, at + 20))} is no Structured Text`);
  }
  tokens.push({ kind: 'end', text: '', line });
  return tokens;
}

/** The tokens of one source, taken one after the other. */
export class Reader {
  #at = 0;
  readonly #tokens: Token[];

  constructor(source: string) {
    this.#tokens = tokenize(source);
  }

  get next(): Token {
    return this.#tokens[this.#at];
  }

  take(): Token {
    return this.#tokens[this.#at++];
  }

  mark(): number {
    return this.#at;
  }

  back(mark: number): void {
    this.#at = mark;
  }

  is(text: string): boolean {
    const { kind } = this.next;
    return this.next.text === text && (kind === 'name' || kind === 'sign');
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected ${text}`);
  }

  name(): string {
    const token = this.take();
    if (token.kind !== 'name') this.fail(`expected a name, found ${token.text}`);
    return token.text;
  }

  fail(why: string): never {
    throw new Error(`line ${this.next.line}: ${why}, at "${this.next.text}"`);
  }
}
