import { inputShape } from '../fit.ts';
import type { MapArea } from '../model-schema.ts';
import type { NodeProto, ValueInfoProto } from '../onnx-proto.ts';
import { onnxTypes } from '../onnx-proto.ts';
import { Session, type TensorInput, type TensorOutput } from '../session.ts';
import { floatValue, type GraphEdit } from './graph-edit.ts';
import type { Size } from './metadata.ts';
import type { PictureInput } from './picture-input.ts';
import { unusable } from './refusals.ts';

/** What a graph does with the picture before its network looks at it. */
export interface Geometry {
  /** What to feed it with. */
  size: Size;
  /** What of the frame the network sees; null: all of it. */
  area: MapArea | null;
  /** The graph resizes by itself, from `size` to this. Null where it does not. */
  resized: Size | null;
}

/** These move pixels, or change each by a straight line. */
const steps = new Set(
  'Resize Upsample Slice Pad CenterCropPad Cast Identity Clip Reshape Transpose Concat Gather Sub Add Mul Div'.split(
    ' ',
  ),
);
const resizers = new Set(['Resize', 'Upsample', 'CenterCropPad']);
/** They read the size of the picture, not its pixels. */
const lookers = new Set(['Shape', 'Size']);

/** Two sizes: what comes out the same from both is fixed by the graph. */
const trials: [Size, Size] = [
  { width: 256, height: 256 },
  { width: 320, height: 320 },
];

/**
 * Finds the size to feed a graph with, and the part of the frame that its network sees, from the resizing, cropping and padding that
 * come first in it. Those few nodes are run alone on ramps of brightness: where the ramp begins and ends is what is left of the
 * frame, whichever operators an exporter chose. Throws GP_MODEL_INVALID where the size is open and nothing in the graph fixes it.
 */
export async function findGeometry(edit: GraphEdit, input: PictureInput, wished: Size | undefined): Promise<Geometry> {
  const chain = chainFrom(edit, input.name);
  const fixed = fixedSize(input);
  if (wished && fixed && (wished.width !== fixed.width || wished.height !== fixed.height)) {
    const received = `${wished.width}x${wished.height}`;
    throw unusable('size', `the model's own ${fixed.width}x${fixed.height}`, received, 'leave the size out');
  }
  const size = fixed ?? wished ?? (await sizeInGraph(edit, input, chain));
  if (size === null) {
    throw unusable(
      'the size of the pictures',
      'a fixed one',
      'an open height and width',
      'give the size that the model was trained with, or export it with input_size=(height, width)',
    );
  }
  const { sizes, area } = await lookThrough(edit, input, size, chain);
  const resized = sizes.find((each, i) => each !== null && resizers.has(chain[i].opType)) ?? null;
  const same = resized === null || (resized.width === size.width && resized.height === size.height);
  return { size, area, resized: same ? null : { width: resized.width, height: resized.height } };
}

function fixedSize({ width, height }: PictureInput): Size | null {
  return width && height ? { width, height } : null;
}

/** The nodes from the picture on, each the only one that reads the pixels of the one before. */
function chainFrom(edit: GraphEdit, from: string): NodeProto[] {
  const chain: NodeProto[] = [];
  const moving = new Set([from]);
  const outputs = new Set(edit.outputs.map(({ name }) => name));
  for (let value = from; ; ) {
    const readers = edit.consumers(value).filter(({ opType }) => !lookers.has(opType));
    const [node] = readers;
    if (readers.length !== 1 || !steps.has(node.opType) || outputs.has(value)) return chain;
    // arithmetic with the picture itself (its mean, for example) is no straight line
    const others = (node.input ?? []).filter((name) => name !== '' && !moving.has(name));
    if (/^(Sub|Add|Mul|Div)$/.test(node.opType) && !others.every((name) => isConstant(edit, name))) return chain;
    value = node.output?.[0] ?? '';
    moving.add(value);
    chain.push(node);
  }
}

function isConstant(edit: GraphEdit, name: string): boolean {
  return edit.initializer(name) !== undefined || edit.producer(name)?.opType === 'Constant';
}

async function sizeInGraph(edit: GraphEdit, input: PictureInput, chain: NodeProto[]): Promise<Size | null> {
  if (!chain.some(({ opType }) => resizers.has(opType))) return null;
  const [first, second] = await Promise.all(trials.map((size) => lookThrough(edit, input, size, chain)));
  for (const [i, a] of first.sizes.entries()) {
    const b = second.sizes[i];
    const same = a && b && a.width === b.width && a.height === b.height;
    if (same && resizers.has(chain[i].opType)) return { width: a.width, height: a.height };
  }
  return null;
}

interface Seen {
  /** After each node; null for what is no picture any more. */
  sizes: (Size | null)[];
  /** Of the last picture. */
  area: MapArea | null;
}

