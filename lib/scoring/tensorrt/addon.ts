import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, GoodpartError, shown } from '../../core/errors.ts';
import { sourceFolder } from './compile.ts';

/** What the addon gives (addon/addon.cc). Its promises reject, and its functions throw, with Errors that have `code` and `broken`. */
export interface Addon {
  examine(): Promise<Examined>;
  /** `workspace` in bytes. The promise gives the plan; `progress` of the id is null once it has ended. */
  build(onnx: Uint8Array, half: boolean, workspace: number): { id: number; plan: Promise<Buffer> };
  progress(build: number): { phase: string; share: number } | null;
  /** Calls every build off. */
  cancel(): void;
  load(plan: Uint8Array): Promise<{ id: number; tensors: AddonTensor[] }>;
  /** One run of a plan at a time; the inputs' bytes in, the outputs' out, in the order of `tensors`. */
  run(plan: number, feeds: ArrayBufferView[]): Promise<ArrayBuffer[]>;
  close(plan: number): void;
}

export interface Examined {
  /** Major · 10000 + minor · 100 + patch, of the library and of the headers it was compiled with. */
  tensorrt: number;
  headers: number;
  /** What the driver can: 12060 is CUDA 12.6. */
  cuda: number;
  gpu: string;
  /** Bytes. */
  memory: number;
  integrated: boolean;
}

export interface AddonTensor {
  name: string;
  type: string;
  shape: number[];
  input: boolean;
}

/** Where the addon of these sources lies once it is built: another version of Goodpart has another name. */
export function addonFile(folder: string): string {
  const hash = createHash('sha256').update(process.arch);
  for (const file of readdirSync(sourceFolder).sort()) {
    if (/\.(cc|h)$/.test(file)) hash.update(file).update(readFileSync(join(sourceFolder, file)));
  }
  return join(folder, `addon-${hash.digest('hex').slice(0, 12)}.node`);
}

/** Loads the addon, for good. Only in an engine child or another process that may end. Throws GP_TENSORRT_MISSING. */
export function loadAddon(folder: string): Addon {
  const file = addonFile(folder);
  if (!existsSync(file)) {
    const others = existsSync(folder) && readdirSync(folder).some((name) => /^addon-.*\.node$/.test(name));
    const found = others ? 'is of another version of Goodpart' : 'is missing';
    throw new GoodpartError('GP_TENSORRT_MISSING', `TensorRT's addon ${found}: run goodpart tensorrt build`);
  }
  try {
    return require(file) as Addon;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : shown(cause);
    const advice = 'run goodpart tensorrt build again';
    throw new GoodpartError('GP_TENSORRT_MISSING', `TensorRT's addon does not load (${text}): ${advice}`, { cause });
  }
}

/** An error of the addon's as ours, and whether the GPU's context is lost with it. */
export function addonError(thrown: unknown): { error: GoodpartError; broken: boolean } {
  if (GoodpartError.is(thrown)) return { error: thrown, broken: false };
  const { code, message, broken } = thrown as { code?: unknown; message?: unknown; broken?: unknown };
  return { error: GoodpartError.fromJSON({ code, message }), broken: broken === true };
}

/** Failures of TensorRT itself, not of the picture or the process. */
export function isOfTensorRt(code: ErrorCode): boolean {
  return ofTensorRt.has(code);
}

const ofTensorRt = new Set<ErrorCode>([
  ...(['GP_TENSORRT_MISSING', 'GP_TENSORRT_BUILD', 'GP_TENSORRT_PLAN'] as const),
  ...(['GP_TENSORRT_MEMORY', 'GP_TENSORRT_REFUSED'] as const),
]);

/** 100300 is 10.3.0. */
export function shownVersion(version: number): string {
  return `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}.${version % 100}`;
}
