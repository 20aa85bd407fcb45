import { lstat, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GoodpartError } from '../../core/errors.ts';
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto } from '../onnx-proto.ts';

/** Weights of one model, inlined or not: what a session takes at most (session.ts). */
const maxBytes = 1024 * 1024 * 1024;

const toDo =
  'put the weights file beside the .onnx file, or write one file: in Python onnx.save(onnx.load("model.onnx"), "one-file.onnx")';

/**
 * Reads weights that a model keeps in files beside it into the model (torch.onnx with dynamo writes `model.onnx.data`); returns
 * the files' names. Only a regular file in the model's own folder, named without a path, is opened: a model from outside could
 * name any file. Throws GP_MODEL_INVALID.
 */
export async function inlineExternalData(model: ModelProto, onnxPath: string): Promise<string[]> {
  const byFile = new Map<string, TensorProto[]>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== 1 && !tensor.externalData?.length) continue;
    const location = entry(tensor, 'location') ?? '';
    const plain = location !== '' && location === basename(location) && !/[\\/:\0]|^\.\.?$/.test(location);
    if (!plain) throw refused(tensor, `a file name in the model's folder`, JSON.stringify(location.slice(0, 60)));
    byFile.set(location, [...(byFile.get(location) ?? []), tensor]);
  }
  let total = 0;
  for (const [location, tensors] of byFile) {
    const path = join(dirname(onnxPath), location);
    const stat = await lstat(path).catch(() => undefined);
    if (!stat?.isFile()) throw refused(tensors[0], `the weights file ${location} beside the model`, 'none');
    const file = await open(path, 'r');
    try {
      for (const tensor of tensors) {
        const offset = Number(entry(tensor, 'offset') ?? 0);
        const length = Number(entry(tensor, 'length') ?? stat.size - offset);
        const inside = [offset, length].every((n) => Number.isSafeInteger(n) && n >= 0) && offset + length <= stat.size;
        if (!inside) {
          throw refused(tensor, `bytes within ${location} (${stat.size})`, `${length} from ${offset} on: damaged`);
        }
        total += length;
        if (total > maxBytes) throw refused(tensor, `at most ${maxBytes} bytes of weights`, 'more');
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset);
        if (bytesRead !== length) throw refused(tensor, `${length} bytes of ${location}`, `${bytesRead}`);
        tensor.rawData = bytes;
        delete tensor.externalData;
        delete tensor.dataLocation;
      }
    } finally {
      await file.close();
    }
  }
  return [...byFile.keys()];
}

/** All tensors of a model, wherever ONNX keeps them. */
export function tensorsOf({ graph, functions = [] }: ModelProto): TensorProto[] {
  return [
    ...(graph ? inGraph(graph) : []),
    ...functions.flatMap(({ node = [] }: FunctionProto) => node.flatMap(inNode)),
  ];
}

function inGraph({ initializer = [], node = [] }: GraphProto): TensorProto[] {
  return [...initializer, ...node.flatMap(inNode)];
}

function inNode({ attribute = [] }: NodeProto): TensorProto[] {
  return attribute.flatMap(({ t, tensors = [], g, graphs = [] }: AttributeProto) => [
    ...(t ? [t] : []),
    ...tensors,
    ...(g ? [g, ...graphs] : graphs).flatMap(inGraph),
  ]);
}

function entry(tensor: TensorProto, key: string): string | undefined {
  return tensor.externalData?.find((each) => each.key === key)?.value;
}

function refused(tensor: TensorProto, expected: string, received: string): GoodpartError {
  const name = (tensor.name || 'a constant').slice(0, 60);
  return new GoodpartError(
    'GP_MODEL_INVALID',
    `Expected ${expected} for external data of tensor "${name}" of model.onnx but received ${received}: ${toDo}`,
    { field: 'model.onnx', expected, received },
  );
}
