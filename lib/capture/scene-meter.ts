import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { GoodpartError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { settledWithin } from '../process/settled-within.ts';
import {
  type ChildOptions,
  type ChildState,
  type ChildStats,
  type Reply,
  SupervisedChild,
} from '../process/supervised-child.ts';
import {
  type LearnedScene,
  type Measures,
  type PictureInfo,
  type SceneConfig,
  unpackMeasures,
} from './scene-protocol.ts';

export interface Measured {
  measures: Measures;
  /** Decoding and measuring, milliseconds. */
  ms: number;
}

const mostInFlight = 8;
const remembered = 16;
const hungMs = 5_000;

/**
 * Measures scenes in one supervised child for all scene checks. A frame is sent and decoded once, however often it is asked for: the
 * camera's question whether there is a part and the scene check's own are answered by the same measurement. After a crash the child
 * comes back with its configuration; what was being learned is lost, which the next frame to be learned says.
 */
export class SceneMeter {
  readonly #child: SupervisedChild;
  readonly #configs = new Map<string, SceneConfig>();
  readonly #known = new Map<string, Promise<Measured>>();
  #inFlight = 0;

  constructor(options: Partial<Pick<ChildOptions, 'startMs' | 'backoff'>> = {}) {
    this.#child = new SupervisedChild({
      name: 'scene check',
      module: join(__dirname, 'scene-child.js'),
      env: { MALLOC_ARENA_MAX: '2' },
      hungMs: 10_000,
      ...options,
      initialise: async () => {
        for (const [key, config] of this.#configs) await this.#child.request('configure', { key, config });
      },
    });
    this.#child.on('failure', () => {}); // told by `stats` and by every frame meanwhile
    this.#child.start().catch(() => {}); // it goes on trying
  }

  get state(): ChildState {
    return this.#child.state;
  }

  stats(): ChildStats {
    return this.#child.stats();
  }

  onState(listener: (state: ChildState) => void): () => void {
    this.#child.on('state', listener);
    return () => this.#child.off('state', listener);
  }

  /** What `key` looks at from now on; forgets the picture before and what was being learned. Rejects where a reference is damaged. */
  async configure(key: string, config: SceneConfig): Promise<void> {
    this.#configs.set(key, config);
    for (const known of this.#known.keys()) if (known.startsWith(`${key} `)) this.#known.delete(known);
    // asked for even while it starts: what was said after its beginning it would not know
    await this.#child.request('configure', { key, config });
  }

  forget(key: string): void {
    this.#configs.delete(key);
    this.#child.tell('forget', { key });
  }

  /** Rejects with GP_CHILD_DEADLINE after `deadlineMs`, GP_IMAGE_UNREADABLE, GP_CHILD_BUSY, GP_CHILD_EXITED. */
  measure(key: string, frame: Frame, deadlineMs: number): Promise<Measured> {
    const name = `${key} ${frame.info.id}`;
    const known = this.#known.get(name);
    if (known !== undefined) return within(known, deadlineMs);
    const measuring = this.#measure(key, frame);
    this.#known.set(name, measuring);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= remembered) break;
      this.#known.delete(oldest);
    }
    return within(measuring, deadlineMs);
  }

  /** Gives a frame to be learned from; answers how many there are. */
  async collect(key: string, frame: Frame): Promise<number> {
    const { body } = await this.#ask('collect', key, frame);
    return (body as { count: number }).count;
  }

  async discard(key: string): Promise<void> {
    await this.#child.request('discard', { key });
  }

  /** From the frames collected. Rejects with GP_LEARN_FAILED where they are of no use. */
  async learn(key: string, what: 'good' | 'empty'): Promise<LearnedScene> {
    const { body, payloads } = await this.#child.request('learn', { key, what }, [], { deadlineMs: 60_000 });
    const { frames, ...rest } = body as Omit<LearnedScene, 'frames'> & { frames: string[][] };
    return { ...rest, frames: frames.map((keys, i) => unpackMeasures(keys, payloads[i])) };
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  async #measure(key: string, frame: Frame): Promise<Measured> {
    const { body, payloads } = await this.#ask('measure', key, frame);
    const { keys, ms } = body as { keys: string[]; ms: number };
    return { measures: unpackMeasures(keys, payloads[0]), ms };
  }

  async #ask(type: string, key: string, frame: Frame): Promise<Reply> {
    if (this.#inFlight >= mostInFlight) {
      throw new GoodpartError('GP_CHILD_BUSY', `The scene check has ${this.#inFlight} pictures waiting`);
    }
    this.#inFlight += 1;
    try {
      const { encoding, width, height, channels, bitDepth } = frame.info;
      const info: PictureInfo = { encoding, width, height, channels, bitDepth };
      return await this.#child.request(type, { key, info }, [frame.data], { deadlineMs: hungMs });
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/** The caller's deadline; a frame that is merely late costs no child. */
function within(measuring: Promise<Measured>, ms: number): Promise<Measured> {
  const began = systemClock.mono();
  return settledWithin(measuring, ms, () => {
    const text = `The scene check gave no answer within ${Math.round(systemClock.mono() - began)} ms`;
    return new GoodpartError('GP_CHILD_DEADLINE', text);
  });
}
