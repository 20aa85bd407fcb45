import type { Levels } from '../imaging/levels.ts';
import { Session } from '../scoring/session.ts';
import type { Pictures } from './features/extractor.ts';
import { names } from './model-graph.ts';

/** The finished graph, run as the engine runs it, on pictures that are decoded and registered. */
export class FinishedModel {
  readonly #session: Session;
  readonly #shape: number[];

  private constructor(session: Session, shape: number[]) {
    this.#session = session;
    this.#shape = shape;
  }

  static async open(onnx: Buffer, { size, channels }: Pick<Pictures, 'size' | 'channels'>, threads: number) {
    const session = await Session.open(onnx, { threads });
    return new FinishedModel(session, [1, size.height, size.width, channels]);
  }

  /** `map` on the grid, row by row. */
  async run(pixels: Levels): Promise<{ map: Float32Array; score: number }> {
    const feeds = { [names.input]: { data: pixels, shape: this.#shape } };
    const { map, score } = await this.#session.run(feeds, [names.map, names.score]);
    return { map: map.data, score: score.data[0] };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
