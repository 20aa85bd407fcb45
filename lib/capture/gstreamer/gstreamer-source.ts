import { existsSync } from 'node:fs';
import { access, constants, readdir } from 'node:fs/promises';
import { systemClock } from '../../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import type {
  DeviceSettings,
  DiscoveredSource,
  ExposeOptions,
  OpenOptions,
  Source,
  SourceDescription,
  SourceFrame,
  SourceModule,
  SourceSink,
} from '../source.ts';
import type { WatchSettings } from '../watchdog.ts';
import { formatName } from './caps.ts';
import { elementProperties, installedElements, requireElements } from './elements.ts';
import { ExposureClock } from './exposure-clock.ts';
import { FrameMaker } from './frame-maker.ts';
import { GdpReader } from './gdp.ts';
import { diesWithUs, Launch } from './launch.ts';
import { askedSettings, fixedWarnings, Locks } from './locks.ts';
import { buildPipeline, chainName, type Pipeline } from './pipeline.ts';
import { RtspRelay } from './rtsp-relay.ts';
import { type GstreamerSettings, shownAddress, usualDelayMs, withoutSecrets } from './settings.ts';
import { explained } from './trouble.ts';

/** From the start of the pipeline to its first picture; the desk gives up on an opening after 15 s. */
const firstPictureMs = 12_000;
/** Pictures read ahead of the one that is taken. */
const ahead = 2;

/** A pipeline of GStreamer in a process of its own, one per opening, as a source. */
class GstreamerSource implements Source {
  readonly #settings: GstreamerSettings;
  readonly #locks: Locks;
  #sink: SourceSink | undefined;
  #pipeline: Pipeline | undefined;
  #launch: Launch | undefined;
  #relay: RtspRelay | undefined;
  #maker: FrameMaker | undefined;
  #frameSettings: DeviceSettings = {};
  #number = 0;
  /** Frames are handed over; before that the first one only shows that the pipeline works. */
  #open = false;
  #closed = false;
  #broken: GoodpartError | undefined;
  /** What the relay knows better than the pipeline, which only sees a connection end. */
  #relayError: GoodpartError | undefined;
  #first: { resolve: () => void; reject: (error: GoodpartError) => void } | undefined;
  readonly #ready: SourceFrame[] = [];
  #taker: (() => void) | undefined;
  /** Frames of the present run of the pipeline. */
  #frames = 0;

  constructor(settings: GstreamerSettings) {
    this.#settings = settings;
    this.#locks = new Locks(settings);
  }

