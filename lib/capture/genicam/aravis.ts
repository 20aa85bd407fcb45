import { promisify } from 'node:util';
import { GoodpartError } from '../../core/errors.ts';

/** An address in this process; koffi gives NULL as null. */
export type Pointer = bigint;
export type Argument = Pointer | number | bigint | string | Buffer | null | unknown[];

const error = '_Out_ void **error';

/**
 * libaravis as of 0.8.20 (Ubuntu 22.04): the name, what it returns, what it takes. `test/capture/genicam-signatures.test.ts`
 * holds each of them against the installed library's own description, for a wrong one is a crash.
 */
export const aravisPrototypes = {
  arv_get_n_devices: 'uint arv_get_n_devices()',
  arv_update_device_list: 'void arv_update_device_list()',
  arv_get_device_id: 'const char *arv_get_device_id(uint index)',
  arv_get_device_physical_id: 'const char *arv_get_device_physical_id(uint index)',
  arv_get_device_address: 'const char *arv_get_device_address(uint index)',
  arv_get_device_vendor: 'const char *arv_get_device_vendor(uint index)',
  arv_get_device_model: 'const char *arv_get_device_model(uint index)',
  arv_get_device_serial_nbr: 'const char *arv_get_device_serial_nbr(uint index)',
  arv_get_device_protocol: 'const char *arv_get_device_protocol(uint index)',

  arv_camera_new: `void *arv_camera_new(const char *name, ${error})`,
  arv_camera_get_device: 'void *arv_camera_get_device(void *camera)',
  arv_camera_is_gv_device: 'int arv_camera_is_gv_device(void *camera)',
  arv_gv_device_is_controller: 'int arv_gv_device_is_controller(void *device)',
  arv_device_read_register: `int arv_device_read_register(void *device, uint64 address, _Out_ uint32 *value, ${error})`,
  arv_camera_get_vendor_name: `const char *arv_camera_get_vendor_name(void *camera, ${error})`,
  arv_camera_get_model_name: `const char *arv_camera_get_model_name(void *camera, ${error})`,
  arv_camera_get_device_id: `const char *arv_camera_get_device_id(void *camera, ${error})`,

  arv_camera_is_feature_available: `int arv_camera_is_feature_available(void *camera, const char *feature, ${error})`,
  arv_camera_execute_command: `void arv_camera_execute_command(void *camera, const char *feature, ${error})`,
  arv_camera_get_string: `const char *arv_camera_get_string(void *camera, const char *feature, ${error})`,
  arv_camera_set_string: `void arv_camera_set_string(void *camera, const char *feature, const char *value, ${error})`,
  arv_camera_get_integer: `int64 arv_camera_get_integer(void *camera, const char *feature, ${error})`,
  arv_camera_set_integer: `void arv_camera_set_integer(void *camera, const char *feature, int64 value, ${error})`,
  arv_camera_get_float: `double arv_camera_get_float(void *camera, const char *feature, ${error})`,
  arv_camera_set_float: `void arv_camera_set_float(void *camera, const char *feature, double value, ${error})`,
  arv_camera_dup_available_enumerations_as_strings: `void *arv_camera_dup_available_enumerations_as_strings(void *camera, const char *feature, _Out_ uint *count, ${error})`,

  arv_camera_set_region: `void arv_camera_set_region(void *camera, int x, int y, int width, int height, ${error})`,
  arv_camera_get_region: `void arv_camera_get_region(void *camera, _Out_ int *x, _Out_ int *y, _Out_ int *width, _Out_ int *height, ${error})`,
  arv_camera_is_exposure_time_available: `int arv_camera_is_exposure_time_available(void *camera, ${error})`,
  arv_camera_set_exposure_time: `void arv_camera_set_exposure_time(void *camera, double us, ${error})`,
  arv_camera_get_exposure_time: `double arv_camera_get_exposure_time(void *camera, ${error})`,
  arv_camera_get_exposure_time_bounds: `void arv_camera_get_exposure_time_bounds(void *camera, _Out_ double *min, _Out_ double *max, ${error})`,
  arv_camera_is_gain_available: `int arv_camera_is_gain_available(void *camera, ${error})`,
  arv_camera_set_gain: `void arv_camera_set_gain(void *camera, double gain, ${error})`,
  arv_camera_get_gain: `double arv_camera_get_gain(void *camera, ${error})`,
  arv_camera_get_gain_bounds: `void arv_camera_get_gain_bounds(void *camera, _Out_ double *min, _Out_ double *max, ${error})`,
  arv_camera_set_frame_rate: `void arv_camera_set_frame_rate(void *camera, double rate, ${error})`,
  arv_camera_get_frame_rate: `double arv_camera_get_frame_rate(void *camera, ${error})`,
  arv_camera_get_frame_rate_bounds: `void arv_camera_get_frame_rate_bounds(void *camera, _Out_ double *min, _Out_ double *max, ${error})`,
  arv_camera_get_payload: `uint arv_camera_get_payload(void *camera, ${error})`,
  arv_camera_gv_set_packet_size: `void arv_camera_gv_set_packet_size(void *camera, int bytes, ${error})`,
  arv_camera_gv_get_packet_size: `uint arv_camera_gv_get_packet_size(void *camera, ${error})`,
  arv_camera_gv_set_packet_delay: `void arv_camera_gv_set_packet_delay(void *camera, int64 ns, ${error})`,

  arv_camera_set_trigger: `void arv_camera_set_trigger(void *camera, const char *source, ${error})`,
  arv_camera_clear_triggers: `void arv_camera_clear_triggers(void *camera, ${error})`,
  arv_camera_is_software_trigger_supported: `int arv_camera_is_software_trigger_supported(void *camera, ${error})`,
  arv_camera_software_trigger: `void arv_camera_software_trigger(void *camera, ${error})`,
  arv_camera_start_acquisition: `void arv_camera_start_acquisition(void *camera, ${error})`,
  arv_camera_stop_acquisition: `void arv_camera_stop_acquisition(void *camera, ${error})`,

  arv_camera_create_stream: `void *arv_camera_create_stream(void *camera, void *callback, void *data, ${error})`,
  arv_stream_push_buffer: 'void arv_stream_push_buffer(void *stream, void *buffer)',
  arv_stream_timeout_pop_buffer: 'void *arv_stream_timeout_pop_buffer(void *stream, uint64 us)',
  arv_buffer_new_allocate: 'void *arv_buffer_new_allocate(size_t bytes)',
  arv_buffer_get_status: 'int arv_buffer_get_status(void *buffer)',
  arv_buffer_get_payload_type: 'int arv_buffer_get_payload_type(void *buffer)',
  arv_buffer_get_frame_id: 'uint64 arv_buffer_get_frame_id(void *buffer)',
  arv_buffer_get_timestamp: 'uint64 arv_buffer_get_timestamp(void *buffer)',
  arv_buffer_get_system_timestamp: 'uint64 arv_buffer_get_system_timestamp(void *buffer)',
  arv_buffer_get_data: 'void *arv_buffer_get_data(void *buffer, _Out_ size_t *bytes)',
  arv_buffer_get_image_width: 'int arv_buffer_get_image_width(void *buffer)',
  arv_buffer_get_image_height: 'int arv_buffer_get_image_height(void *buffer)',
  arv_buffer_get_image_pixel_format: 'uint32 arv_buffer_get_image_pixel_format(void *buffer)',
} as const;

