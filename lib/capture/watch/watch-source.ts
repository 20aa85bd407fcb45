import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { systemClock } from '../../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import { sniffEncoding } from '../../core/frame.ts';
import { endsWhole, tailBytes } from '../picture-bytes.ts';
import { type FileState, readPictureFile, unreadableFolder } from '../picture-file.ts';
import type {
  DeviceSettings,
  OpenOptions,
  Source,
  SourceDescription,
  SourceFrame,
  SourceModule,
  SourceSink,
} from '../source.ts';
import { type Arrival, Arrivals, sameState } from './arrivals.ts';
import { pictureNames, putAway, statesOf } from './folder-look.ts';
import type { WatchSettings } from './settings.ts';

/** Shares of other machines tell nothing: the folder is looked at all the time. */
const lookMs = 200;
const soonMs = 20;
/** Known files that are looked at again each time: some machines write every picture under the same name. */
const againPerLook = 256;
/** More new files at once than this are no stream of parts: the oldest are counted as lost, unread. */
export const mostAtOnce = 64;

/**
 * What was there or delivered, by folder, for as long as this process lives: opened again after a fault, the folder shows what
 * came meanwhile, and that counts as lost, because nobody knows when it was exposed.
 */
const memories = new Map<string, Map<string, FileState>>();

