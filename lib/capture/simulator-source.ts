import { systemClock } from '../core/clock.ts';
import { GoodpartError } from '../core/errors.ts';
import type { SimulatorSettings } from './settings.ts';
import { PartDrawer } from './simulated-part.ts';
import type {
  DeviceSettings,
  ExposeOptions,
  OpenOptions,
  Source,
  SourceDescription,
  SourceFrame,
  SourceModule,
} from './source.ts';

/** A line that needs no camera. Part `n` looks the same in every run with the same seed, whatever happened in between. */
class SimulatorSource implements Source {
  readonly #settings: SimulatorSettings;
  #drawer: PartDrawer | undefined;
  #number = 0;
  #conveyor: NodeJS.Timeout | undefined;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  async open({ sink, resumeAfter }: OpenOptions): Promise<SourceDescription> {
    const { width, height, seed, defectRate, encoding, delivery, periodMs } = this.#settings;
    this.#drawer = new PartDrawer({ width, height, seed, defectRate });
    this.#number = resumeAfter;
    if (delivery !== 'on-demand') {
      let drawing = false;
      this.#conveyor = setInterval(() => {
        if (drawing) return sink.lost(1);
        drawing = true;
        this.#next().then(
          (frame) => {
            drawing = false;
            sink.frame(frame);
          },
          (thrown: unknown) => sink.fault(new GoodpartError('GP_SOURCE_FAILED', String(thrown))),
        );
      }, periodMs);
    }
    const share = `${Math.round(defectRate * 1000) / 10} % with a defect, seed ${seed}`;
    return {
      delivery,
      device: 'simulated line',
      running: `${width} x ${height} ${encoding}, ${share}`,
      width,
      height,
      settings: await this.readSettings(),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#conveyor);
    this.#drawer = undefined;
  }

  expose(_: ExposeOptions): Promise<SourceFrame> {
    return this.#next();
  }

  async readSettings(): Promise<DeviceSettings> {
    const { seed, defectRate } = this.#settings;
    return { simulated: true, seed, defectRate };
  }

  async #next(): Promise<SourceFrame> {
    if (this.#drawer === undefined) throw new GoodpartError('GP_SOURCE_FAILED', 'The simulated line is closed');
    const { width, height, encoding } = this.#settings;
    const number = ++this.#number;
    const exposedAt = systemClock.mono();
    const exposedUtc = systemClock.utc();
    const { data, truth, spot } = this.#drawer.draw(number);
    const round = (value: number) => Math.round(value * 10_000) / 10_000;
    const where: DeviceSettings =
      spot === null
        ? {}
        : {
            defectX: round(spot.x),
            defectY: round(spot.y),
            defectHalfWidth: round(spot.halfWidth),
            defectHalfHeight: round(spot.halfHeight),
          };
    const settings: DeviceSettings = { truth, defect: truth !== 'good', ...where };
    const raw = { width, height, channels: 3, bitDepth: 8 };
    const frame = { ...raw, number, exposedAt, exposedUtc, settings };
    if (encoding === 'raw') return { ...frame, data, encoding: 'raw' };
    const { encodeJpeg } = await import('../imaging/encode.ts');
    const jpeg = await encodeJpeg({ data, info: { encoding: 'raw', ...raw } }, { quality: 92 });
    return { ...frame, data: jpeg, encoding: 'jpeg' };
  }
}

export const simulatorSource: SourceModule<SimulatorSettings> = {
  create: (settings) => new SimulatorSource(settings),
  discover: async () => [
    { name: 'Simulated line, 640 x 480', settings: { kind: 'simulator', width: 640, height: 480, seed: 1 } },
  ],
};
