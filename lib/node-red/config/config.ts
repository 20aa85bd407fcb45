import { asGoodpartError, type GoodpartError, invalidParameter } from '../../core/errors.ts';
import { type Condition, type Field, text, type When } from './fields.ts';

export type Fields = Record<string, Field>;

/** A node as a flow file holds it: a stranger's, perhaps years old. */
export type Stored = Record<string, unknown>;

/** Brings a stored node to `version`; gets it as the version before left it and never changes it in place. */
export interface Migration {
  readonly version: number;
  up(old: Stored): Stored;
}

/** A rule over several fields; the sentence names `field`. */
export interface CrossCheck<V> {
  readonly field: string;
  readonly expected: string;
  holds(values: V): boolean;
}

type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };
type Named<F extends Fields> = Values<F> & { name: string };

export interface NodeSpec<F extends Fields> {
  readonly type: string;
  readonly category: 'config' | 'goodpart';
  readonly paletteLabel: string;
  readonly color: string;
  readonly inputs: 0 | 1;
  readonly outputs: number;
  /** `right` for nodes that end a flow. */
  readonly align?: 'right';
  readonly fields: F;
  readonly credentials?: Record<string, 'text' | 'password'>;
  readonly checks?: readonly CrossCheck<Named<F>>[];
  /** In ascending order; the newest is the node's version. */
  readonly migrations?: readonly Migration[];
}

/** The one truth of a node: runtime, dialog, registration and tests read it. */
export interface NodeConfig<F extends Fields = Fields> {
  readonly type: string;
  readonly category: 'config' | 'goodpart';
  readonly paletteLabel: string;
  readonly color: string;
  readonly inputs: 0 | 1;
  readonly outputs: number;
  readonly align: 'left' | 'right';
  readonly version: number;
  readonly fields: F & { name: Field<string> };
  readonly checks: readonly CrossCheck<Named<F>>[];
  readonly migrations: readonly Migration[];
  /** As Node-RED registers them; undefined where the node keeps no secret. */
  credentials(): Record<string, { type: 'text' | 'password' }> | undefined;
}

/** The typed values that a node of this configuration runs with. */
export type ValuesOf<C extends NodeConfig> = C extends NodeConfig<infer F> ? Named<F> : never;

/** The version that a node without migrations has. */
const firstVersion = 1;

/** Defines a node's configuration. Every node has a `name` and stores its version as `configVersion`. */
export function defineConfig<F extends Fields>(spec: NodeSpec<F>): NodeConfig<F> {
  const { credentials, checks = [], migrations = [], align = 'left', ...rest } = spec;
  const single = Object.keys(spec.fields).find((key) => key.length === 1);
  // Node-RED's editor drops such fields silently: they are names of its own
  if (single) throw invalidParameter(`a field of ${spec.type}`, 'a name of two letters or more', single);
  return {
    ...rest,
    align,
    checks,
    migrations,
    version: Math.max(firstVersion, ...migrations.map(({ version }) => version)),
    fields: { name: text(), ...spec.fields },
    credentials: () =>
      credentials && Object.fromEntries(Object.entries(credentials).map(([key, type]) => [key, { type }])),
  };
}

/** 0 where there is none: a node from before versions were stored. */
const storedVersion = ({ configVersion }: Stored): number =>
  Number.isInteger(Number(configVersion)) ? Number(configVersion) : 0;

/** A stored node brought to the newest version, in memory: a new object, what is unknown is kept. */
export function migrate(config: NodeConfig, stored: Stored): Stored {
  const from = storedVersion(stored);
  let migrated = stored;
  for (const { version, up } of config.migrations) if (version > from) migrated = up({ ...migrated });
  return { ...migrated, configVersion: Math.max(from, config.version) };
}

/** One refused value. */
export interface Problem {
  /** The field of the dialog that it belongs to. */
  owner: string;
  /** GP_CONFIG_INVALID; its `field` is dotted inside structures. */
  error: GoodpartError;
}

/** Whether a field means anything beside these stored values. */
export function applies(when: When | undefined, stored: Stored, fields: Fields): boolean {
  const holds = (condition: Condition) =>
    Object.entries(condition).every(([other, words]) =>
      words.includes(String(stored[other] ?? fields[other]?.default)),
    );
  return [when ?? {}].flat().some(holds);
}

const refused = (field: string, expected: string, received: unknown): GoodpartError =>
  invalidParameter(field, expected, received, 'GP_CONFIG_INVALID');

function checkField(key: string, field: Field, stored: unknown): { value: unknown } | { error: GoodpartError } {
  try {
    const checked = field.check(stored);
    return 'value' in checked ? checked : { error: refused(key, checked.expected, stored) };
  } catch (thrown) {
    return { error: asGoodpartError(thrown, 'GP_CONFIG_INVALID') };
  }
}

/** Checks a node of the newest version: typed values, and everything that is wrong with it, fields first. */
export function checkConfig<C extends NodeConfig>(
  config: C,
  stored: Stored,
): { values: ValuesOf<C>; problems: Problem[] } {
  const problems: Problem[] = [];
  const values: Stored = {};
  if (storedVersion(stored) > config.version) {
    const expected = `a version up to ${config.version} (this node was made by a newer Goodpart)`;
    problems.push({ owner: 'configVersion', error: refused('configVersion', expected, stored.configVersion) });
  }
  for (const [key, field] of Object.entries(config.fields as Fields)) {
    const checked = checkField(key, field, stored[key] ?? field.default);
    if ('value' in checked) values[key] = checked.value;
    else if (applies(field.when, stored, config.fields)) problems.push({ owner: key, error: checked.error });
    else {
      const preset = checkField(key, field, field.default);
      values[key] = 'value' in preset ? preset.value : field.default;
    }
  }
  const typed = values as ValuesOf<C>;
  if (problems.length === 0) {
    for (const { field, expected, holds } of config.checks) {
      if (!holds(typed)) problems.push({ owner: field, error: refused(field, expected, stored[field]) });
    }
  }
  return { values: typed, problems };
}

/**
 * What a deployed node runs with: migrated, defaults filled in, checked, typed.
 * Throws GP_CONFIG_INVALID with the first field that is wrong, what was expected and what came.
 */
export function readConfig<C extends NodeConfig>(config: C, stored: Stored): ValuesOf<C> {
  const { values, problems } = checkConfig(config, migrate(config, stored));
  if (problems.length > 0) throw problems[0].error;
  return values;
}
