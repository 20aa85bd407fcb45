/** What a check says of a stored value: the typed value, or what was expected. */
export type Checked<T> = { value: T } | { expected: string };

export type FieldKind =
  | 'text'
  | 'host'
  | 'path'
  | 'property'
  | 'names'
  | 'number'
  | 'flag'
  | 'choice'
  | 'node'
  | 'structure';

/** A condition: each of these other fields has one of these values. */
export type Condition = Record<string, readonly string[]>;

/** When a field means something: under this condition, or under any one of several. */
export type When = Condition | readonly Condition[];

/** One configured value: how it is stored, checked, shown. `T` is what the runtime gets. */
export interface Field<T = unknown> {
  readonly kind: FieldKind;
  /** As a new node stores it. */
  readonly default: string | number | boolean | readonly unknown[];
  /** Shown behind the input and named in the sentence. */
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
  readonly options?: readonly string[];
  /** The type of the configuration node that is referred to. */
  readonly type?: string;
  readonly when?: When;
  /** A structure may throw GP_CONFIG_INVALID instead, with the field inside that is wrong. */
  check(stored: unknown): Checked<T>;
}

interface Common {
  when?: When;
}

const refuse = (expected: string): { expected: string } => ({ expected });

/** Control characters have no place in a name: they break logs, tags and file lists. */
const hasControl = (text: string) => [...text].some((char) => char < ' ' || char === '\u007f');

function asText(stored: unknown): string | null {
  if (typeof stored === 'string') return stored.trim();
  return typeof stored === 'number' && Number.isFinite(stored) ? String(stored) : null;
}

/** One line of text; `required` refuses the empty one. */
export function text(o: Common & { default?: string; required?: boolean; max?: number } = {}): Field<string> {
  const { default: preset = '', required = false, max = 64, when } = o;
  const expected = `${required ? 'a' : 'an optional'} text of at most ${max} characters`;
  return {
    kind: 'text',
    default: preset,
    max,
    when,
    check: (stored) => {
      const value = asText(stored);
      if (value === null || value.length > max || hasControl(value)) return refuse(expected);
      return required && value === '' ? refuse(expected) : { value };
    },
  };
}

/** A host name or an address of either Internet protocol. */
export function host(o: Common & { default: string }): Field<string> {
  return {
    kind: 'host',
    ...o,
    check: (stored) =>
      typeof stored === 'string' && /^[A-Za-z0-9_.:%-]{1,253}$/.test(stored.trim())
        ? { value: stored.trim() }
        : refuse('a host name or an IP address'),
  };
}

/** A folder on the machine that runs Node-RED; checked for being there only when it is used. */
export function path(o: Common = {}): Field<string> {
  return {
    kind: 'path',
    default: '',
    ...o,
    check: (stored) => {
      const value = asText(stored);
      return value && value.length <= 4096 && !hasControl(value) ? { value } : refuse('the path of a folder');
    },
  };
}

/** The dotted path of a message property without `msg.`; empty means none. */
export function property(o: Common & { default: string }): Field<string> {
  return {
    kind: 'property',
    ...o,
    check: (stored) => {
      const value = asText(stored);
      const usable = value !== null && (value === '' || /^[A-Za-z_$][\w$-]*(\.[\w$-]+)*$/.test(value));
      return usable ? { value } : refuse('a message property such as part.id, or nothing');
    },
  };
}

/** Names separated by commas, each once. */
export function names(o: Common & { default: string }): Field<string[]> {
  return {
    kind: 'names',
    ...o,
    check: (stored) => {
      const list = Array.isArray(stored) ? stored : (asText(stored) ?? '').split(',');
      const value = list.map((name) => (typeof name === 'string' ? name.trim() : ''));
      const bad = value.some((name) => name === '' || name.length > 64 || hasControl(name));
      const twice = new Set(value).size !== value.length;
      return bad || twice ? refuse('names separated by commas, each once') : { value };
    },
  };
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A finite number in its range, both ends included; text as the editor stores it is read as a decimal number. */
export function number(
  o: Common & { default: number; min: number; max: number; integer?: boolean; unit?: string },
): Field<number> {
  const { min, max, integer = false, unit } = o;
  const expected = `a ${integer ? 'whole ' : ''}number from ${min} to ${max}${unit ? ` ${unit}` : ''}`;
  return {
    kind: 'number',
    ...o,
    check: (stored) => {
      const value = typeof stored === 'string' && decimal.test(stored.trim()) ? Number(stored) : stored;
      if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > max) return refuse(expected);
      return integer && !Number.isInteger(value) ? refuse(expected) : { value };
    },
  };
}

/** A whole number in its range. */
export function whole(o: Common & { default: number; min: number; max: number; unit?: string }): Field<number> {
  return number({ ...o, integer: true });
}

export function flag(preset: boolean, o: Common = {}): Field<boolean> {
  return {
    kind: 'flag',
    default: preset,
    ...o,
    check: (stored) => {
      if (typeof stored === 'boolean') return { value: stored };
      return stored === 'true' || stored === 'false' ? { value: stored === 'true' } : refuse('true or false');
    },
  };
}

/** One of several words; the first one is the default. */
export function choice<const O extends readonly string[]>(options: O, o: Common = {}): Field<O[number]> {
  const known = (stored: unknown): stored is O[number] => options.includes(stored as string);
  return {
    kind: 'choice',
    default: options[0],
    options,
    ...o,
    check: (stored) => (known(stored) ? { value: stored } : refuse(`one of ${options.join(', ')}`)),
  };
}

/** The id of a configuration node of that type; never empty. */
export function node(type: string, o: Common = {}): Field<string> {
  return {
    kind: 'node',
    default: '',
    type,
    ...o,
    check: (stored) =>
      typeof stored === 'string' && stored !== '' && stored !== '_ADD_' && stored.length <= 100
        ? { value: stored }
        : refuse(`a ${type.replace('goodpart-', '').replaceAll('-', ' ')}`),
  };
}

/** A value with a dialog of its own. `parse` returns it typed or throws GP_CONFIG_INVALID naming the field inside. */
export function structure<T>(o: Common & { default: readonly unknown[]; parse: (stored: unknown) => T }): Field<T> {
  const { parse, ...rest } = o;
  return { kind: 'structure', ...rest, check: (stored) => ({ value: parse(stored) }) };
}