const low = 20;
const high = 220;

/** Runs the beginning of a graph alone on ramps. What cannot be run counts as no picture. */
async function lookThrough(edit: GraphEdit, input: PictureInput, size: Size, chain: NodeProto[]): Promise<Seen> {
  const made = chain.map(({ output }) => output?.[0] ?? '');
  const nothing: Seen = { sizes: made.map(() => null), area: null };
  if (chain.length === 0) return nothing;
  let session: Session;
  try {
    const bytes = edit.write(
      fixedInput(input, size),
      made.map((name) => floatValue(name)),
    );
    session = await Session.open(bytes);
  } catch {
    return nothing;
  }
  try {
    const names = session.outputs.filter(({ type }) => type === 'float32').map(({ name }) => name);
    const run = (value: (x: number, y: number) => number) =>
      session.run({ [input.name]: picture(input, size, value) }, names);
    const dark = await run(() => low);
    const bright = await run(() => high);
    const across = await run((x) => low + (high - low) * x);
    const down = await run((_, y) => low + (high - low) * y);
    const sizes = made.map((name) => (name in dark ? sizeOf(dark[name]) : null));
    const last = made[sizes.findLastIndex((each) => each !== null)];
    if (last === undefined) return nothing;
    const share = (tensor: TensorOutput, at: number) => {
      const [from, to] = [dark[last].data[at], bright[last].data[at]];
      return (tensor.data[at] - from) / (to - from);
    };
    // whole grey levels tell a place less well
    const slack = input.type === 'uint8' ? 0.01 : 0.25 / Math.max(size.width, size.height);
    const shares = { x: (at: number) => share(across[last], at), y: (at: number) => share(down[last], at) };
    return { sizes, area: areaOf(dark[last], shares, slack) };
  } catch {
    return nothing;
  } finally {
    await session.dispose();
  }
}

/** Rank 4 with 1 or 3 channels. */
function sizeOf({ shape }: TensorOutput): (Size & { at(x: number, y: number): number }) | null {
  if (shape.length !== 4) return null;
  const isColour = (side: number) => side === 1 || side === 3;
  if (isColour(shape[1])) {
    const [, , height, width] = shape;
    return { width, height, at: (x, y) => y * width + x };
  }
  const [, height, width, channels] = shape;
  return isColour(channels) ? { width, height, at: (x, y) => (y * width + x) * channels } : null;
}

/**
 * From the shares 0..1 that ramps over the frame have in a picture made of it: its edges in the frame. Read from two places away from
 * the borders, where padding and the clamping of a resize do not reach.
 */
function areaOf(
  tensor: TensorOutput,
  { x, y }: { x: (at: number) => number; y: (at: number) => number },
  slack: number,
): MapArea | null {
  const found = sizeOf(tensor);
  if (found === null) return null;
  const { width, height, at } = found;
  const edges = (count: number, value: (i: number) => number): [number, number] => {
    const [a, b] = [Math.floor(count * 0.3), Math.floor(count * 0.7)];
    const step = b > a ? (value(b) - value(a)) / (b - a) : 1;
    const from = value(a) - step * (a + 0.5);
    return [from, from + step * count];
  };
  const [left, right] = edges(width, (i) => x(at(i, height >> 1)));
  const [top, bottom] = edges(height, (i) => y(at(width >> 1, i)));
  const area: MapArea = [left, top, right, bottom].map((edge) => Math.round(edge * 1e5) / 1e5) as MapArea;
  const whole: MapArea = [0, 0, 1, 1];
  const sound = area.every((edge) => edge > -1 && edge < 2) && left < right && top < bottom;
  return sound && area.some((edge, i) => Math.abs(edge - whole[i]) > slack) ? area : null;
}

/** The input of a file with all sizes fixed, for one picture. */
export function fixedInput({ name, type, layout, channels }: PictureInput, size: Size): ValueInfoProto {
  return floatValue(name, inputShape({ layout, channels, ...size }), onnxTypes[type]);
}

/** A picture of one channel's values, 0..255, from places in 0..1 of the frame. */
export function picture(
  { type, layout, channels }: PictureInput,
  { width, height }: Size,
  value: (x: number, y: number) => number,
  scale = 1,
): TensorInput {
  const shape = inputShape({ layout, channels, width, height });
  const data =
    type === 'uint8' ? new Uint8Array(width * height * channels) : new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const level = value((x + 0.5) / width, (y + 0.5) / height) * scale;
      const grey = type === 'uint8' ? Math.round(level) : level;
      for (let c = 0; c < channels; c++)
        data[layout === 'NHWC' ? pixel * channels + c : c * width * height + pixel] = grey;
    }
  }
  return { data, shape };
}
