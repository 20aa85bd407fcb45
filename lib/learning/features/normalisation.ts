import { invalidParameter } from '../../core/errors.ts';
import type { FixedGraph } from '../graph/fixed-graph.ts';
import { floatsOf } from '../graph/tensors.ts';

/** How a network wants its pixels: a range, or mean and deviation of pixels that are 0..1 (red, green, blue). */
export type Normalisation = 'imagenet' | '0..1' | '-1..1' | '0..255' | { mean: number[]; std: number[] };

/** What torchvision, timm and DINOv2 train with: mean and deviation of ImageNet's pixels. */
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** A checked normalisation, from a dialog or a command line. Throws GP_INPUT_INVALID. */
export function asNormalisation(value: unknown): Normalisation {
  const expected = "'imagenet', '0..1', '-1..1', '0..255' or {mean, std} of three numbers each, std above 0";
  if (value === 'imagenet' || value === '0..1' || value === '-1..1' || value === '0..255') return value;
  if (typeof value === 'object' && value !== null && 'mean' in value && 'std' in value) {
    const { mean, std } = value;
    if (threeNumbers(mean) && threeNumbers(std) && std.every((each) => each > 0)) return { mean, std };
  }
  throw invalidParameter('normalisation', expected, value);
}

const threeNumbers = (list: unknown): list is number[] =>
  Array.isArray(list) && list.length === 3 && list.every((each) => typeof each === 'number' && Number.isFinite(each));

/** For people and model.json. */
export function describeNormalisation(normalisation: Normalisation): string {
  if (typeof normalisation === 'string') return normalisation === 'imagenet' ? 'ImageNet' : normalisation;
  const { mean, std } = normalisation;
  return `mean ${mean.map((each) => +each.toFixed(4)).join(' ')}, deviation ${std.map((each) => +each.toFixed(4)).join(' ')}`;
}

/** Per channel what a pixel of 0..255 is multiplied with and what is added then. One channel takes the mean of three. */
export function pixelScale(normalisation: Normalisation, channels: 1 | 3): { scale: number[]; offset: number[] } {
  const { mean, std } = meanAndDeviation(normalisation);
  const scale = std.map((each) => 1 / (255 * each));
  const offset = mean.map((each, i) => -each / std[i]);
  if (channels === 3) return { scale, offset };
  const average = (list: number[]) => [list.reduce((a, b) => a + b, 0) / list.length];
  return { scale: average(scale), offset: average(offset) };
}

function meanAndDeviation(normalisation: Normalisation): { mean: number[]; std: number[] } {
  const same = (mean: number, std: number) => ({ mean: [mean, mean, mean], std: [std, std, std] });
  switch (normalisation) {
    case 'imagenet':
      return imagenet;
    case '0..1':
      return same(0, 1);
    case '-1..1':
      return same(0.5, 0.5);
    case '0..255':
      return same(0, 1 / 255);
    default:
      return normalisation;
  }
}

export interface NormalisationGuess {
  guess: Normalisation;
  /** One sentence. */
  why: string;
}

/**
 * What the first operators do to the picture: a network that subtracts a mean and divides by a deviation itself
 * (Sub and Div, Mul and Add, a Keras Rescaling or Normalization) wants raw pixels of a range that follows from the numbers.
 */
export function readNormalisation(network: FixedGraph): NormalisationGuess {
  if (network.input.type === 'uint8') return { guess: '0..255', why: 'the file takes uint8 pixels' };
  const { scale, offset, steps } = firstSteps(network);
  if (steps === 0) {
    const why =
      'the file does not normalise by itself; torchvision, timm and DINOv2 networks want ImageNet’s mean and deviation';
    return { guess: 'imagenet', why };
  }
  // Of usual pixels the result is a few units wide: that tells 1/255 and 1/(255 · 0.2) from 1, 2 and 1/0.2.
  const largest = (list: number[]) => Math.max(...list.map(Math.abs));
  const guess = largest(scale) < 0.25 || largest(offset) > 20 ? '0..255' : '0..1';
  const list = (values: number[]) => [...new Set(values.map((value) => +value.toPrecision(3)))].join(' ');
  return {
    guess,
    why: `the file normalises by itself (times ${list(scale)}, plus ${list(offset)}) and so wants ${guess}`,
  };
}

/** y = scale · x + offset, per channel or one for all, of the operators with constants that follow the input one by one. */
function firstSteps(network: FixedGraph): { scale: number[]; offset: number[]; steps: number } {
  let scale = [1];
  let offset = [0];
  let steps = 0;
  let at = network.input.name;
  const combine = (a: number[], b: number[], how: (a: number, b: number) => number) =>
    Array.from({ length: Math.max(a.length, b.length) }, (_, i) => how(a[i % a.length], b[i % b.length]));
  for (;;) {
    const readers = network.nodes.filter(({ input = [] }) => input.includes(at));
    if (readers.length !== 1) break;
    const [{ opType, input = [], output = [] }] = readers;
    const other = network.constants.get(input[0] === at ? input[1] : input[0]);
    const values = other && floatsOf(other);
    if (['Cast', 'Identity', 'Transpose', 'Resize', 'Pad'].includes(opType)) {
      at = output[0];
      continue;
    }
    if (!values || (values.length !== 1 && values.length !== 3)) break;
    const numbers = Array.from(values);
    if (opType === 'Mul') {
      scale = combine(scale, numbers, (a, b) => a * b);
      offset = combine(offset, numbers, (a, b) => a * b);
    } else if (opType === 'Div' && input[0] === at) {
      scale = combine(scale, numbers, (a, b) => a / b);
      offset = combine(offset, numbers, (a, b) => a / b);
    } else if (opType === 'Add') offset = combine(offset, numbers, (a, b) => a + b);
    else if (opType === 'Sub' && input[0] === at) offset = combine(offset, numbers, (a, b) => a - b);
    else break;
    steps += 1;
    at = output[0];
  }
  return { scale, offset, steps };
}