/** Newer than 0.8.20, and done without where they are missing. */
export const optionalPrototypes = {
  arv_buffer_get_image_padding: 'void arv_buffer_get_image_padding(void *buffer, _Out_ int *x, _Out_ int *y)',
  arv_get_major_version: 'uint arv_get_major_version()',
  arv_get_minor_version: 'uint arv_get_minor_version()',
  arv_get_micro_version: 'uint arv_get_micro_version()',
} as const;

export type AravisFunction = keyof typeof aravisPrototypes;
export type OptionalFunction = keyof typeof optionalPrototypes;

interface Native {
  (...args: Argument[]): unknown;
  async(...args: [...Argument[], (thrown: unknown, result: unknown) => void]): void;
}

export const aravisLibrary = 'libaravis-0.8.so.0';

/** What `loadAravis` takes from outside; tests name what is not there. */
export interface AravisOrigin {
  library?: string;
  importKoffi?: () => Promise<typeof import('koffi')>;
}

/** libaravis and the few functions of GLib that go with it, in the camera's child only. */
export class Aravis {
  /** Of libaravis, e.g. `0.8.26`; empty where it is too old to say. */
  readonly version: string;
  readonly #koffi: typeof import('koffi');
  readonly #functions = new Map<string, Native>();
  readonly #free: Native;
  readonly #freeError: Native;
  readonly #unref: Native;
  readonly #copy: Native;
  readonly #errorType: ReturnType<typeof import('koffi').struct>;

