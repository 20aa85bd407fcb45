import { mixSeed, type Random, seededRandom } from '../../core/random.ts';
import { Session } from '../../scoring/session.ts';
import { GraphBuilder, type Value } from '../graph/graph-builder.ts';
import { writeGraph } from '../graph/write-graph.ts';
import type { Grid } from './calibration.ts';
import { chooseCoreset } from './coreset.ts';
import type { FittedDistances, GraphDistance } from './head.ts';
import type { Samples } from './samples.ts';

/** Cells kept in all folds together where nothing else was asked for. */
export const coresetCells = 4000;
/** Candidates for each cell kept. */
const candidatesPerCell = 8;
/**
 * Added to every squared distance, as a share of the variance of a bank's cells: a hundred times what rounding makes of a
 * distance of zero in single precision, a thousandth of a usual one.
 */
const floorShare = 1e-4;

/** The cells kept of one fold. */
export interface Bank {
  /** Less the model's centre, [cells, dimensions]. */
  cells: Float32Array;
  /** Added to every squared distance to them. */
  floor: number;
}

/** Distance to the nearest of the kept cells, wherever in the picture they were. */
export class NearestCells implements GraphDistance {
  readonly dimensions: number;
  /** Subtracted from every cell: products of small numbers keep their digits. */
  readonly centre: Float32Array;
  /** One per fold. */
  readonly banks: readonly Bank[];

  constructor(centre: Float32Array, banks: readonly Bank[]) {
    this.dimensions = centre.length;
    this.centre = centre;
    this.banks = banks;
  }

  distances(z: Float32Array): Float32Array {
    const { dimensions: d, centre, banks } = this;
    const out = new Float32Array(z.length / d);
    const x = new Float64Array(d);
    // The neighbour's nearest cell is a good first guess, and a good guess ends most comparisons early.
    let guess = { bank: banks[0], row: 0 };
    for (let position = 0; position < out.length; position++) {
      for (let i = 0; i < d; i++) x[i] = z[position * d + i] - centre[i];
      let least = squareTo(x, guess.bank.cells, guess.row, Number.POSITIVE_INFINITY) + guess.bank.floor;
      for (const bank of banks) {
        const { cells, floor } = bank;
        for (let row = 0; row < cells.length; row += d) {
          const square = squareTo(x, cells, row, least - floor) + floor;
          if (!(square < least)) continue;
          least = square;
          guess = { bank, row };
        }
      }
      out[position] = Math.sqrt(least);
    }
    return out;
  }

  addDistance(graph: GraphBuilder, z: Value, { width, height }: Grid): Value {
    const cells = graph.transpose(graph.reshape(z, [this.dimensions, width * height]), [1, 0]);
    const x = this.#centred(graph, cells);
    const best = graph.reduce('ReduceMax', this.#likeness(graph, x), [1]);
    return graph.reshape(graph.unary('Sqrt', squares(graph, x, best)), [1, 1, height, width]);
  }

  /** Adds the nodes: z [positions,D] → squared distance to the nearest cell of each bank, [positions, banks]. */
  addSquares(graph: GraphBuilder, cells: Value): Value {
    const x = this.#centred(graph, cells);
    return squares(graph, x, this.#likeness(graph, x));
  }

  #centred(graph: GraphBuilder, cells: Value): Value {
    return graph.binary('Sub', cells, graph.constant([1, this.dimensions], this.centre));
  }

  /** x [positions,D] → the largest x·m - (‖m‖² + floor)/2 of each bank's cells m, [positions, banks]. */
  #likeness(graph: GraphBuilder, x: Value): Value {
    const { dimensions: d, banks } = this;
    const positions = x.shape[0];
    const parts = banks.map((bank) => {
      const count = bank.cells.length / d;
      const cells = graph.constant([d, count], transposed(bank.cells, d));
      const product = graph.node('MatMul', [x, cells], [positions, count]);
      const offset = graph.constant([1, count], halfSquares(bank, d));
      return graph.reshape(graph.reduce('ReduceMax', graph.binary('Sub', product, offset), [1]), [1, 1, positions, 1]);
    });
    return graph.transpose(graph.reshape(graph.concatChannels(parts), [banks.length, positions]), [1, 0]);
  }
}

/** ‖x - m‖² + floor = ‖x‖² - 2 (x·m - (‖m‖² + floor)/2); the nearest cell has the largest bracket. */
function squares(graph: GraphBuilder, x: Value, likeness: Value): Value {
  const own = graph.reduceSum(graph.binary('Mul', x, x), [1]);
  const difference = graph.binary('Sub', graph.binary('Mul', likeness, graph.scalar(2)), own);
  // Turns the sign. Not by Relu, which makes 0 of a NaN: what is no number must not look like a good part.
  return graph.unary('Abs', difference);
}

/** ‖x - m‖² for the row of a bank, or anything not below `least` as soon as that is certain. */
function squareTo(x: Float64Array, bank: Float32Array, row: number, least: number): number {
  const d = x.length;
  let square = 0;
  let k = 0;
  for (; k + 7 < d; k += 8) {
    const a = x[k] - bank[row + k];
    const b = x[k + 1] - bank[row + k + 1];
    const c = x[k + 2] - bank[row + k + 2];
    const e = x[k + 3] - bank[row + k + 3];
    const f = x[k + 4] - bank[row + k + 4];
    const g = x[k + 5] - bank[row + k + 5];
    const h = x[k + 6] - bank[row + k + 6];
    const i = x[k + 7] - bank[row + k + 7];
    square += a * a + b * b + (c * c + e * e) + (f * f + g * g + (h * h + i * i));
    if (square >= least) return square;
  }
  for (; k < d; k++) square += (x[k] - bank[row + k]) ** 2;
  return square;
}

