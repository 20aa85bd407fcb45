import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AnomalyMap } from '../core/anomaly-map.ts';
import { invalidParameter } from '../core/errors.ts';
import { decodeTo } from '../imaging/decode.ts';
import { Session } from '../scoring/session.ts';
import { Describer, fitProjection } from './describer.ts';
import { PixelCurves } from './evaluation/aupro.ts';
import { auroc } from './evaluation/auroc.ts';
import { type LabelledPicture, readDataSet } from './evaluation/data-set.ts';
import { readMask } from './evaluation/mask.ts';
import { upsampled } from './evaluation/upsample.ts';
import { failed } from './failure.ts';
import type { FeatureExtractor, Pictures } from './features/extractor.ts';
import { prepareFeatures } from './features/features.ts';
import { writeGraph } from './graph/write-graph.ts';
import { assignFolds, fitHead } from './heads/cross-fit.ts';
import type { HeadKind } from './heads/head.ts';
import { Samples } from './heads/samples.ts';
import { modelGraph, names } from './model-graph.ts';
import { filesIn } from './pictures/files.ts';
import { squareInput } from './pictures/input-size.ts';

export interface FrontierOptions {
  /** Folders in MVTec's layout. */
  data: string[];
  seeds: number[];
  features: Exclude<FeatureExtractor['kind'], 'backbone'>[];
  /** Convolution strides of the pyramid's levels. */
  strides: number[][];
  heads: HeadKind[];
  threads: number;
  tell(text: string): void;
}

/** Means over the seeds. */
export interface FrontierPoint {
  data: string;
  features: string;
  strides: number[];
  head: HeadKind;
  imageAuroc: number;
  pixelAuroc: number | null;
  /** Processor time of one run of the whole graph on one thread: the median over the test pictures, the quickest seed. */
  runMs: number;
  /** Processor time from decoded pictures to the finished graph. */
  learnSeconds: number;
}

interface TestPicture {
  pixels: Buffer;
  defective: boolean;
  mask: Uint8Array | null;
}

interface DecodedSet {
  good: Pictures;
  test: TestPicture[];
}

