import type { OpenOptions, Source, SourceDescription, SourceFrame, SourceSink } from '../../lib/capture/source.ts';
import type { WatchSettings } from '../../lib/capture/watchdog.ts';
import { systemClock } from '../../lib/core/clock.ts';

export function fakeFrame(number: number, more: Partial<SourceFrame> = {}): SourceFrame {
  const raw = { encoding: 'raw', width: 1, height: 1, channels: 1, bitDepth: 8 } as const;
  const exposedAt = systemClock.mono();
  return { ...raw, data: Buffer.from([number % 256]), number, exposedAt, exposedUtc: '', settings: {}, ...more };
}

/** A fake, for hardware that we lack: a source that does what the test says, as real cameras do what they will. */
export class FakeSource implements Source {
  sink: SourceSink | undefined;
  resumeAfter = -1;
  closed = 0;
  exposing: (() => Promise<SourceFrame>) | undefined;
  words: string[] = [];
  readonly #delivery: SourceDescription['delivery'];
  readonly #watch: WatchSettings | undefined;

  constructor(delivery: SourceDescription['delivery'], watch?: WatchSettings) {
    this.#delivery = delivery;
    this.#watch = watch;
  }

  async open({ sink, resumeAfter }: OpenOptions): Promise<SourceDescription> {
    this.sink = sink;
    this.resumeAfter = resumeAfter;
    const about = { device: 'wayward', running: 'test', width: 1, height: 1, settings: { exposureUs: 5000 } };
    return { ...about, delivery: this.#delivery, ...(this.#watch && { watch: this.#watch }) };
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  expose(): Promise<SourceFrame> {
    return this.exposing?.() ?? Promise.resolve(fakeFrame(1));
  }

  async readSettings() {
    return { exposureUs: 5000 };
  }

  lastWords(): string[] {
    return this.words;
  }
}
