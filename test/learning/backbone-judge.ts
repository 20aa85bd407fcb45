import { seededRandom } from '../../lib/core/random.ts';
import type { FeatureExtractor, Pictures } from '../../lib/learning/features/extractor.ts';
import { GraphBuilder } from '../../lib/learning/graph/graph-builder.ts';
import { writeGraph } from '../../lib/learning/graph/write-graph.ts';
import type { Size } from '../../lib/learning/pictures/input-size.ts';
import { decodeModel, encodeModel } from '../../lib/scoring/onnx-proto.ts';
import { Session, type TensorOutput } from '../../lib/scoring/session.ts';

/** Seeded noise pictures. */
export function noise(size: Size, channels: 1 | 3, count = 1): Pictures {
  const random = seededRandom(9);
  const length = size.width * size.height * channels;
  const list = Array.from({ length: count }, () => Buffer.from(Uint8Array.from({ length }, () => random() * 256)));
  return { count, size, channels, pixels: (picture) => list[picture] };
}

/** The extractor's features of picture 0, as the finished graph would compute them, and that graph's file. */
export async function featuresOf(extractor: FeatureExtractor, pictures: Pictures) {
  const { size, channels } = pictures;
  const graph = new GraphBuilder('test');
  const shape = [1, size.height, size.width, channels];
  const features = extractor.add(graph, graph.input('image', shape, 'uint8'), size);
  const onnx = writeGraph(graph.finish({ features }));
  const session = await Session.open(onnx);
  const result = await session.run({ image: { data: pictures.pixels(0), shape } });
  await session.dispose();
  return { onnx, features: result.features };
}

/** What the file itself computes for `pixels` (already normalised, [1,C,H,W]) at the tensors `names`. */
export async function original(
  model: Buffer,
  pixels: { data: Float32Array; shape: number[] },
  names: string[],
): Promise<Record<string, TensorOutput>> {
  const proto = decodeModel(model);
  const session = await Session.open(
    encodeModel({ ...proto, graph: { ...proto.graph, output: names.map((name) => ({ name })) } }),
  );
  const results = await session.run({ [session.inputs[0].name]: pixels });
  await session.dispose();
  return results;
}

/** Picture 0 normalised by hand: uint8 rows of `channels` → float32 [1,3,H,W]. */
export function normalised(pictures: Pictures, mean: number[], std: number[]): { data: Float32Array; shape: number[] } {
  const { width, height } = pictures.size;
  const pixels = pictures.pixels(0);
  const data = new Float32Array(3 * width * height);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < width * height; i++) {
      const grey = pictures.channels === 1 ? pixels[i] : pixels[i * 3 + c];
      data[c * width * height + i] = (grey / 255 - mean[c]) / std[c];
    }
  }
  return { data, shape: [1, 3, height, width] };
}

export const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Largest difference, relative to the largest number where that is above 1. */
export function deviation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const largest = Array.from(b).reduce((most, each) => Math.max(most, Math.abs(each)), 1);
  return Array.from(a).reduce((most, each, i) => Math.max(most, Math.abs(each - b[i])), 0) / largest;
}
