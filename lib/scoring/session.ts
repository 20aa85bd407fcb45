import { createHash } from 'node:crypto';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import { decodeModel } from './onnx-proto.ts';

/** One input or output of a graph. A dimension is null where the graph leaves it open. */
export interface TensorInfo {
  name: string;
  /** ONNX Runtime's word: `uint8`, `float32`, … */
  type: string;
  shape: (number | null)[];
}

/** What goes in. A Buffer counts as uint8. Row major. */
export interface TensorInput {
  data: Uint8Array | Float32Array;
  shape: readonly number[];
}

/** What comes out, row major; memory of its own. */
export interface TensorOutput {
  data: Float32Array;
  shape: readonly number[];
}

export interface SessionOptions {
  /** Hex; refused with GP_MODEL_INVALID where the bytes have another one. */
  sha256?: string;
  /** Threads within an operator, default 1: the second core decodes the next picture. */
  threads?: number;
}

const maxModelBytes = 1024 * 1024 * 1024;

/**
 * One ONNX graph, loaded from bytes and ready to run on the CPU. Only for child processes: ONNX Runtime's run() blocks the
 * thread that calls it, and ending a thread in mid-run aborts the process.
 */
export class Session {
  readonly sha256: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The provider that runs it. */
  readonly provider = 'cpu';
  readonly #session: InferenceSession;
  readonly #ort: typeof import('onnxruntime-node');

  private constructor(sha256: string, session: InferenceSession, ort: typeof import('onnxruntime-node')) {
    this.sha256 = sha256;
    this.#session = session;
    this.#ort = ort;
    this.inputs = session.inputMetadata.map(describe);
    this.outputs = session.outputMetadata.map(describe);
  }

  /** Throws GP_MODEL_INVALID: wrong sha256, no ONNX file, external data, an operator that ONNX Runtime does not know. */
  static async open(bytes: Uint8Array, { sha256, threads = 1 }: SessionOptions = {}): Promise<Session> {
    if (bytes.length === 0 || bytes.length > maxModelBytes) {
      throw invalidParameter('model.onnx', `1 to ${maxModelBytes} bytes`, `${bytes.length} bytes`, 'GP_MODEL_INVALID');
    }
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== undefined && sha256.toLowerCase() !== actual) {
      throw invalidParameter('model.onnx sha256', sha256, actual, 'GP_MODEL_INVALID');
    }
    refuseOutsideFiles(bytes);
    const ort = await import('onnxruntime-node');
    try {
      const session = await ort.InferenceSession.create(bytes, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // errors come as exceptions; what ONNX Runtime prints beside them would crowd the child's last lines
        logSeverityLevel: 4,
      });
      return new Session(actual, session, ort);
    } catch (error) {
      throw new GoodpartError('GP_MODEL_INVALID', `ONNX Runtime refused model.onnx: ${firstLine(error)}`, {
        field: 'model.onnx',
        cause: error,
      });
    }
  }

  /**
   * Runs the graph once; blocks this process's thread meanwhile. `wanted`: names of outputs, default all.
   * Throws GP_INPUT_INVALID for a missing input or a wrong element count, GP_MODEL_INVALID for an output that is not float32,
   * GP_ENGINE_FAILED for what ONNX Runtime reports.
   */
  async run(
    feeds: Record<string, TensorInput>,
    wanted: readonly string[] = this.outputs.map(({ name }) => name),
  ): Promise<Record<string, TensorOutput>> {
    const tensors: Record<string, Tensor> = {};
    for (const { name } of this.inputs) {
      const feed = feeds[name];
      if (feed === undefined) throw invalidParameter(`input ${name}`, 'a tensor', undefined);
      const count = feed.shape.reduce((product, side) => product * side, 1);
      if (feed.data.length !== count) {
        throw invalidParameter(`input ${name}`, `${count} values (${feed.shape.join('x')})`, feed.data.length);
      }
      tensors[name] =
        feed.data instanceof Float32Array
          ? new this.#ort.Tensor('float32', feed.data, feed.shape)
          : new this.#ort.Tensor('uint8', feed.data, feed.shape);
    }
    let results: Awaited<ReturnType<InferenceSession['run']>>;
    try {
      results = await this.#session.run(tensors, [...wanted]);
    } catch (error) {
      throw asGoodpartError(new Error(firstLine(error), { cause: error }), 'GP_ENGINE_FAILED');
    }
    const outputs: Record<string, TensorOutput> = {};
    for (const name of wanted) {
      const { data, dims, type } = results[name];
      if (!(data instanceof Float32Array)) {
        throw invalidParameter(`output ${name}`, 'float32', type, 'GP_MODEL_INVALID');
      }
      outputs[name] = { data, shape: dims };
    }
    return outputs;
  }

  /** Frees the graph's memory; the session is useless afterwards. */
  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

function describe(metadata: InferenceSession.ValueMetadata): TensorInfo {
  const { name } = metadata;
  if (!metadata.isTensor) return { name, type: 'not a tensor', shape: [] };
  const shape = metadata.shape.map((side) => (typeof side === 'number' && side >= 0 ? side : null));
  return { name, type: metadata.type, shape };
}

/** A graph that names files would read anything this process may read (CVE-2022-25882, CVE-2024-27318 and kin). */
function refuseOutsideFiles(bytes: Uint8Array): void {
  const found = outsideFile(decodeModel(bytes));
  if (found === undefined) return;
  throw new GoodpartError(
    'GP_MODEL_INVALID',
    `Expected a model in one file for model.onnx but received one that refers to other files (${found})`,
    { field: 'model.onnx', expected: 'a model in one file', received: found },
  );
}

function outsideFile(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  const { externalData, dataLocation, opType, name } = value as Record<string, unknown>;
  if (dataLocation === 1 || (Array.isArray(externalData) && externalData.length > 0)) {
    return `external data of tensor ${JSON.stringify(String(name ?? '').slice(0, 40))}`;
  }
  if (opType === 'EPContext') return 'operator EPContext';
  for (const part of Object.values(value)) {
    const found = Array.isArray(part) ? firstFound(part) : outsideFile(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstFound(list: unknown[]): string | undefined {
  if (typeof list[0] !== 'object') return undefined; // numbers: possibly millions
  for (const item of list) {
    const found = outsideFile(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0].slice(0, 300);
}
