import { GoodpartError } from '../../core/errors.ts';
import { type Aravis, AravisError, type AravisFunction, type Argument, type Pointer } from './aravis.ts';

/** GigE Vision: control channel privilege, whose low bits say that somebody is in control. USB3 Vision: GenCP version. */
const controlRegister = 0x0a00;
const controlBits = 0b11;
const genCpVersionRegister = 0;

/** Without an answer for so long the device counts as silent: two of libaravis's own retries (500 ms each) are in it. */
export const silentMs = 1_300;

/**
 * One opened camera. Whatever asks the device runs on a thread of the pool, one call after the other, because an answer
 * may take seconds (libaravis tries five times for 500 ms) and the child's own loop must not wait for it.
 */
export class GenicamDevice {
  readonly aravis: Aravis;
  readonly camera: Pointer;
  readonly isGigE: boolean;
  readonly #device: Pointer;
  #lane: Promise<unknown> = Promise.resolve();
  #left = false;
  #onSilent: (() => void) | undefined;
  #waiting = 0;

  private constructor(aravis: Aravis, camera: Pointer) {
    this.aravis = aravis;
    this.camera = camera;
    this.isGigE = aravis.call('arv_camera_is_gv_device', camera) !== 0;
    this.#device = aravis.call('arv_camera_get_device', camera) as Pointer;
  }

  /** Takes control of the camera with that id or address. Rejects where it is not there. */
  static async open(aravis: Aravis, id: string): Promise<GenicamDevice> {
    try {
      return new GenicamDevice(aravis, (await aravis.tryAsync('arv_camera_new', id)) as Pointer);
    } catch (thrown) {
      throw asSourceError(thrown, `Camera ${id} could not be opened`);
    }
  }

  /** From now on `tell` is called once when a call is not answered in `silentMs`. */
  watchSilence(tell: () => void): void {
    this.#onSilent = tell;
  }

  /** Nothing is asked any more; what runs is waited for by `release`. */
  leave(): void {
    this.#left = true;
    this.#onSilent = undefined;
  }

  /** True while something is being asked or waits for its turn. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** One call that takes the camera first and a GError last. `before` runs when its turn has come. */
  ask(name: AravisFunction, args: Argument[] = [], before?: () => void): Promise<unknown> {
    return this.#next(async () => {
      before?.();
      const timer = setTimeout(() => this.#silent(), silentMs);
      try {
        return await this.aravis.tryAsync(name, this.camera, ...args);
      } catch (thrown) {
        throw asSourceError(thrown, `${name.replace(/^arv_camera_/, '').replaceAll('_', ' ')} ${shownArguments(args)}`);
      } finally {
        clearTimeout(timer);
      }
    });
  }

  /** Whether the device answers and this process controls it; rejects otherwise. */
  checkControl(): Promise<void> {
    return this.#next(async () => {
      const timer = setTimeout(() => this.#silent(), silentMs);
      try {
        const value: [number] = [0];
        const register = this.isGigE ? controlRegister : genCpVersionRegister;
        await this.aravis.tryAsync('arv_device_read_register', this.#device, register, value);
        if (this.isGigE && ((value[0] & controlBits) === 0 || !this.controls())) {
          throw new GoodpartError('GP_SOURCE_FAILED', 'Control of the camera was lost');
        }
      } catch (thrown) {
        throw asSourceError(thrown, 'The camera does not answer');
      } finally {
        clearTimeout(timer);
      }
    });
  }

  controls(): boolean {
    return !this.isGigE || this.aravis.call('arv_gv_device_is_controller', this.#device) !== 0;
  }

  /** After `leave` and whatever still runs: the camera sends no more. Never rejects. */
  async stopAcquisition(): Promise<void> {
    await this.#lane;
    await this.aravis.tryAsync('arv_camera_stop_acquisition', this.camera).catch(() => {});
  }

  /** Tells the camera that it is free, after whatever still runs. Takes seconds where it does not answer. */
  async release(): Promise<void> {
    this.leave();
    await this.#lane;
    await this.aravis.unref(this.camera);
  }

  async has(feature: string): Promise<boolean> {
    return (await this.ask('arv_camera_is_feature_available', [feature])) !== 0;
  }

  async string(feature: string): Promise<string> {
    return String(await this.ask('arv_camera_get_string', [feature]));
  }

  async float(feature: string): Promise<number> {
    return (await this.ask('arv_camera_get_float', [feature])) as number;
  }

  async set(feature: string, value: string | number): Promise<void> {
    if (typeof value === 'string') await this.ask('arv_camera_set_string', [feature, value]);
    else await this.ask('arv_camera_set_float', [feature, value]);
  }

  /** The words that an enumeration can be set to now. */
  async choices(feature: string): Promise<string[]> {
    const count: [number] = [0];
    const name = 'arv_camera_dup_available_enumerations_as_strings';
    const array = (await this.ask(name, [feature, count])) as Pointer | null;
    return this.aravis.takeStrings(array, count[0]);
  }

  #silent(): void {
    const tell = this.#onSilent;
    this.#onSilent = undefined;
    tell?.();
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const turn = this.#lane.then(() => {
      if (this.#left) throw new GoodpartError('GP_SOURCE_FAILED', 'The camera is being closed');
      return work();
    });
    this.#lane = turn.then(
      () => this.#done(),
      () => this.#done(),
    );
    return turn;
  }

  #done(): void {
    this.#waiting -= 1;
  }
}

function shownArguments(args: Argument[]): string {
  return args.filter((arg) => !Array.isArray(arg)).join(' ');
}

/** A GError of GLib as ours, with what was tried. */
function asSourceError(thrown: unknown, what: string): GoodpartError {
  if (GoodpartError.is(thrown)) return thrown;
  const said = thrown instanceof AravisError ? thrown.message : String(thrown);
  return new GoodpartError('GP_SOURCE_FAILED', `${what.trim()}: ${said.slice(0, 300)}`, { cause: thrown });
}
