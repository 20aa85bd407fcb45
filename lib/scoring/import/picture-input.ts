import { type NodeProto, onnxTypes } from '../onnx-proto.ts';
import { type GraphEdit, nodeOf } from './graph-edit.ts';
import type { Size } from './metadata.ts';
import { unusable } from './refusals.ts';

/** The picture that a graph takes. Null where the file leaves a side open. */
export interface PictureInput {
  name: string;
  type: 'float32' | 'uint8';
  layout: 'NCHW' | 'NHWC';
  channels: 1 | 3;
  width: number | null;
  height: number | null;
  /** Pictures that the graph takes at once; an open number counts as 1. */
  batch: number;
}

const wanted = 'one picture [1, 3 or 1, height, width]';

/** Finds the picture among the inputs. Throws GP_MODEL_INVALID that names what is there. */
export function readInput(
  edit: GraphEdit,
  layout: PictureInput['layout'] | undefined,
): PictureInput & { elemType: number } {
  const { inputs } = edit;
  if (inputs.length !== 1) {
    const names = inputs.map(({ name }) => name).join(', ') || 'none';
    throw unusable('the inputs of model.onnx', wanted, names, 'export the part that takes the picture alone');
  }
  const [{ name, type }] = inputs;
  const elemType = type?.tensorType?.elemType ?? 0;
  const sides = type?.tensorType?.shape?.dim?.map(({ dimValue }) => (dimValue && dimValue > 0 ? dimValue : null)) ?? [];
  const shown = `${name} [${sides.map((side) => side ?? '?').join(', ')}]`;
  if (sides.length !== 4)
    throw unusable('the input of model.onnx', wanted, shown, 'export the model with a batch of one');
  const known: readonly number[] = Object.values(inputTypes);
  if (!known.includes(elemType)) {
    const received = `${shown} of ONNX type ${elemType}`;
    throw unusable('the input of model.onnx', 'float32, float16, float64 or uint8', received, 'export it as float32');
  }
  const isColour = (side: number | null): side is 1 | 3 => side === 1 || side === 3;
  const found = layout ?? (isColour(sides[3]) && !isColour(sides[1]) ? 'NHWC' : 'NCHW');
  const channels = found === 'NHWC' ? sides[3] : sides[1];
  if (channels !== null && !isColour(channels)) {
    throw unusable(
      'the input of model.onnx',
      wanted,
      shown,
      'pictures have 1 or 3 channels; export the model for those',
    );
  }
  const [height, width] = found === 'NHWC' ? [sides[1], sides[2]] : [sides[2], sides[3]];
  const uint8 = elemType === onnxTypes.uint8;
  return {
    name,
    type: uint8 ? 'uint8' : 'float32',
    layout: found,
    channels: channels ?? 3,
    width,
    height,
    batch: sides[0] ?? 1,
    elemType,
  };
}

const { float32, float16, float64, uint8 } = onnxTypes;
const inputTypes = { float32, float16, float64, uint8 };

export interface InputChanges {
  /** In 0..1 of the scaled pixel; one number for each channel, or one for all. */
  mean: readonly number[] | null;
  std: readonly number[] | null;
  /** A crop of the middle of a picture of size `from`. */
  crop: { from: Size; to: Size } | null;
}

/**
 * Puts before the graph what it wants to have done to the picture, so that it takes plain float32 or uint8 pixels of one
 * picture: the crop, the normalisation, its own element type, its batch (one picture, repeated). Returns the new input.
 */
export function adaptInput(
  edit: GraphEdit,
  input: PictureInput & { elemType: number },
  { mean, std, crop }: InputChanges,
): PictureInput {
  const { elemType, layout, batch } = input;
  const steps: ((from: string, to: string) => NodeProto)[] = [];
  if (crop) {
    const axes = layout === 'NHWC' ? [1, 2] : [2, 3];
    // as albumentations' CenterCrop rounds
    const top = Math.floor((crop.from.height - crop.to.height) / 2);
    const left = Math.floor((crop.from.width - crop.to.width) / 2);
    const ends = [top + crop.to.height, left + crop.to.width];
    const lists = [[top, left], ends, axes].map((list) => edit.ints(list));
    steps.push((from, to) => nodeOf('Slice', [from, ...lists], to));
  }
  const perChannel = (values: readonly number[]) =>
    edit.floats(values, layout === 'NHWC' ? [1, 1, 1, values.length] : [1, values.length, 1, 1]);
  if (mean) {
    const list = perChannel(mean);
    steps.push((from, to) => nodeOf('Sub', [from, list], to));
  }
  if (std) {
    const list = perChannel(std);
    steps.push((from, to) => nodeOf('Div', [from, list], to));
  }
  if (elemType !== float32 && elemType !== uint8) {
    steps.push((from, to) => nodeOf('Cast', [from], to, { to: elemType }));
  }
  if (batch > 1) {
    steps.push((from, to) => nodeOf('Concat', Array<string>(batch).fill(from), to, { axis: 0 }));
  }
  if (steps.length === 0) return { ...input, batch: 1 };
  const name = edit.newName('goodpart_picture');
  let from = name;
  const nodes = steps.map((step, i) => {
    const to = i === steps.length - 1 ? input.name : edit.newName('goodpart_prepared');
    const node = step(from, to);
    from = to;
    return node;
  });
  edit.prepend(nodes);
  const { width, height } = crop ? crop.from : input;
  return { ...input, name, width, height, batch: 1 };
}
