import { systemClock } from '../../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import type {
  Delivery,
  DeviceSettings,
  ExposeOptions,
  OpenOptions,
  Source,
  SourceDescription,
  SourceFrame,
  SourceModule,
  SourceSink,
} from '../source.ts';
import { applySettings, deviations, type Notes, readoutBound, readSettings } from './apply.ts';
import { loadAravis } from './aravis.ts';
import { Arrivals } from './arrivals.ts';
import { GenicamDevice } from './device.ts';
import { discoverGenicam, locateCamera } from './discover.ts';
import { Releases } from './releases.ts';
import type { GenicamSettings } from './settings.ts';
import { type Arrival, GenicamStream } from './stream.ts';

const deliveries: Record<GenicamSettings['trigger'], Delivery> = { software: 'on-demand', line: 'line', free: 'flow' };
const buffers = 8;
const popMs = 100;
/** How often a quiet device is asked whether it is still there; with `silentMs` it is known within two seconds. */
const heartbeatMs = 500;
/** Free-running without a complete picture for so long, or five pictures' time, is a fault. */
const flowStallMs = 2_000;
/** A picture that comes later is not waited for before the camera counts as open. */
const slowestFirstMs = 5_000;
/** No picture for so long after a start: none of an earlier trigger is under way. */
const quietMs = 150;
/** Pictures that go on for so long although none was asked for. */
const loudMs = 1_000;
/** Two clocks drift: a picture counts as older than its trigger only by more than this. */
const staleMs = 20;

/** `close` must settle within two seconds; libaravis gives up after three times five tries of half a second. */
const releases = new Releases({ closeMs: 1_500, releaseMs: 10_000 });

interface Expectation {
  sentAt: number;
  settle: (result: SourceFrame | GoodpartError) => void;
}

/** A GigE Vision or USB3 Vision camera through libaravis. */
class GenicamSource implements Source {
  readonly #settings: GenicamSettings;
  readonly #delivery: Delivery;
  #sink: SourceSink | undefined;
  #opening: Promise<void> = Promise.resolve();
  #giveUpOpening: ((error: GoodpartError) => void) | undefined;
  #device: GenicamDevice | undefined;
  #stream: GenicamStream | undefined;
  #arrivals: Arrivals | undefined;
  #popping: Promise<void> = Promise.resolve();
  #heartbeat: NodeJS.Timeout | undefined;
  #closed = false;
  #faulty = false;
  #notes: Notes = [];
  #warned = '';
  #readoutMs = 100;
  #expected: Expectation | undefined;
  /** An exposure was given up: its picture may still come. */
  #inDoubt = true;
  #lastArrival = 0;
  #lastComplete = 0;
  #first: { resolve: () => void; reject: (error: GoodpartError) => void } | undefined;

  constructor(settings: GenicamSettings) {
    this.#settings = settings;
    this.#delivery = deliveries[settings.trigger];
  }

