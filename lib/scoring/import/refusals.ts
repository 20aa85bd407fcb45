import { GoodpartError } from '../../core/errors.ts';
import { type GraphProto, type ModelProto, type NodeProto, onnxTypes, type TensorProto } from '../onnx-proto.ts';
import { tensorsOf } from './external-data.ts';
import { innerGraphs, isStandard } from './graph-edit.ts';

/** The one sentence for a model that cannot be imported: "Expected X for Y but received Z", and what to do. */
export function unusable(field: string, expected: string, received: string, toDo: string): GoodpartError {
  return new GoodpartError('GP_MODEL_INVALID', `Expected ${expected} for ${field} but received ${received}: ${toDo}`, {
    field,
    expected,
    received,
  });
}

/** Domains whose operators ONNX Runtime brings along. */
const knownDomains = new Set(['ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc']);

/** Throws GP_MODEL_INVALID for an operator that needs somebody's library; those that the file defines itself are fine. */
export function refuseCustomOperators(model: ModelProto): void {
  const own = new Set(model.functions?.map(({ domain, name }) => `${domain ?? ''}:${name}`));
  const visit = ({ opType, domain, name, attribute = [] }: NodeProto): void => {
    const known = isStandard(domain) || knownDomains.has(domain ?? '') || own.has(`${domain}:${opType}`);
    if (!known) {
      throw unusable(
        'model.onnx',
        'operators of standard ONNX',
        `custom operator ${opType} of domain "${domain}"${name ? ` (node ${name.slice(0, 60)})` : ''}`,
        'export the model again without custom operators, for example with torch.onnx.export(…, custom_opsets=None)',
      );
    }
    for (const graph of innerGraphs(attribute)) for (const node of graph.node ?? []) visit(node);
  };
  for (const node of model.graph?.node ?? []) visit(node);
  for (const { node = [] } of model.functions ?? []) for (const each of node) visit(each);
}

/**
 * Throws GP_MODEL_INVALID for weights that hold NaN or infinity and names the tensor. Single numbers may be either (anomalib writes
 * NaN for a threshold that was never computed), and masks of attention are 0 and -infinity.
 */
export function refuseBadWeights(model: ModelProto): void {
  for (const tensor of tensorsOf(model)) {
    const values = floatsOf(tensor);
    if (values === undefined || values.length < 2) continue;
    let bad: number | undefined;
    let mask = true;
    for (const value of values) {
      if (value !== 0 && value !== Number.NEGATIVE_INFINITY) mask = false;
      if (bad === undefined && !Number.isFinite(value)) bad = value;
    }
    if (bad === undefined || (mask && !Number.isNaN(bad))) continue;
    throw unusable(
      `weights "${(tensor.name || nameInGraph(model.graph, tensor)).slice(0, 80)}" of model.onnx`,
      'finite numbers',
      String(bad),
      'the training or the export went wrong; train or export the model again',
    );
  }
}

function nameInGraph(graph: GraphProto | undefined, tensor: TensorProto): string {
  const node = graph?.node?.find(({ attribute }) => attribute?.some(({ t }) => t === tensor));
  return node?.output?.[0] ?? 'a constant';
}

function floatsOf({
  dataType,
  rawData,
  floatData,
  doubleData,
  int32Data,
}: TensorProto): (Iterable<number> & { length: number }) | undefined {
  if (dataType === onnxTypes.float32) {
    if (floatData?.length) return floatData;
    return rawData && new Float32Array(aligned(rawData, 4));
  }
  if (dataType === onnxTypes.float64) {
    if (doubleData?.length) return doubleData;
    return rawData && new Float64Array(aligned(rawData, 8));
  }
  if (dataType === onnxTypes.float16) {
    const halves = int32Data?.length ? int32Data : rawData && new Uint16Array(aligned(rawData, 2));
    return halves && Array.from(halves, halfClass);
  }
  return undefined;
}

/** NaN, infinity or any number of a binary16 (its exponent is all ones): only that matters here. */
function halfClass(half: number): number {
  if ((half & 0x7c00) !== 0x7c00) return half & 0x7fff;
  if (half & 0x3ff) return Number.NaN;
  return half & 0x8000 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  const copy = new Uint8Array(bytes.length - (bytes.length % size));
  copy.set(bytes.subarray(0, copy.length));
  return copy.buffer;
}
