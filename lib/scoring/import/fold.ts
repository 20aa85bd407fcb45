import { isDeepStrictEqual } from 'node:util';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../core/random.ts';
import { onnxTypes, type ValueInfoProto } from '../onnx-proto.ts';
import { floatValue, type GraphEdit, readBy } from './graph-edit.ts';

/** Sizes, positions and small tables; what is computed from whole weights stays a computation. */
const mostElements = 65_536;

/** How many numbers these give hangs on the picture's content. */
const countsContent = /^(NonZero|Unique|Compress|NonMaxSuppression|Loop|Scan|If|Sequence.*)$/;

/** Folding these would change what they compute: random numbers, or weights that stay quantised. */
const neverFolded = /^(Random|Bernoulli|Multinomial|DequantizeLinear)/;

/**
 * Replaces what depends on sizes and weights alone by constants, now that the size of the picture is fixed: an export with open
 * sizes computes the targets of its Resize and Reshape from Shape, Gather and Concat anew for each picture, which TensorRT may refuse.
 * Runs on a grey picture and on noise tell their values; what differs hangs on more than sizes. Leaves the graph as it is where ONNX
 * Runtime does not run it so.
 */
export async function foldSizes(edit: GraphEdit, input: ValueInfoProto): Promise<void> {
  const constant = constantValues(edit, input.name);
  const weights = new Set(edit.graph.initializer?.map(({ name }) => name ?? ''));
  const varying = edit.nodes.filter(({ output = [] }) => output.some((name) => name !== '' && !constant.has(name)));
  const wanted = new Set(
    varying
      .flatMap(({ input = [] }) => input)
      .filter((name) => constant.has(name) && !weights.has(name) && edit.producer(name)?.opType !== 'Constant'),
  );
  if (wanted.size === 0) return;
  const replaced = new Map<string, string>();
  const [grey, noise] = await valuesOf(edit, input, [...wanted]);
  for (const [name, tensor] of Object.entries(grey)) {
    const { dims, type, data } = tensor;
    if (!isDeepStrictEqual([data, dims], [noise[name].data, noise[name].dims])) continue;
    if (typeof data === 'string' || !ArrayBuffer.isView(data) || data.length > mostElements) continue;
    const code = (onnxTypes as Record<string, number>)[type];
    if (code === undefined) continue;
    const rawData = new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    replaced.set(name, edit.tensor({ dims: [...dims], dataType: code, rawData }));
  }
  for (const node of varying) node.input = node.input?.map((name) => replaced.get(name) ?? name);
}

/** Names of values that are the same for every picture. */
function constantValues(edit: GraphEdit, picture: string): Set<string> {
  const constant = new Set(edit.graph.initializer?.map(({ name }) => name ?? ''));
  const made = new Set([picture, ...edit.nodes.flatMap(({ output = [] }) => output)]);
  const counted = new Set<string>();
  for (const node of edit.nodes) {
    if (neverFolded.test(node.opType)) continue;
    if (countsContent.test(node.opType) || readBy(node).some((name) => counted.has(name))) {
      for (const name of node.output ?? []) counted.add(name);
      continue;
    }
    const ofShape = node.opType === 'Shape' || node.opType === 'Size';
    // what nothing here makes is inner to the node's own graphs
    if (!ofShape && !readBy(node).every((name) => constant.has(name) || !made.has(name))) continue;
    for (const name of node.output ?? []) if (name !== '') constant.add(name);
  }
  return constant;
}

type Values = Record<string, Tensor>;

/** Of a grey picture and of noise; none where the graph does not run. */
async function valuesOf(edit: GraphEdit, input: ValueInfoProto, names: string[]): Promise<[Values, Values]> {
  const ort = await import('onnxruntime-node');
  const bytes = edit.write(
    input,
    names.map((name) => floatValue(name)),
  );
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  } catch {
    return [{}, {}];
  }
  try {
    const dims = input.type?.tensorType?.shape?.dim?.map(({ dimValue }) => dimValue ?? 1) ?? [];
    const count = dims.reduce((product, side) => product * side, 1);
    const random = seededRandom(1);
    const run = async (level: () => number): Promise<Values> => {
      const picture =
        input.type?.tensorType?.elemType === onnxTypes.uint8
          ? new ort.Tensor(
              'uint8',
              Uint8Array.from({ length: count }, () => Math.round(level() * 255)),
              dims,
            )
          : new ort.Tensor('float32', Float32Array.from({ length: count }, level), dims);
      // a value that hangs on sizes alone needs no picture at all
      return { ...(await session.run(session.inputNames.length > 0 ? { [input.name]: picture } : {})) } as Values;
    };
    return [await run(() => 0.5), await run(random)];
  } catch {
    return [{}, {}];
  } finally {
    await session.release();
  }
}