  async open({ sink, resumeAfter, signal }: OpenOptions): Promise<SourceDescription> {
    this.#sink = sink;
    this.#number = resumeAfter;
    const installed = await installedElements();
    await this.#mustExist();
    const location = await this.#login();
    const waitsForKeyframe = await this.#waitsForKeyframe();
    const has = (element: string) => installed.has(element);
    const pipeline = buildPipeline(this.#settings, { has, location, waitsForKeyframe });
    requireElements(pipeline.elements, installed);
    this.#pipeline = pipeline;
    await this.#locks.apply();
    signal.throwIfAborted();
    await this.#firstPicture(signal);
    await this.#locks.confirm();
    const chain = { chain: chainName(pipeline.chain), pipeline: pipeline.elements.join(' ! ') };
    this.#frameSettings = { ...chain, ...askedSettings(this.#settings), ...this.#locks.found };
    this.#open = true;
    this.#warn();
    const format = this.#maker?.format ?? null;
    const size = format === null ? '' : `, ${formatName(format)}`;
    return {
      delivery: pipeline.complete ? 'on-demand' : 'flow',
      device: deviceName(this.#settings),
      running: `${chainName(pipeline.chain)}${size} (${chain.pipeline})`,
      width: format?.width ?? null,
      height: format?.height ?? null,
      settings: this.#frameSettings,
      watch: watchOf(this.#settings, format?.intervalMs ?? null),
    };
  }

  lastWords(): string[] {
    return this.#launch?.lines() ?? [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#open = false;
    this.#taker?.();
    await this.#launch?.stop();
    this.#relay?.close();
  }

  /** For a file whose frames are taken one by one. */
  async expose({ signal }: ExposeOptions): Promise<SourceFrame> {
    for (;;) {
      const frame = this.#ready.shift();
      if (frame !== undefined) {
        if (this.#ready.length < ahead) this.#launch?.resume();
        return { ...frame, exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() };
      }
      if (this.#broken !== undefined) throw this.#broken;
      if (this.#closed || signal.aborted) throw new GoodpartError('GP_SOURCE_FAILED', 'No picture came from the video');
      await new Promise<void>((resolve) => {
        this.#taker = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async readSettings(): Promise<DeviceSettings> {
    await this.#locks.confirm();
    this.#frameSettings = { ...this.#frameSettings, ...this.#locks.found };
    this.#warn();
    return this.#frameSettings;
  }

  #warn(): void {
    const orphans = diesWithUs
      ? []
      : ['setpriv is missing, a stalled pipeline may outlive a killed Node-RED: sudo apt install util-linux'];
    this.#sink?.warning([...fixedWarnings(this.#settings), ...this.#locks.warnings, ...orphans].join('; '));
  }

  async #mustExist(): Promise<void> {
    const settings = this.#settings;
    const fail = (field: string, expected: string, received: string, cause?: unknown) => {
      const text = `Expected ${expected} for ${field} but received ${JSON.stringify(received)}`;
      return new GoodpartError('GP_SOURCE_FAILED', text, { field, expected, received, cause });
    };
    if (settings.input === 'usb' && !existsSync(settings.device)) {
      throw fail('device', 'a camera that is plugged in', settings.device);
    }
    if (settings.input !== 'file') return;
    await access(settings.path, constants.R_OK).catch((thrown) => {
      throw fail('path', 'a video file that can be read', settings.path, thrown);
    });
  }

  async #waitsForKeyframe(): Promise<boolean> {
    const settings = this.#settings;
    if (settings.input !== 'rtsp') return false;
    return (await elementProperties(`rtp${settings.codec}depay`))?.has('wait-for-keyframe') ?? false;
  }

  /** Where the pipeline finds a camera that wants user and password; undefined for the address itself. */
  async #login(): Promise<string | undefined> {
    const settings = this.#settings;
    if (settings.input !== 'rtsp' || settings.user === '') return undefined;
    const { url, user, password } = settings;
    this.#relay = await RtspRelay.open({
      url,
      login: { user, password },
      failed: (error) => {
        this.#relayError ??= error;
      },
    });
    return this.#relay.location;
  }

  #firstPicture(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        const why = this.#relayError?.message ?? explained(this.#launch?.complaint() ?? '', this.#settings);
        const text = `No picture within ${firstPictureMs / 1000} s${why ? `: ${why}` : ''}`;
        this.#first?.reject(new GoodpartError('GP_SOURCE_FAILED', text));
      }, firstPictureMs);
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T) => {
          clearTimeout(late);
          this.#first = undefined;
          done(value);
        };
      this.#first = { resolve: settle(resolve), reject: settle(reject) };
      signal.addEventListener('abort', () => this.#first?.reject(asGoodpartError(signal.reason)), { once: true });
      this.#start();
    });
  }

  #start(): void {
    const pipeline = this.#pipeline;
    if (pipeline === undefined || this.#closed) return;
    const { input } = this.#settings;
    const stampsAreCaptures = input === 'usb' || input === 'file';
    const clock = new ExposureClock({ stampsAreCaptures, delayMs: usualDelayMs(this.#settings) });
    const lost = (count: number) => {
      if (this.#open) this.#sink?.lost(count);
    };
    const maker = new FrameMaker({ clock, resumeAfter: this.#number, lost });
    const reader = new GdpReader({
      caps: (caps) => maker.caps(caps),
      buffer: (buffer) => {
        const arrivedAt = systemClock.mono();
        const instants = {
          arrivedAt,
          arrivedUtc: Date.now(),
          exposureMs: this.#exposureMs(),
          settings: this.#frameSettings,
        };
        const frame = maker.frame(buffer, instants);
        this.#frames += 1;
        this.#first?.resolve();
        if (frame !== null) this.#arrived(frame, pipeline);
      },
    });
    this.#maker = maker;
    this.#frames = 0;
    const launch = new Launch({
      tokens: pipeline.tokens,
      signal: input === 'csi' ? 'SIGINT' : 'SIGTERM',
      redact: (line) => withoutSecrets(this.#relay?.unrelayed(line) ?? line),
      base: (instant) => clock.baseIs(instant),
      data: (chunk) => {
        if (this.#broken !== undefined || this.#closed) return;
        try {
          reader.push(chunk);
        } catch (thrown) {
          this.#fail(asGoodpartError(thrown, 'GP_SOURCE_FAILED'));
        }
      },
      ended: ({ code, signal: by }) => this.#ended(launch, code, by),
    });
    this.#launch = launch;
  }

  #arrived(frame: SourceFrame, { complete }: Pipeline): void {
    if (complete) {
      this.#number = frame.number;
      this.#ready.push(frame);
      if (this.#ready.length >= ahead) this.#launch?.pause();
      this.#taker?.();
    } else if (this.#open) {
      this.#number = frame.number;
      this.#sink?.frame(frame);
    }
  }

  #exposureMs(): number | null {
    if (this.#settings.input === 'file') return 0;
    const { exposureUs, exposureAutomatic } = this.#frameSettings;
    return typeof exposureUs === 'number' && exposureAutomatic !== true ? exposureUs / 1000 : null;
  }

  #ended(launch: Launch, code: number | null, by: NodeJS.Signals | null): void {
    if (this.#closed || launch !== this.#launch || this.#broken !== undefined) return;
    const how = by === null ? `with code ${code}` : `by ${by}`;
    const why = explained(launch.complaint(), this.#settings);
    const file = this.#settings.input === 'file' && code === 0 && this.#frames > 0 ? this.#settings : null;
    if (file === null) {
      const text = `The pipeline ended ${how}${why ? `: ${why}` : ''}`;
      this.#fail(this.#relayError ?? new GoodpartError('GP_SOURCE_FAILED', text));
    } else if (file.loop) {
      this.#start();
    } else if (file.pace === 'real-time') {
      this.#sink?.warning('the video has ended');
    } else {
      const details = { field: 'path', expected: 'another picture', received: 'the end of the video' };
      this.#broken = new GoodpartError('GP_SOURCE_FAILED', 'All pictures of the video have been used', details);
      this.#taker?.();
    }
  }

  #fail(error: GoodpartError): void {
    this.#broken = error;
    this.#taker?.();
    if (this.#first !== undefined) this.#first.reject(error);
    else if (!this.#closed) this.#sink?.fault(error);
  }
}

function deviceName(settings: GstreamerSettings): string {
  switch (settings.input) {
    case 'csi':
      return `CSI camera ${settings.sensorId}`;
    case 'usb':
      return `USB camera ${settings.device}`;
    case 'rtsp':
      return `network camera ${shownAddress(settings.url)}`;
    case 'file':
      return `video ${settings.path}`;
    case 'custom':
      return 'custom pipeline';
  }
}

/** What the watchdog of the desk must know of a kind of source. */
function watchOf({ input }: GstreamerSettings, periodMs: number | null): WatchSettings {
  switch (input) {
    case 'file': // what was filmed may stand still, and ends
      return { periodMs, stallMs: null, frozenMs: null };
    case 'rtsp': // between two key frames an encoder may repeat what does not move
      return { periodMs, stallMs: 5_000, frozenMs: 15_000 };
    case 'custom': // a rate that is not told may be any, and is no stall at once
      return periodMs === null ? { stallMs: 60_000 } : { periodMs };
    default:
      return { periodMs };
  }
}

const byId = '/dev/v4l/by-id';

/** Cameras with a Video4Linux driver, under names that stay. */
async function discover(): Promise<DiscoveredSource[]> {
  const names = await readdir(byId).catch(() => []);
  return names
    .filter((name) => name.endsWith('-video-index0'))
    .sort()
    .map((name) => ({
      name: name.replace(/^usb-|-video-index0$/g, '').replaceAll('_', ' '),
      settings: { kind: 'gstreamer', input: 'usb', device: `${byId}/${name}` },
    }));
}

export const gstreamerSource: SourceModule<GstreamerSettings> = {
  create: (settings) => new GstreamerSource(settings),
  discover,
};
