import type { ModelProto, NodeProto } from '../../scoring/onnx-proto.ts';

/**
 * What TensorRT 10 takes at FP32 with static shapes: github.com/onnx/onnx-tensorrt, docs/operators.md of 10.1-GA, "TensorRT
 * 10.0 supports operators in the inclusive range of opset 9 to opset 20" (10.15 says 9 to 24: the older release decides).
 * Left out though listed there: control flow, random numbers, sizes that depend on data, recurrent and quantised operators,
 * and TopK, which the parsers of JetPack 5 refused.
 */
export const tensorRtOpsets = { oldest: 9, newest: 20 } as const;

export const tensorRtOperators: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast CastLike Ceil Celu Clip
  Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DeformConv DepthToSpace Div Dropout Einsum Elu Equal Erf
  Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool
  Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf
  IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization LpPool LRN MatMul Max MaxPool Mean
  MeanVarianceNormalization Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
  ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize RoiAlign Round
  ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split
  Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile Transpose Trilu Unsqueeze Where Xor`.split(/\s+/),
);

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

/** What TensorRT may refuse of these nodes, a sentence for each kind of trouble; empty where it takes them all. */
export function operatorProblems(nodes: readonly NodeProto[], opset: number): string[] {
  const problems: string[] = [];
  const { oldest, newest } = tensorRtOpsets;
  if (opset < oldest || opset > newest) {
    problems.push(`TensorRT 10 may refuse operator set ${opset}: it takes ${oldest} to ${newest}`);
  }
  const unknown = new Set<string>();
  for (const { opType, domain, attribute = [] } of nodes) {
    if (!tensorRtOperators.has(opType) || (domain && domain !== 'ai.onnx')) unknown.add(opType);
    if (opType !== 'Resize') continue;
    const mode = text(attribute.find(({ name }) => name === 'mode')?.s);
    const antialias = attribute.find(({ name }) => name === 'antialias')?.i;
    if (mode === 'cubic' || antialias) unknown.add(`Resize (${mode === 'cubic' ? 'cubic' : 'antialias'})`);
  }
  for (const operator of unknown) problems.push(`TensorRT may refuse operator ${operator}`);
  return problems;
}

/** The same of a whole file, and every open or unwritten size: engines that plan ahead want each value's shape. */
export function checkOperators(model: ModelProto): string[] {
  const { node = [], input = [], output = [], valueInfo = [] } = model.graph ?? {};
  const opset = model.opsetImport?.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 0;
  const problems = operatorProblems(node, opset);
  const described = new Set<string>();
  for (const { name, type } of [...input, ...output, ...valueInfo]) {
    const dims = type?.tensorType?.shape?.dim;
    if (dims === undefined || dims.some(({ dimValue, dimParam }) => !((dimValue ?? 0) > 0) || dimParam)) {
      problems.push(`${name} has an open size`);
    } else if (type?.tensorType?.elemType) described.add(name);
  }
  for (const { output: made = [] } of node) {
    for (const name of made) if (name !== '' && !described.has(name)) problems.push(`${name} has no shape`);
  }
  return problems;
}
