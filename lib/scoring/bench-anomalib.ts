import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { mean, median, rounded } from './bench-figures.ts';
import { flood, perSecond } from './bench-flood.ts';
import { type BenchPicture, benchFrame, jpegPictures } from './bench-frames.ts';
import { OnnxRuntimeEngine } from './engine.ts';
import { importModel } from './import/import-model.ts';
import type { ModelInput } from './model-schema.ts';
import { ModelStore } from './model-store.ts';

type Way = 'inferencer' | 'onnxruntime';
interface Said {
  times: number[];
  scores: number[];
}

/** In a checkout only: the package does not bring it. */
const script = join(__dirname, '../../../test/scoring/anomalib/bench_side.py');

/**
 * The same exported model, the same 1080p JPEG files, one inference thread each: this package's engine (decoding beside the run) and anomalib's
 * own inferencer take turns. GOODPART_ANOMALIB_PYTHON names a Python that has anomalib and openvino (make_exports.py says how one is made);
 * without it nothing is measured, and the result says so.
 */
export async function besideAnomalib({ rounds = 7, sliceMs = 1500 } = {}): Promise<Record<string, unknown>> {
  const python = process.env.GOODPART_ANOMALIB_PYTHON?.split(':')[0];
  if (!python || !existsSync(script)) {
    return { skipped: 'needs a checkout and GOODPART_ANOMALIB_PYTHON, a Python that has anomalib' };
  }
  const folder = await mkdtemp(join(tmpdir(), 'goodpart-anomalib-'));
  const engine = new OnnxRuntimeEngine({ name: 'beside anomalib', threads: 1 });
  let theirs: AnomalibSide | undefined;
  try {
    theirs = await AnomalibSide.open(python, folder);
    const { about } = theirs;
    const { onnx, description } = await importModel({ onnx: String(about.onnx), name: 'anomalib', version: '1' });
    const { key } = await engine.load(await new ModelStore(folder).add(description, onnx));
    const pictures = await jpegPictures(1920, 1080, 4);
    const files = await Promise.all(
      pictures.map(async ({ data }, i) => {
        const path = join(folder, `${i}.jpg`);
        await writeFile(path, data);
        return path;
      }),
    );
    const rates: Record<'ours' | Way, number>[] = [];
    let scores: Record<Way, number[]> = { inferencer: [], onnxruntime: [] };
    for (let round = 0; round < rounds; round++) {
      const inferencer = await theirs.take('inferencer', files, sliceMs);
      const ours = perSecond(await flood(engine, key, pictures, sliceMs));
      const onnxruntime = await theirs.take('onnxruntime', files, sliceMs);
      const rate = ({ times }: Said) => 1000 / mean(times);
      // the first slice warms up
      if (round > 0) rates.push({ ours, inferencer: rate(inferencer), onnxruntime: rate(onnxruntime) });
      scores = { inferencer: inferencer.scores, onnxruntime: onnxruntime.scores };
    }
    const own = await scoresOf(engine, key, pictures);
    const middle = (pick: (rate: (typeof rates)[number]) => number) => rounded(median(rates.map(pick)));
    const { input } = description;
    return {
      ...about,
      ...{ onnx: undefined, frame: '1920x1080 JPEG', input: `${input.width}x${input.height}`, threads: 1 },
      oursPerSecond: middle(({ ours }) => ours),
      anomalibPerSecond: middle(({ inferencer }) => inferencer),
      timesAnomalib: middle(({ ours, inferencer }) => ours / inferencer),
      sameRuntimePerSecond: middle(({ onnxruntime }) => onnxruntime),
      timesSameRuntime: middle(({ ours, onnxruntime }) => ours / onnxruntime),
      scores: { ours: own, ...scores },
      largestRelativeDifference: {
        inferencer: largest(own, scores.inferencer),
        onnxruntime: largest(own, scores.onnxruntime),
      },
      largestRelativeDifferenceSameResize: await sameResize(pictures, own, theirs, folder, input),
    };
  } finally {
    theirs?.stop();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The two resize differently (libvips before the graph, torch's operators in it), and grain shows it. Here anomalib gets the very frames as our
 * decode made them, of the input's size and without losses: what differs then is arithmetic.
 */
async function sameResize(
  pictures: readonly BenchPicture[],
  own: number[],
  theirs: AnomalibSide,
  folder: string,
  input: ModelInput,
): Promise<Record<Way, number>> {
  const [{ decodeTo }, { default: sharp }] = await Promise.all([import('../imaging/decode.ts'), import('sharp')]);
  const { width, height, channels } = input;
  const files = await Promise.all(
    pictures.map(async ({ data }, i) => {
      const info = { encoding: 'jpeg', width: null, height: null, channels: null, bitDepth: null } as const;
      const pixels = await decodeTo({ data, info }, input);
      const file = join(folder, `resized-${i}.png`);
      await sharp(pixels.data, { raw: { width, height, channels } }).png().toFile(file);
      return file;
    }),
  );
  const [inferencer, onnxruntime] = [
    await theirs.take('inferencer', files, 0),
    await theirs.take('onnxruntime', files, 0),
  ];
  return { inferencer: largest(own, inferencer.scores), onnxruntime: largest(own, onnxruntime.scores) };
}

async function scoresOf(engine: OnnxRuntimeEngine, key: string, pictures: BenchPicture[]): Promise<number[]> {
  const scores: number[] = [];
  for (const [i, picture] of pictures.entries()) {
    scores.push((await engine.score(key, benchFrame(picture, i), { deadlineMs: 10_000 })).score);
  }
  return scores;
}

/** Of |ours − theirs| / |theirs|. */
const largest = (ours: number[], theirs: number[]) =>
  Math.max(...ours.map((score, i) => Math.abs(score - theirs[i]) / Math.abs(theirs[i])));

/** The Python process. */
class AnomalibSide {
  readonly about: Record<string, unknown>;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>, about: Record<string, unknown>) {
    this.#process = process;
    this.#lines = lines;
    this.about = about;
  }

  static async open(python: string, folder: string): Promise<AnomalibSide> {
    const child = spawn(python, [script, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-2000);
    });
    const reader: Interface = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error(`anomalib's side of the bench ended: ${words}`);
    return new AnomalibSide(child, lines, JSON.parse(first.value));
  }

  async take(how: Way, pictures: string[], ms: number): Promise<Said> {
    this.#process.stdin?.write(`${JSON.stringify({ how, pictures, ms })}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error("anomalib's side of the bench ended");
    return JSON.parse(line.value);
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}
