import { type ParseArgsConfig, parseArgs } from 'node:util';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';

/** Exit codes of every command; doctor knows the first three. */
export const exitCodes = { done: 0, no: 1, usage: 2, failed: 3, interrupted: 130 } as const;

export const exitCodesHelp = `Exit code 0: done. 1: done, and the answer is "no". 2: wrong usage. 3: it could not be done.
130: interrupted. Where it is not 0 or 1, no model was written.`;

export type OptionTable = NonNullable<ParseArgsConfig['options']>;

/** Options that every command but doctor has. */
const common = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies OptionTable;

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** A command that has run: what `--json` prints, what people read, and whether the answer is yes. */
export interface Answer {
  json: object;
  text: string;
  code: number;
}

export interface CommandSpec {
  name: string;
  usage: string;
  options: OptionTable;
  /** What may stand behind the options; not allowed where it is not given. */
  files?: string;
  /** `signal` aborts on the first Ctrl-C; the second ends the process. Whatever is thrown ends as one line and exit code 3, or 2 for UsageError. */
  run(given: Given, signal: AbortSignal): Promise<Answer>;
}

/** Runs a command with its own arguments; prints its answer or one clear line. Resolves with the exit code. */
export async function runCommand(spec: CommandSpec, args: string[]): Promise<number> {
  const json = args.includes('--json');
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  try {
    const given = parse(spec, args);
    if (given.flag('help')) {
      console.log(spec.usage);
      return exitCodes.done;
    }
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    const answer = await spec.run(given, abort.signal);
    console.log(json ? JSON.stringify(answer.json) : answer.text);
    return answer.code;
  } catch (thrown) {
    const code = abort.signal.aborted ? exitCodes.interrupted : codeOf(thrown);
    const error = asGoodpartError(thrown, code === exitCodes.usage ? 'GP_CONFIG_INVALID' : 'GP_INTERNAL');
    const hint = code === exitCodes.usage ? `; goodpart ${spec.name} --help tells how` : '';
    console.error(`goodpart ${spec.name}: ${oneLine(error.message)}${hint}`);
    if (json) console.log(JSON.stringify({ ok: false, exitCode: code, error: error.toJSON() }));
    return code;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function codeOf(thrown: unknown): number {
  if (thrown instanceof UsageError) return exitCodes.usage;
  return GoodpartError.is(thrown) && thrown.code === 'GP_CONFIG_INVALID' ? exitCodes.usage : exitCodes.failed;
}

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ').trim();

function parse({ options, files, name }: CommandSpec, args: string[]): Given {
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args, options: { ...options, ...common }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split('. ')[0] : String(error));
  }
  const { values, positionals } = parsed;
  if (files === undefined && positionals.length > 0) {
    throw new UsageError(`Expected options only for goodpart ${name} but received ${JSON.stringify(positionals[0])}`);
  }
  return new Given(values, positionals);
}

/** What was typed; every reader throws UsageError that names the option, what was expected and what came. */
export class Given {
  readonly files: string[];
  readonly #values: Record<string, unknown>;

  constructor(values: Record<string, unknown>, files: string[]) {
    this.#values = values;
    this.files = files;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  needed(name: string, expected: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw refused(name, expected, value);
    return value;
  }

  /** All values of an option that may be given several times. */
  texts(name: string): string[] {
    return (this.#values[name] as string[] | undefined) ?? [];
  }

  /** Comma-separated words. */
  list(name: string): string[] {
    const words = (this.text(name) ?? '').split(',');
    return words.map((word) => word.trim()).filter((word) => word !== '');
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw refused(name, `one of ${choices.join(', ')}`, value);
    return chosen;
  }

  number(name: string, expected: string, allowed: (value: number) => boolean): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || !allowed(value)) throw refused(name, expected, text);
    return value;
  }

  whole(name: string, least: number, most: number): number | undefined {
    const expected = `a whole number from ${least} to ${most}`;
    return this.number(name, expected, (value) => Number.isInteger(value) && value >= least && value <= most);
  }
}

export function refused(name: string, expected: string, received: string | undefined): UsageError {
  const text = received === undefined ? 'nothing' : JSON.stringify(received);
  return new UsageError(`Expected ${expected} for --${name} but received ${text}`);
}
