import { asGoodpartError } from '../core/errors.ts';

/** Something warm that outlives a deploy: an engine with its model, an open camera, a PLC endpoint, a station. */
export interface Lease<T> {
  readonly value: T;
  /** Gives the resource back; it is destroyed after the grace period unless somebody takes it again. Idempotent. */
  release(): Promise<void>;
}

interface Entry {
  groups: string[];
  users: number;
  made: Promise<unknown>;
  destroy: (value: never) => Promise<void>;
  timer: NodeJS.Timeout | undefined;
  /** Set while the old one is going: a taker waits for its end before it makes a new one (one owner of a port or lock). */
  ending: Promise<void> | undefined;
}

export interface Recipe<T> {
  create: () => Promise<T>;
  destroy: (value: T) => Promise<void>;
  /** What there can be only one of, e.g. a node's camera or port: an idle one of the same group goes before this one is made. */
  group?: string | string[];
}

const instances = new WeakMap<object, number>();
let lastInstance = 0;

/**
 * For the key of a resource that holds a shared object: an idle one must not be taken up again when another object, made
 * anew from the same configuration, has come in the place of the one that it holds.
 */
export function instanceOf(object: object): string {
  const number = instances.get(object) ?? ++lastInstance;
  instances.set(object, number);
  return `#${number}`;
}

/**
 * Resources keyed by their configuration, reference-counted, with a grace period: a deploy that leaves a configuration
 * unchanged releases and takes the same key within milliseconds and keeps the very same object (law 6). When the whole
 * process is ending the grace period is zero, so that endpoints close in order.
 */
export class ResourcePool {
  readonly #entries = new Map<string, Entry>();
  readonly #graceMs: number;
  #draining = false;

  constructor(graceMs = 5_000) {
    this.#graceMs = graceMs;
  }

  /** Takes the resource of that key, making it when nobody has it. Rejects with what `create` rejected with; the next taker tries again. */
  async take<T>(key: string, recipe: Recipe<T>): Promise<Lease<T>> {
    for (;;) {
      const ending = this.#entries.get(key)?.ending;
      if (ending === undefined) break;
      await ending;
    }
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const { create, destroy, group = [] } = recipe;
      const groups = [group].flat();
      const made = this.#destroyIdle(groups).then(create);
      entry = { groups, users: 0, made, destroy, timer: undefined, ending: undefined };
      this.#entries.set(key, entry);
    }
    clearTimeout(entry.timer);
    entry.users += 1;
    const taken = entry;
    try {
      const value = (await taken.made) as T;
      let released = false;
      return {
        value,
        release: async () => {
          if (released) return;
          released = true;
          await this.#release(key, taken);
        },
      };
    } catch (error) {
      taken.users -= 1;
      if (this.#entries.get(key) === taken) this.#entries.delete(key);
      throw error;
    }
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on what is released is destroyed at once and awaited: the process is ending. */
  drain(): void {
    this.#draining = true;
  }

  /** Destroys everything that nobody uses and waits for it: for tests and for the end of the process. */
  async settle(): Promise<void> {
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0);
    await Promise.all(idle.map(([key, entry]) => this.#destroy(key, entry)));
  }

  async #release(key: string, entry: Entry): Promise<void> {
    entry.users -= 1;
    if (entry.users > 0) return;
    if (this.#draining) return this.#destroy(key, entry);
    entry.timer = setTimeout(() => {
      this.#destroy(key, entry).catch(() => {});
    }, this.#graceMs);
    entry.timer.unref();
  }

  async #destroyIdle(groups: string[]): Promise<void> {
    if (groups.length === 0) return;
    const inOne = (entry: Entry) => entry.groups.some((group) => groups.includes(group));
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0 && inOne(entry));
    await Promise.all(idle.map(([key, entry]) => this.#destroy(key, entry)));
  }

  async #destroy(key: string, entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (entry.ending !== undefined) return entry.ending;
    if (entry.users > 0) return;
    entry.ending = (async () => {
      try {
        await entry.destroy((await entry.made) as never);
      } catch (error) {
        process.emitWarning(`${key} could not be closed: ${asGoodpartError(error).message}`, 'GoodpartWarning');
      } finally {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      }
    })();
    return entry.ending;
  }
}

/** The one pool of this process. */
export const resources = new ResourcePool();

/** Node-RED ends in order at each of these; the number is what a shell adds 128 to. */
const endSignals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1, SIGUSR2: 12 } as const;

for (const [signal, number] of Object.entries(endSignals)) {
  process.on(signal, () => {
    resources.drain();
    // Node-RED ends the process itself; where we are the only listener, ours must not swallow the signal
    if (process.listenerCount(signal) === 1) process.exit(128 + number);
  });
}
