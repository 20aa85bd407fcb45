import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { TensorInput, TensorOutput } from '../session.ts';

/** The words of the KServe v2 protocol for our two element types. */
export const datatypes = { uint8: 'UINT8', float32: 'FP32' } as const;

/**
 * How tensors travel. `binary`: the extension "binary tensor data", raw little-endian bytes behind the JSON. `json`: numbers in the
 * JSON, which every server reads, at several times the size.
 */
export type Encoding = 'binary' | 'json';

const lengthHeader = 'inference-header-content-length';
const maxJson = 64 * 1024;

export interface InferRequest {
  headers: Record<string, string>;
  body: Uint8Array[];
}

/** A request for one input tensor. `id` comes back in the answer. */
export function inferRequest(
  { name, tensor, wanted, id }: { name: string; tensor: TensorInput; wanted: readonly string[]; id: string },
  encoding: Encoding,
): InferRequest {
  const { data, shape } = tensor;
  const datatype = data instanceof Float32Array ? datatypes.float32 : datatypes.uint8;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const binary = encoding === 'binary';
  const json = Buffer.from(
    JSON.stringify({
      id,
      ...(binary && { parameters: { binary_data_output: true } }),
      inputs: [
        {
          name,
          shape,
          datatype,
          ...(binary ? { parameters: { binary_data_size: bytes.length } } : { data: Array.from(data) }),
        },
      ],
      outputs: wanted.map((output) => ({ name: output, ...(binary && { parameters: { binary_data: true } }) })),
    }),
  );
  if (!binary) return { headers: { 'Content-Type': 'application/json' }, body: [json] };
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Inference-Header-Content-Length': String(json.length),
  };
  return { headers, body: [json, bytes] };
}

const size = z
  .int()
  .min(0)
  .max(2 ** 31);
type Nested = (number | string | null | Nested)[];
const answerSchema = z.looseObject({
  id: z.string().nullish(),
  outputs: z
    .array(
      z.looseObject({
        name: z.string(),
        datatype: z.string(),
        shape: z.array(size).max(8),
        parameters: z.looseObject({ binary_data_size: size.optional() }).nullish(),
        data: z.array(z.unknown()).optional(),
      }),
    )
    .max(64),
});

/** What is wrong with an answer, in words that end a sentence about the server. */
export class WrongAnswer extends Error {}

/**
 * Reads the wanted outputs, all float32. Strict: lengths, counts and the id have to agree, for half an answer must never become a
 * score. Throws WrongAnswer. A number that JSON cannot carry (null, "NaN") is read as NaN.
 */
export function readInference(
  headers: IncomingHttpHeaders,
  body: Buffer,
  wanted: readonly string[],
  id: string,
): Record<string, TensorOutput> {
  const jsonBytes = jsonLength(headers, body);
  const answer = answerSchema.safeParse(parsed(body.subarray(0, jsonBytes)));
  if (!answer.success) {
    const [{ path, message }] = answer.error.issues;
    throw new WrongAnswer(`its answer is not what the protocol says (${path.join('.') || 'JSON'}: ${message})`);
  }
  if (answer.data.id && answer.data.id !== id) throw new WrongAnswer('it answered another request');
  const found: Record<string, TensorOutput> = {};
  let at = jsonBytes;
  for (const { name, datatype, shape, parameters, data } of answer.data.outputs) {
    const count = shape.reduce((product, side) => product * side, 1);
    const bytes = parameters?.binary_data_size;
    const slice = bytes === undefined ? undefined : body.subarray(at, at + bytes);
    if (slice !== undefined && slice.length !== bytes) throw new WrongAnswer(`its answer ends within output ${name}`);
    at += bytes ?? 0;
    if (!wanted.includes(name)) continue;
    if (datatype !== datatypes.float32) throw new WrongAnswer(`output ${name} is ${datatype} instead of FP32`);
    const values = slice ? floatsOf(slice) : numbersOf(data ?? []);
    if (values.length !== count) {
      throw new WrongAnswer(`output ${name} has ${values.length} values and not those of its shape ${shape.join('x')}`);
    }
    found[name] = { data: values, shape };
  }
  if (at !== body.length) throw new WrongAnswer(`its answer has ${body.length - at} bytes that belong to no output`);
  const absent = wanted.find((name) => !Object.hasOwn(found, name));
  if (absent !== undefined) throw new WrongAnswer(`its answer has no output ${absent}`);
  return found;
}

function jsonLength(headers: IncomingHttpHeaders, body: Buffer): number {
  const header = headers[lengthHeader];
  if (header === undefined) return body.length;
  const length = Number(header);
  const usable = /^\d{1,9}$/.test(String(header)) && length > 1 && length <= body.length && length <= maxJson;
  if (!usable)
    throw new WrongAnswer(`its header Inference-Header-Content-Length does not fit its ${body.length} bytes`);
  return length;
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    throw new WrongAnswer('its answer is not JSON where JSON was due');
  }
}

/** A copy: floats begin at multiples of four, what is behind JSON anywhere. */
function floatsOf(bytes: Buffer): Float32Array {
  if (bytes.length % 4 !== 0) return new Float32Array(0);
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}

function numbersOf(data: unknown[]): Float32Array {
  const flat = (data as Nested).flat(8) as unknown[];
  return Float32Array.from(flat, (value) => {
    if (typeof value === 'number') return value;
    if (value === null || value === 'NaN') return Number.NaN;
    if (value === 'Infinity' || value === '-Infinity') return Number(value);
    throw new WrongAnswer('its numbers are no numbers');
  });
}