function transposed(bank: Float32Array, d: number): Float32Array {
  const count = bank.length / d;
  const out = new Float32Array(bank.length);
  for (let i = 0; i < count; i++) for (let k = 0; k < d; k++) out[k * count + i] = bank[i * d + k];
  return out;
}

function halfSquares({ cells, floor }: Bank, d: number): Float32Array {
  const out = new Float32Array(cells.length / d);
  for (let i = 0; i < out.length; i++) {
    let square = floor;
    for (let k = 0; k < d; k++) square += cells[i * d + k] ** 2;
    out[i] = square / 2;
  }
  return out;
}

export interface NearestOptions {
  seed: number;
  /** Cells kept in all folds together, default 4,000. */
  cells?: number;
  /** Threads of ONNX Runtime, default 1. */
  threads?: number;
  /** Awaited after every picture. */
  pause: (done: number) => Promise<void>;
}

/**
 * Keeps a coreset of all pictures' cells, and finds the cross-fitted distances of the same pictures. Source: PatchCore, Roth et
 * al. 2022, arXiv 2106.08265, with one neighbour. Each fold has a coreset of its own: the model holds all of them, and a
 * picture's cross-fitted distance leaves its own fold's out (coresets compose: Malkomes et al. 2015, "Fast distributed
 * k-center clustering"). The cost is linear in pictures. Null where a number is not finite.
 */
export async function fitNearest(
  samples: Samples,
  foldOf: number[],
  folds: number,
  { seed, cells: wanted = coresetCells, threads = 1, pause }: NearestOptions,
): Promise<FittedDistances | null> {
  const { pictures, dimensions: d } = samples;
  const kept: { fold: number; cells: Float32Array }[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const members = foldOf.flatMap((each, picture) => (each === fold ? [picture] : []));
    if (members.length === 0) continue;
    const random = seededRandom(mixSeed(seed, fold));
    const share = Math.ceil((wanted * members.length) / pictures);
    const candidates = drawCells(samples, members, share * candidatesPerCell, random);
    if (!candidates.every(Number.isFinite)) return null;
    const chosen = chooseCoreset(candidates, d, share, random);
    const cells = new Float32Array(chosen.length * d);
    for (const [i, row] of chosen.entries()) cells.set(candidates.subarray(row * d, (row + 1) * d), i * d);
    kept.push({ fold, cells });
    await pause(0);
  }
  const count = kept.reduce((sum, { cells }) => sum + cells.length / d, 0);
  const centre = new Float32Array(d);
  for (const { cells } of kept) for (let i = 0; i < cells.length; i++) centre[i % d] += cells[i] / count;
  const banks = kept.map(({ fold, cells }) => {
    const floor = floorShare * spreadOf(cells, d);
    return { fold, floor, cells: cells.map((value, i) => value - centre[i % d]) };
  });
  const without = (fold: number) =>
    new NearestCells(
      centre,
      banks.filter((bank) => bank.fold !== fold),
    );
  const model = without(-1);
  const bankFolds = kept.map(({ fold }) => fold);
  const crossFitted = await leaveOwnFoldOut(model, bankFolds, samples, foldOf, threads, pause);
  if (!crossFitted.every(Number.isFinite)) return null;
  return { model, heldOut: without(0), crossFitted, description: `nearest of ${count} kept cells, ${d} axes` };
}

/** Variance of cells [n, d] about their mean, summed over dimensions. */
function spreadOf(cells: Float32Array, d: number): number {
  const n = cells.length / d;
  const mean = new Float64Array(d);
  for (let i = 0; i < cells.length; i++) mean[i % d] += cells[i] / n;
  let sum = 0;
  for (let i = 0; i < cells.length; i++) sum += (cells[i] - mean[i % d]) ** 2;
  return sum / n;
}

/** About `count` cells of the pictures, as many of each; the same number of its rows of positions gives one each. */
function drawCells(samples: Samples, pictures: number[], count: number, random: Random): Float32Array {
  const { positions, dimensions: d } = samples;
  const each = Math.min(positions, Math.ceil(count / pictures.length));
  const out = new Float32Array(pictures.length * each * d);
  let at = 0;
  for (const picture of pictures) {
    for (let i = 0; i < each; i++, at += d) {
      samples.cell(picture, Math.floor(((i + random()) * positions) / each), out, at);
    }
  }
  return out;
}

/** Distances [pictures, positions] to the nearest cell of another fold; bank i of the model is of fold bankFolds[i]. */
async function leaveOwnFoldOut(
  model: NearestCells,
  bankFolds: number[],
  samples: Samples,
  foldOf: number[],
  threads: number,
  pause: (done: number) => Promise<void>,
): Promise<Float32Array> {
  const { positions, pictures, dimensions: d } = samples;
  const graph = new GraphBuilder('goodpart cross-fitting');
  const squares = model.addSquares(graph, graph.input('cells', [positions, d], 'float32'));
  const session = await Session.open(writeGraph(graph.finish({ squares })), { threads });
  const out = new Float32Array(pictures * positions);
  for (let picture = 0; picture < pictures; picture++) {
    const cells = { data: samples.picture(picture), shape: [positions, d] };
    const { data } = (await session.run({ cells })).squares;
    for (let position = 0; position < positions; position++) {
      let least = Number.POSITIVE_INFINITY;
      for (const [i, fold] of bankFolds.entries()) {
        if (fold !== foldOf[picture]) least = Math.min(least, data[position * bankFolds.length + i]);
      }
      out[picture * positions + position] = Math.sqrt(least);
    }
    await pause(picture + 1);
  }
  await session.dispose();
  return out;
}