  open(options: OpenOptions): Promise<SourceDescription> {
    const opened = this.#open(options);
    const settled = () => {
      this.#giveUpOpening = undefined;
    };
    this.#opening = opened.then(settled, settled);
    const fault = new Promise<never>((_, reject) => {
      this.#giveUpOpening = reject;
    });
    return Promise.race([opened, fault]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#heartbeat);
    this.#device?.leave();
    const error = new GoodpartError('GP_SOURCE_FAILED', 'The camera was closed');
    this.#expected?.settle(error);
    this.#first?.reject(error);
    await releases.begin(this.#letGo());
  }

  async expose({ after, signal }: ExposeOptions): Promise<SourceFrame> {
    const device = this.#device;
    if (device === undefined || this.#expected !== undefined) {
      throw new GoodpartError('GP_SOURCE_FAILED', 'The camera is not ready for an exposure');
    }
    if (this.#inDoubt) {
      await device.ask('arv_camera_stop_acquisition');
      await device.ask('arv_camera_start_acquisition');
      this.#arrivals?.restart();
      await this.#beQuiet();
    }
    while (systemClock.mono() < after) await new Promise((resolve) => setTimeout(resolve, after - systemClock.mono()));
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abandon = () => expected.settle(new GoodpartError('GP_SOURCE_FAILED', 'The exposure was given up'));
      const expected: Expectation = {
        sentAt: Infinity,
        settle: (result) => {
          this.#expected = undefined;
          signal.removeEventListener('abort', abandon);
          if (!GoodpartError.is(result)) return resolve(result);
          this.#inDoubt = true;
          reject(result);
        },
      };
      this.#expected = expected;
      signal.addEventListener('abort', abandon);
      const sending = () => {
        if (this.#expected !== expected) throw new GoodpartError('GP_SOURCE_FAILED', 'The exposure was given up');
        expected.sentAt = systemClock.mono();
      };
      device.ask('arv_camera_software_trigger', [], sending).catch((thrown: unknown) => {
        if (this.#expected === expected) expected.settle(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
      });
    });
  }

  async readSettings(): Promise<DeviceSettings> {
    if (this.#device === undefined) throw new GoodpartError('GP_SOURCE_FAILED', 'The camera is closed');
    const read = await readSettings(this.#device);
    if (this.#arrivals !== undefined) this.#arrivals.settings = read;
    return read;
  }

  async #open({ sink, resumeAfter }: OpenOptions): Promise<SourceDescription> {
    this.#sink = sink;
    await releases.done();
    const aravis = await loadAravis();
    const id = await locateCamera(aravis, this.#settings.camera);
    const device = await GenicamDevice.open(aravis, id);
    this.#device = device;
    if (this.#closed) throw new GoodpartError('GP_SOURCE_FAILED', 'The camera was closed');
    if (!device.controls()) {
      const text = `Camera ${id} is controlled by another program; it is free a few seconds after that one has ended`;
      throw new GoodpartError('GP_SOURCE_FAILED', text, { field: 'camera', expected: 'a free camera', received: id });
    }
    // a program that was killed leaves it sending, and then nothing can be set
    await device.ask('arv_camera_stop_acquisition').catch(() => {});
    this.#notes = await applySettings(device, this.#settings);
    this.#readoutMs = await readoutBound(device, this.#settings.trigger);
    const stream = await GenicamStream.create(device, buffers);
    this.#stream = stream;
    await device.ask('arv_camera_start_acquisition');
    const settings = await readSettings(device);
    this.#notes.push(...deviations(this.#settings, settings));
    this.#arrivals = new Arrivals({ resumeAfter, readoutMs: this.#readoutMs, settings });
    this.#lastArrival = systemClock.mono();
    this.#lastComplete = this.#lastArrival;
    this.#popping = this.#pop(stream);
    device.watchSilence(() => this.#fault(new GoodpartError('GP_SOURCE_FAILED', `Camera ${id} does not answer`)));
    this.#beat();
    if (this.#delivery === 'flow' && this.#stallMs() <= slowestFirstMs) await this.#awaitFirst();
    if (this.#delivery === 'on-demand') await this.#beQuiet();
    this.#warn();
    return this.#describe(device, settings);
  }

  async #describe(device: GenicamDevice, settings: DeviceSettings): Promise<SourceDescription> {
    const vendor = await device.ask('arv_camera_get_vendor_name');
    const model = await device.ask('arv_camera_get_model_name');
    const id = await device.ask('arv_camera_get_device_id').catch(() => this.#settings.camera);
    const { width, height, pixelFormat } = settings;
    const how = { software: 'software trigger', line: `line ${this.#settings.line}`, free: 'free-running' };
    const running = `${device.isGigE ? 'GigE Vision' : 'USB3 Vision'}, ${width} x ${height} ${pixelFormat}`;
    return {
      delivery: this.#delivery,
      device: `${vendor} ${model} ${id}`,
      running: `${running}, ${how[this.#settings.trigger]}`,
      width: Number(width),
      height: Number(height),
      settings,
    };
  }

  /** A camera none of whose pictures come through whole is no open camera. */
  #awaitFirst(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject };
    });
  }

  #stallMs(): number {
    const { frameRate } = this.#arrivals?.settings ?? {};
    return Math.max(flowStallMs, typeof frameRate === 'number' ? 5_000 / frameRate : 0);
  }

  #stalled(): GoodpartError {
    const { count, of } = this.#arrivals?.incompleteLately ?? { count: 0, of: 0 };
    const seen = count > 0 ? `, ${count} of the last ${of} came incomplete: packets are lost on the way` : '';
    return new GoodpartError('GP_SOURCE_FAILED', `No complete picture for ${Math.round(this.#stallMs())} ms${seen}`);
  }

  /** Waits until nothing comes any more of earlier triggers: the next picture is the next trigger's. */
  async #beQuiet(): Promise<void> {
    const began = systemClock.mono();
    this.#lastArrival = began;
    for (let now = began; now - this.#lastArrival < quietMs; now = systemClock.mono()) {
      if (now - began > loudMs) {
        throw new GoodpartError('GP_SOURCE_FAILED', 'The camera sends pictures that no trigger asked for');
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#inDoubt = false;
  }

  async #pop(stream: GenicamStream): Promise<void> {
    while (!this.#closed && !this.#faulty) {
      try {
        const arrival = await stream.pop(popMs);
        if (this.#closed) return;
        if (arrival !== null) this.#arrived(arrival);
        const silence = systemClock.mono() - this.#lastComplete;
        if (this.#delivery === 'flow' && silence > this.#stallMs()) this.#fault(this.#stalled());
      } catch (thrown) {
        this.#fault(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
      }
    }
  }

  #arrived(arrival: Arrival): void {
    const arrivals = this.#arrivals;
    if (arrivals === undefined) return;
    this.#lastArrival = systemClock.mono();
    const lost = arrivals.count(arrival);
    if (lost > 0) this.#sink?.lost(lost);
    this.#warn();
    if (this.#delivery === 'on-demand') this.#answer(arrivals, arrival);
    else if (arrival.image !== null) {
      this.#lastComplete = this.#lastArrival;
      this.#first?.resolve();
      this.#sink?.frame(arrivals.frame({ ...arrival, image: arrival.image }, arrivals.earliest(arrival)));
    }
  }

  /** A picture for the exposure that is waited for; any other has no trigger of ours. */
  #answer(arrivals: Arrivals, arrival: Arrival): void {
    const { image, incomplete } = arrival;
    const expected = this.#expected;
    const sentAt = expected?.sentAt ?? Infinity;
    if (expected === undefined || sentAt === Infinity || arrivals.latest(arrival) < sentAt - staleMs) {
      if (image !== null) this.#sink?.lost(1);
      return;
    }
    if (image !== null) expected.settle(arrivals.frame({ ...arrival, image }, sentAt));
    else if (incomplete !== null) {
      const text = `The picture came incomplete (${incomplete}): packets are lost on the way`;
      expected.settle(new GoodpartError('GP_SOURCE_FAILED', text));
      this.#inDoubt = false; // this was its picture: no other will come
    }
  }

  #warn(): void {
    const { count } = this.#arrivals?.incompleteLately ?? { count: 0 };
    const losing = count > 0 ? ['pictures come incomplete: packets are lost on the way'] : [];
    const text = [...this.#notes, ...losing].join('; ');
    if (text === this.#warned) return;
    this.#warned = text;
    this.#sink?.warning(text);
  }

  #beat(): void {
    clearTimeout(this.#heartbeat);
    if (this.#closed || this.#faulty) return;
    this.#heartbeat = setTimeout(() => {
      const device = this.#device;
      if (device === undefined || device.busy) return this.#beat();
      device.checkControl().then(
        () => this.#beat(),
        (thrown: unknown) => this.#fault(asGoodpartError(thrown, 'GP_SOURCE_FAILED')),
      );
    }, heartbeatMs);
  }

  #fault(error: GoodpartError): void {
    if (this.#faulty || this.#closed) return;
    this.#faulty = true;
    clearTimeout(this.#heartbeat);
    this.#expected?.settle(error);
    this.#first?.reject(error);
    if (this.#giveUpOpening !== undefined) this.#giveUpOpening(error);
    else this.#sink?.fault(error);
  }

  /** In the order in which libaravis needs it: nobody pops, the stream, the camera. */
  async #letGo(): Promise<void> {
    await this.#opening;
    await this.#popping;
    const [device, stream] = [this.#device, this.#stream];
    this.#device = undefined;
    this.#stream = undefined;
    if (!this.#faulty) await device?.stopAcquisition();
    await stream?.release();
    await device?.release();
  }
}

export const genicamSource: SourceModule<GenicamSettings> = {
  create: (settings) => new GenicamSource(settings),
  discover: discoverGenicam,
};