class WatchSource implements Source {
  readonly #settings: WatchSettings;
  #sink: SourceSink | undefined;
  #root = '';
  #arrivals: Arrivals | undefined;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lastLook = 0;
  #at = 0;
  /** Each known file was looked at since then. */
  #againSince = 0;
  #roundBegan = 0;
  #touched = new Set<string>();
  #number = 0;
  #warned = '';
  #closed = false;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
  }

  async open({ sink, resumeAfter }: OpenOptions): Promise<SourceDescription> {
    const { path, pattern, order, settleMs, delivery, afterwards } = this.#settings;
    this.#number = resumeAfter;
    this.#lastLook = this.#roundBegan = this.#againSince = systemClock.mono();
    let states: Map<string, FileState>;
    try {
      this.#root = await realpath(path);
      if (!(await stat(this.#root)).isDirectory()) throw new Error('it is not a folder');
      states = await statesOf(this.#root, await pictureNames(this.#root, pattern));
    } catch (thrown) {
      throw unreadableFolder(path, thrown);
    }
    const key = JSON.stringify([this.#root, pattern]);
    const before = memories.get(key);
    memories.set(key, states);
    if (before) {
      const isNew = ([name, state]: [string, FileState]) => {
        const known = before.get(name);
        return known === undefined || !sameState(known, state);
      };
      const missed = [...states].filter(isNew).length;
      if (missed > 0) sink.lost(missed);
    }
    this.#arrivals = new Arrivals({ order, settleMs }, states);
    if (this.#closed) throw new GoodpartError('GP_SOURCE_FAILED', 'The folder was closed');
    this.#sink = sink;
    this.#watch();
    this.#soon(lookMs);
    const then = { keep: 'left there', move: 'moved to done', delete: 'deleted' }[afterwards];
    const what = delivery === 'line' ? 'each new file is a part' : 'new files';
    return {
      delivery,
      device: `folder ${path}`,
      running: `${what}, by ${order}, afterwards ${then}; ${states.size} were there before`,
      width: null,
      height: null,
      settings: await this.readSettings(),
      // parts come when they come, as slowly as they are written, and look alike
      watch: { stallMs: null, frozenMs: null, lateMs: Number.POSITIVE_INFINITY },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sink = undefined;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#looking;
  }

  async expose(): Promise<SourceFrame> {
    throw new GoodpartError('GP_SOURCE_FAILED', 'A folder that is watched takes no pictures by itself');
  }

  async readSettings(): Promise<DeviceSettings> {
    return { locked: false };
  }

  /** Only makes it quicker: where the system tells nothing, the next look finds the file. */
  #watch(): void {
    try {
      this.#watcher = watch(this.#root, (_, name) => {
        if (typeof name === 'string' && this.#touched.size < againPerLook) this.#touched.add(name);
        this.#soon(soonMs);
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // no watches left, or a file system without them
    }
  }

  #soon(ms: number): void {
    if (this.#closed || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const began = systemClock.mono();
      this.#looking = this.#look(began)
        .catch((thrown: unknown) => this.#sink?.fault(asGoodpartError(thrown, 'GP_SOURCE_FAILED')))
        .finally(() => {
          this.#looking = undefined;
          const took = systemClock.mono() - began;
          const waiting = (this.#arrivals?.waiting ?? 0) > 0 || this.#touched.size > 0;
          this.#soon(Math.max(waiting ? soonMs : lookMs, 2 * took));
        });
    }, ms);
  }

  async #look(now: number): Promise<void> {
    const arrivals = this.#arrivals;
    if (arrivals === undefined) return;
    const { path, pattern } = this.#settings;
    const before = this.#lastLook;
    const touched = this.#touched;
    this.#touched = new Set();
    let names: string[];
    try {
      names = await pictureNames(this.#root, pattern);
    } catch (thrown) {
      throw unreadableFolder(path, thrown);
    }
    arrivals.keepOnly(new Set(names));
    const again = new Set(this.#again(names));
    const wanted = names.filter(
      (name) => !arrivals.isKnown(name) || arrivals.isWaiting(name) || touched.has(name) || again.has(name),
    );
    for (const [name, state] of await statesOf(this.#root, wanted)) {
      arrivals.saw(name, state, { now, before: arrivals.isKnown(name) ? this.#againSince : before });
    }
    this.#lastLook = now;
    this.#turn(now, names.length);
    const ready = arrivals.ready(now);
    const tooMany = ready.splice(0, Math.max(0, ready.length - mostAtOnce));
    if (tooMany.length > 0) {
      for (const each of tooMany) arrivals.done(each);
      this.#lose(
        tooMany.length,
        `${tooMany.length} of ${tooMany.length + ready.length} files that came at once were left out`,
      );
    }
    for (const arrival of ready) {
      if (this.#closed) return;
      if (!(await this.#take(arrival, arrivals, now))) break;
    }
  }

  /** A part of the known files, another one each time. */
  #again(names: string[]): string[] {
    return names.slice(this.#at, this.#at + againPerLook);
  }

  #turn(now: number, files: number): void {
    this.#at += againPerLook;
    if (this.#at < files) return;
    this.#at = 0;
    // of two rounds the earlier: names come in another order when files come and go
    this.#againSince = files <= againPerLook ? now : this.#roundBegan;
    this.#roundBegan = now;
  }

  /** Reads and delivers one file. False where those behind it must wait for it. */
  async #take(arrival: Arrival, arrivals: Arrivals, now: number): Promise<boolean> {
    const { name } = arrival;
    let data: Buffer;
    try {
      const read = await readPictureFile(this.#root, name);
      if (!sameState(read, arrival.state)) return false; // somebody writes on: the next look sees it
      data = read.data;
    } catch (thrown) {
      if (this.#closed) return false;
      const error = asGoodpartError(thrown, 'GP_SOURCE_FAILED');
      arrivals.done(arrival);
      if (!isMissing(error)) this.#lose(1, error.message);
      return true;
    }
    if (endsWhole(data, data.subarray(-tailBytes)) === false && arrivals.unfinished(arrival, now)) return false;
    const sink = this.#sink;
    if (this.#closed || sink === undefined) return false;
    arrivals.done(arrival);
    sink.frame(this.#frame(arrival, data));
    await this.#putAway(arrival, arrivals);
    return true;
  }

  #frame({ name, state, notBefore }: Arrival, data: Buffer): SourceFrame {
    // the file's own time is of its writing, by another clock perhaps: told, not believed
    const exposedAt = notBefore - this.#settings.delayMs;
    const ago = systemClock.mono() - exposedAt;
    return {
      ...{ data, encoding: sniffEncoding(data), width: null, height: null, channels: null, bitDepth: null },
      number: ++this.#number,
      exposedAt,
      exposedUtc: new Date(Date.now() - ago).toISOString(),
      settings: { locked: false, file: name, written: new Date(state.mtimeMs).toISOString() },
    };
  }

  async #putAway(arrival: Arrival, arrivals: Arrivals): Promise<void> {
    const { afterwards } = this.#settings;
    if (afterwards === 'keep') return;
    try {
      if (await putAway(this.#root, arrival, afterwards)) arrivals.gone(arrival.name);
    } catch (thrown) {
      this.#warn(asGoodpartError(thrown).message);
    }
  }

  #lose(count: number, why: string): void {
    this.#sink?.lost(count);
    this.#warn(why);
  }

  #warn(text: string): void {
    if (text === this.#warned) return;
    this.#warned = text;
    this.#sink?.warning(text);
  }
}

function isMissing({ cause }: GoodpartError): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

export const watchSource: SourceModule<WatchSettings> = {
  create: (settings) => new WatchSource(settings),
  discover: async () => [],
};