/** Milliseconds since `start`, a reading of its own: neighbours on the machine lengthen the wall clock's, hardly the processor's. */
function processorMs(start?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const size = squareInput();
/** Masks are compared at the input's size. */
const side = size.width;

/**
 * Quality against cost: features x convolution stride x head on each set, pictures stretched to 256 x 256, grey. Learns from
 * `train/good` with the pieces that a learning run is made of and scores the test pictures with the written graph.
 */
export async function frontier(options: FrontierOptions): Promise<FrontierPoint[]> {
  const points: FrontierPoint[] = [];
  for (const dir of options.data) {
    const set = await decodeSet(dir);
    for (const kind of options.features) {
      for (const strides of options.strides) {
        const tried = [];
        for (const seed of options.seeds) {
          tried.push(await tryOnce(set, { kind, strides, seed }, options));
          options.tell(`${dir} ${kind} ${strides} seed ${seed}`);
        }
        for (const [i, head] of options.heads.entries()) {
          points.push({ data: dir, features: kind, strides, head, ...averaged(tried.map((heads) => heads[i])) });
        }
      }
    }
  }
  return points;
}

type Figures = Pick<FrontierPoint, 'imageAuroc' | 'pixelAuroc' | 'runMs' | 'learnSeconds'>;

function averaged(figures: Figures[]): Figures {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const pixels = figures.map(({ pixelAuroc }) => pixelAuroc).filter((value) => value !== null);
  return {
    imageAuroc: mean(figures.map(({ imageAuroc }) => imageAuroc)),
    pixelAuroc: pixels.length === 0 ? null : mean(pixels),
    runMs: Math.min(...figures.map(({ runMs }) => runMs)),
    learnSeconds: mean(figures.map(({ learnSeconds }) => learnSeconds)),
  };
}

async function tryOnce(
  { good, test }: DecodedSet,
  choice: { kind: FrontierOptions['features'][number]; strides: number[]; seed: number },
  { heads, threads }: FrontierOptions,
): Promise<Figures[]> {
  const { kind, strides, seed } = choice;
  const began = process.cpuUsage();
  const tools = { seed, threads, progress: async () => {} };
  const extractor = await prepareFeatures({ kind }, good, seed, tools, { strides });
  const features = { extractor, projection: await fitProjection(good, extractor, tools) };
  const describer = await Describer.open(good, features, threads);
  const { grid } = describer;
  const samples = new Samples(grid.width * grid.height, describer.dimensions);
  for (let i = 0; i < good.count; i++) samples.add(await describer.z(good.pixels(i)));
  await describer.dispose();
  const shared = processorMs(began);
  const foldOf = assignFolds(good.count, seed);
  const out: Figures[] = [];
  for (const head of heads) {
    const fitting = process.cpuUsage();
    const fit = await fitHead(head, samples, foldOf, grid, { seed, threads, pause: async () => {} });
    if (fit === null) throw failed('the statistics', 'finite numbers', 'a covariance that is none');
    const parts = { size, channels: good.channels, ...features, head: fit, calibration: fit.calibration };
    const onnx = writeGraph(modelGraph(parts));
    const learnSeconds = (shared + processorMs(fitting)) / 1000;
    out.push({ ...(await judge(onnx, test)), learnSeconds });
  }
  return out;
}

async function judge(onnx: Buffer, test: TestPicture[]): Promise<Omit<Figures, 'learnSeconds'>> {
  const session = await Session.open(onnx, { threads: 1 });
  const curves = new PixelCurves();
  const scores: { good: number[]; bad: number[] } = { good: [], bad: [] };
  const times: number[] = [];
  for (const { pixels, defective, mask } of test) {
    const began = process.cpuUsage();
    const feeds = { [names.input]: { data: pixels, shape: [1, size.height, size.width, 1] } };
    const { map, score } = await session.run(feeds, [names.map, names.score]);
    times.push(processorMs(began));
    scores[defective ? 'bad' : 'good'].push(score.data[0]);
    if (defective && mask === null) continue;
    const [, , height, width] = map.shape;
    const drawn = AnomalyMap.from(width, height, map.data);
    curves.add(upsampled(drawn, side, side), side, side, mask);
  }
  await session.dispose();
  times.sort((a, b) => a - b);
  const { pixelAuroc } = curves.finish();
  return { imageAuroc: auroc(scores.good, scores.bad), pixelAuroc, runMs: times[times.length >> 1] };
}

async function decodeSet(dir: string): Promise<DecodedSet> {
  const { good, defects } = await readDataSet(dir);
  const learned: Buffer[] = [];
  for (const path of await filesIn(join(dir, 'train', 'good'))) learned.push(await decoded(path));
  if (learned.length === 0) throw invalidParameter('data', 'pictures in train/good', dir);
  const test: TestPicture[] = [];
  for (const path of good) test.push({ pixels: await decoded(path), defective: false, mask: null });
  for (const { path, mask } of defects.flatMap<LabelledPicture>(({ pictures }) => pictures)) {
    test.push({
      pixels: await decoded(path),
      defective: true,
      mask: mask === null ? null : (await readMask(mask, side)).pixels,
    });
  }
  return { good: { count: learned.length, size, channels: 1, pixels: (picture) => learned[picture] }, test };
}

async function decoded(path: string): Promise<Buffer> {
  const info = { encoding: 'unknown', width: null, height: null, channels: null, bitDepth: null } as const;
  return (await decodeTo({ data: await readFile(path), info }, { ...size, channels: 1 })).data;
}

const kinds = ['bank', 'filters', 'thorough'] as const;
const headKinds = ['gaussian', 'nearest'] as const;

function chosen<T extends string>(field: string, all: readonly T[], said: string | undefined): T[] {
  const wanted = said?.split(',') ?? [...all];
  const unknown = wanted.find((each) => !all.some((known) => known === each));
  if (unknown !== undefined) throw invalidParameter(field, all.join(', '), unknown);
  return all.filter((known) => wanted.includes(known));
}

function table(points: FrontierPoint[]): string {
  const head = ['set', 'features', 'strides', 'head', 'image', 'pixel', 'ms', 'learn s'];
  const rows = points.map((point) => [
    point.data.split('/').at(-1) ?? point.data,
    point.features,
    point.strides.join(' '),
    point.head,
    point.imageAuroc.toFixed(3),
    point.pixelAuroc?.toFixed(3) ?? '',
    point.runMs.toFixed(1),
    point.learnSeconds.toFixed(1),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join('  ')).join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', multiple: true },
      seeds: { type: 'string', default: '3' },
      features: { type: 'string' },
      heads: { type: 'string' },
      strides: { type: 'string', multiple: true },
      threads: { type: 'string', default: '1' },
    },
  });
  if (!values.data) throw invalidParameter('--data', 'a folder in MVTec layout', undefined);
  const points = await frontier({
    data: values.data,
    seeds: Array.from({ length: Number(values.seeds) }, (_, i) => i + 1),
    features: chosen('--features', kinds, values.features),
    heads: chosen('--heads', headKinds, values.heads),
    strides: (values.strides ?? ['1,1,1', '2,1,1', '2,2,1']).map((text) => text.split(',').map(Number)),
    threads: Number(values.threads),
    tell: (text) => process.stderr.write(`${text}\n`),
  });
  process.stdout.write(`${table(points)}\n${JSON.stringify(points)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
