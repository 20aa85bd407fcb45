import { systemClock } from '../../core/clock.ts';
import { GoodpartError } from '../../core/errors.ts';
import type { Aravis, Pointer } from './aravis.ts';
import type { GenicamDevice } from './device.ts';
import { bytesOf, type RawImage } from './pixels.ts';

const statuses = [
  'success',
  'cleared',
  'timeout',
  'missing packets',
  'wrong packet',
  'size mismatch',
  'filling',
  'aborted',
];
const imagePayload = 0x0001;
/** Chunks of metadata behind the image: the flag of GigE Vision 2, and the older type of its own. */
const chunkFlag = 0x4000;
const extendedChunkPayload = 0x0005;

/** What came out of the stream, copied: the buffer itself is the camera's again. */
export interface Arrival {
  frameId: number;
  /** Milliseconds on the camera's clock; null where it does not tell. */
  stamp: number | null;
  /** When the first packet came, monotonic milliseconds; null where the wall clock was set meanwhile. */
  arrival: number | null;
  /** Of a complete picture. */
  image: RawImage | null;
  /** Why there is no image; null where nothing was exposed at all (a buffer given back by an orderly stop). */
  incomplete: string | null;
}

/** The buffers of one camera, `depth` of them: filled by libaravis's thread, emptied by `pop`. */
export class GenicamStream {
  readonly #aravis: Aravis;
  readonly #stream: Pointer;

  private constructor(aravis: Aravis, stream: Pointer) {
    this.#aravis = aravis;
    this.#stream = stream;
  }

  static async create(device: GenicamDevice, depth: number): Promise<GenicamStream> {
    const { aravis } = device;
    const payload = Number(await device.ask('arv_camera_get_payload'));
    if (!(payload > 0 && payload <= 1 << 30)) {
      throw new GoodpartError('GP_SOURCE_FAILED', `The camera wants to send pictures of ${payload} bytes`);
    }
    const pointer = (await device.ask('arv_camera_create_stream', [null, null])) as Pointer | null;
    if (pointer === null) throw new GoodpartError('GP_SOURCE_FAILED', 'The camera offers no stream of pictures');
    for (let i = 0; i < depth; i++) {
      aravis.call('arv_stream_push_buffer', pointer, aravis.call('arv_buffer_new_allocate', payload) as Pointer);
    }
    return new GenicamStream(aravis, pointer);
  }

  /** The next picture, complete or not; null when none came within `waitMs`. */
  async pop(waitMs: number): Promise<Arrival | null> {
    const buffer = await this.#aravis.callAsync(
      'arv_stream_timeout_pop_buffer',
      this.#stream,
      Math.round(waitMs * 1000),
    );
    if (buffer === null) return null;
    try {
      return this.#read(buffer as Pointer);
    } finally {
      this.#aravis.call('arv_stream_push_buffer', this.#stream, buffer as Pointer);
    }
  }

  /** No `pop` may run. Tells the camera to send no more, which takes seconds where it does not answer. */
  async release(): Promise<void> {
    await this.#aravis.unref(this.#stream);
  }

  #number(name: Parameters<Aravis['call']>[0], buffer: Pointer): number {
    return Number(this.#aravis.call(name, buffer));
  }

  #read(buffer: Pointer): Arrival {
    const status = statuses[this.#number('arv_buffer_get_status', buffer)] ?? 'unknown';
    const systemMs = this.#number('arv_buffer_get_system_timestamp', buffer) / 1e6;
    const stampMs = this.#number('arv_buffer_get_timestamp', buffer) / 1e6;
    const known = {
      frameId: this.#number('arv_buffer_get_frame_id', buffer),
      stamp: stampMs > 0 ? stampMs : null,
      arrival: arrivedAt(systemMs),
    };
    if (status !== 'success') {
      const nothing = status === 'aborted' || status === 'cleared';
      return { ...known, image: null, incomplete: nothing ? null : status };
    }
    const image = this.#image(buffer);
    return typeof image === 'string'
      ? { ...known, image: null, incomplete: image }
      : { ...known, image, incomplete: null };
  }

  /** The picture in a complete buffer, or why there is none. */
  #image(buffer: Pointer): RawImage | string {
    const type = this.#number('arv_buffer_get_payload_type', buffer);
    if ((type & ~chunkFlag) !== imagePayload && type !== extendedChunkPayload)
      return `no picture (payload type ${type})`;
    const size: [number] = [0];
    const data = this.#aravis.call('arv_buffer_get_data', buffer, size) as Pointer | null;
    const padding: [number] = [0];
    if (this.#aravis.has('arv_buffer_get_image_padding')) {
      this.#aravis.call('arv_buffer_get_image_padding', buffer, padding, [0]);
    }
    const about = {
      code: this.#number('arv_buffer_get_image_pixel_format', buffer),
      width: this.#number('arv_buffer_get_image_width', buffer),
      height: this.#number('arv_buffer_get_image_height', buffer),
      padding: padding[0],
    };
    const bytes = bytesOf(about) ?? Number(size[0]);
    if (data === null || bytes > Number(size[0])) return `${size[0]} bytes instead of ${bytes}`;
    return { ...about, data: this.#aravis.copy(data, bytes) };
  }
}

/**
 * The monotonic instant of a wall clock's, late by nothing and early by a millisecond at most, which is what the wall clock
 * resolves here. An age that cannot be means that the clock was set meanwhile.
 */
function arrivedAt(wallMs: number): number | null {
  const age = Date.now() + 1 - wallMs;
  return age >= 0 && age < 1_000 ? systemClock.mono() - age : null;
}