  constructor(koffi: typeof import('koffi'), library: string) {
    this.#koffi = koffi;
    // libaravis parses XML recursively: koffi's 128 KiB for asynchronous calls could overflow
    koffi.config({ ...koffi.config(), async_stack_size: 2 << 20 });
    const aravis = koffi.load(library);
    for (const [name, prototype] of Object.entries(aravisPrototypes)) {
      this.#functions.set(name, aravis.func(prototype) as Native);
    }
    for (const [name, prototype] of Object.entries(optionalPrototypes)) {
      try {
        this.#functions.set(name, aravis.func(prototype) as Native);
      } catch {
        // done without
      }
    }
    const glib = koffi.load('libglib-2.0.so.0');
    this.#free = glib.func('void g_free(void *memory)') as Native;
    this.#freeError = glib.func('void g_error_free(void *error)') as Native;
    this.#unref = koffi.load('libgobject-2.0.so.0').func('void g_object_unref(void *object)') as Native;
    this.#copy = koffi.load(null).func('void *memcpy(_Out_ void *to, const void *from, size_t bytes)') as Native;
    this.#errorType = koffi.struct({ domain: 'uint32', code: 'int', message: 'const char *' });
    this.version = (['major', 'minor', 'micro'] as const)
      .map((part) => `arv_get_${part}_version` as const)
      .filter((name) => this.has(name))
      .map((name) => this.call(name))
      .join('.');
  }

  has(name: OptionalFunction): boolean {
    return this.#functions.has(name);
  }

  /** On this thread: only for what neither waits nor asks the device. */
  call(name: AravisFunction | OptionalFunction, ...args: Argument[]): unknown {
    return this.#native(name)(...args);
  }

  /** On a thread of libuv's pool: everything that may wait. */
  callAsync(name: AravisFunction, ...args: Argument[]): Promise<unknown> {
    return promisify(this.#native(name).async as (...all: Argument[]) => void)(...args) as unknown as Promise<unknown>;
  }

  /** As `callAsync`, for a function whose last argument is a GError: freed here and thrown as an `AravisError`. */
  async tryAsync(name: AravisFunction, ...args: Argument[]): Promise<unknown> {
    const failure: [Pointer | null] = [null];
    const result = await this.callAsync(name, ...args, failure);
    if (failure[0] === null) return result;
    const { code, message } = this.#koffi.decode(failure[0], this.#errorType) as { code: number; message: string };
    this.#freeError(failure[0]);
    throw new AravisError(message, code);
  }

  /** Lets go of a GObject, on a thread of the pool: the last reference to a device tells it so and waits for its answer. */
  unref(object: Pointer): Promise<unknown> {
    return promisify(this.#unref.async as (...all: Argument[]) => void)(object) as unknown as Promise<unknown>;
  }

  /** A copy of foreign memory. */
  copy(from: Pointer, bytes: number): Buffer {
    const to = Buffer.allocUnsafeSlow(bytes);
    if (bytes > 0) this.#copy(to, from, bytes);
    return to;
  }

  /** An array of `count` strings, of which only the array is ours to free. */
  takeStrings(array: Pointer | null, count: number): string[] {
    if (array === null) return [];
    const strings = count > 0 ? (this.#koffi.decode(array, this.#koffi.array('const char *', count)) as string[]) : [];
    this.#free(array);
    return strings;
  }

  #native(name: string): Native {
    const found = this.#functions.get(name);
    if (found === undefined) throw new GoodpartError('GP_INTERNAL', `libaravis has no ${name}`);
    return found;
  }
}

/** What libaravis said. `code` is an ArvDeviceError where the device is at fault. */
export class AravisError extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.name = 'AravisError';
    this.code = code;
  }
}

let loaded: Promise<Aravis> | undefined;

/** libaravis, loaded at most once. Rejects with GP_SOURCE_FAILED and the package to install where it is missing. */
export function loadAravis(origin?: AravisOrigin): Promise<Aravis> {
  if (origin !== undefined) return load(origin);
  loaded ??= load({});
  return loaded;
}

async function load({ library = aravisLibrary, importKoffi = () => import('koffi') }: AravisOrigin): Promise<Aravis> {
  let koffi: typeof import('koffi');
  try {
    koffi = await importKoffi();
  } catch (thrown) {
    throw missing('the package koffi', 'npm install koffi@3.3.4 in the user directory', thrown);
  }
  try {
    return new Aravis(koffi, library);
  } catch (thrown) {
    throw missing(library, 'sudo apt install libaravis-0.8-0', thrown);
  }
}

function missing(what: string, how: string, cause: unknown): GoodpartError {
  const why = cause instanceof Error ? cause.message.split('\n')[0].slice(0, 200) : String(cause);
  return new GoodpartError('GP_SOURCE_FAILED', `GenICam cameras need ${what}: ${how} (${why})`, {
    field: 'source',
    expected: what,
    received: 'nothing',
    cause,
  });
}
