import { systemClock } from '../core/clock.ts';
import { GoodpartError } from '../core/errors.ts';
import { seededRandom } from '../core/random.ts';
import { simulatedPartNumber } from '../core/simulated-line.ts';
import { Conveyor } from './conveyor.ts';
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
  SourceSink,
} from './source.ts';

/**
 * A line that needs no camera. Part `n` looks the same in every run with the same seed, whatever happened in between. Who asks for a picture of
 * a simulated part by its id gets that part; everyone else the next one.
 */
class SimulatorSource implements Source {
  readonly #settings: SimulatorSettings;
  #drawer: PartDrawer | undefined;
  #number = 0;
  #conveyor: Conveyor | undefined;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  async open({ sink, resumeAfter }: OpenOptions): Promise<SourceDescription> {
    const { width, height, seed, defectRate, encoding, delivery, periodMs } = this.#settings;
    this.#drawer = new PartDrawer({ width, height, seed, defectRate });
    this.#number = resumeAfter;
    if (delivery !== 'on-demand') this.#conveyor = this.#run(sink, delivery);
    const share = `${Math.round(defectRate * 1000) / 10} % with a defect, seed ${seed}`;
    return {
      delivery,
      device: 'simulated line',
      running: `${width} x ${height} ${encoding}, ${share}`,
      width,
      height,
      settings: await this.readSettings(),
      ...(delivery === 'flow' && { watch: { periodMs } }),
    };
  }

  async close(): Promise<void> {
    this.#conveyor?.stop();
    this.#drawer = undefined;
  }

  async expose({ partId = '' }: ExposeOptions): Promise<SourceFrame> {
    const part = simulatedPartNumber(partId);
    if (part === null) return this.#next();
    const frame = await this.#next(undefined, part);
    return { ...frame, settings: { ...frame.settings, part } };
  }

  async readSettings(): Promise<DeviceSettings> {
    const { seed, defectRate } = this.#settings;
    return { simulated: true, seed, defectRate };
  }

  #run(sink: SourceSink, delivery: 'flow' | 'line'): Conveyor {
    const { periodMs, seed, missRate, lossRate } = this.#settings;
    const random = seededRandom(seed);
    let drawing = false;
    return new Conveyor(periodMs, (part, at) => {
      const [missed, lost] = [random() < missRate, random() < lossRate];
      if (delivery === 'line' && missed) return;
      if (lost || drawing) return sink.lost(1);
      drawing = true;
      this.#next(at).then(
        (frame) => {
          drawing = false;
          sink.frame({ ...frame, settings: { ...frame.settings, part } });
        },
        (thrown: unknown) => sink.fault(new GoodpartError('GP_SOURCE_FAILED', String(thrown))),
      );
    });
  }

  async #next(at?: number, part?: number): Promise<SourceFrame> {
    if (this.#drawer === undefined) throw new GoodpartError('GP_SOURCE_FAILED', 'The simulated line is closed');
    const { width, height, encoding } = this.#settings;
    const number = ++this.#number;
    const exposedAt = at ?? systemClock.mono();
    const exposedUtc = systemClock.utc();
    const { data, truth, spot } = this.#drawer.draw(part ?? number);
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
