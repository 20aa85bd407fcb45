import { onnxTypes, type TensorProto } from '../../scoring/onnx-proto.ts';
import { failed } from '../failure.ts';
import type { Constant, DataType } from './graph-builder.ts';

const typeNames = new Map<number, DataType>(
  Object.entries(onnxTypes).flatMap(([name, code]) => (name === 'string' ? [] : [[code, name as DataType]])),
);

/** The type behind ONNX's number; throws GP_LEARN_FAILED for those that no graph written here can hold. */
export function typeOf(code: number | undefined, of: string): DataType {
  const type = typeNames.get(code ?? 0);
  if (type === undefined) throw failed(of, 'numbers of 8 to 64 bits', `ONNX element type ${code}; export as float32`);
  return type;
}

const int64 = (value: number) =>
  // the reader gives doubles: "to the end" of a Slice, 2^63 - 1, would overflow
  value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);

/** A tensor of a file, wherever the file keeps its numbers, as a constant of the graph. */
export function constantOf(tensor: TensorProto, name: string): Constant {
  const shape = tensor.dims ?? [];
  const type = typeOf(tensor.dataType, `tensor ${name}`);
  const data = tensor.rawData?.length ? tensor.rawData : packed(tensor, type);
  const constant: Constant = { name, shape, type, data };
  const count = shape.reduce((a, b) => a * b, 1);
  if (data.byteLength !== count * bytesPerElement[type]) {
    throw failed(`tensor ${name}`, `${count} values of ${type}`, `${data.byteLength} bytes; the file is damaged`);
  }
  return constant;
}

export const bytesPerElement: Record<DataType, number> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
};

/** onnx.proto, TensorProto: which field carries which type. */
function packed(tensor: TensorProto, type: DataType): Uint8Array {
  const ints = tensor.int32Data ?? [];
  switch (type) {
    case 'float32':
      return bytes(Float32Array.from(tensor.floatData ?? []));
    case 'float64':
      return bytes(Float64Array.from(tensor.doubleData ?? []));
    case 'int64':
      return bytes(BigInt64Array.from(tensor.int64Data ?? [], int64));
    case 'uint32':
      return bytes(Uint32Array.from(tensor.uint64Data ?? []));
    case 'uint64':
      return bytes(BigUint64Array.from(tensor.uint64Data ?? [], BigInt));
    case 'int32':
      return bytes(Int32Array.from(ints));
    case 'int16':
      return bytes(Int16Array.from(ints));
    case 'uint16':
    case 'float16':
      return bytes(Uint16Array.from(ints));
    case 'int8':
      return bytes(Int8Array.from(ints));
    default:
      return bytes(Uint8Array.from(ints));
  }
}

const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** The numbers of a float constant; undefined for other types. Copies where the bytes do not lie on a multiple of their size. */
export function floatsOf({ type, data }: Constant): Float32Array | Float64Array | undefined {
  if (type === 'float16') return Float32Array.from(elements(Uint16Array, data), halfToNumber);
  if (type === 'float32') return elements(Float32Array, data);
  if (type === 'float64') return elements(Float64Array, data);
  return undefined;
}

interface ViewOf<T> {
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

function elements<T>(view: ViewOf<T>, data: ArrayBufferView): T {
  const size = view.BYTES_PER_ELEMENT;
  const at = data.byteOffset % size === 0 ? bytes(data) : bytes(data).slice();
  return new view(at.buffer, at.byteOffset, at.byteLength / size);
}

/** IEEE 754 binary16. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
