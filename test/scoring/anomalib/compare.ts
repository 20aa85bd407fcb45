import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeTo } from '../../../lib/imaging/decode.ts';
import { readOutputs, toTensor, wantedOutputs } from '../../../lib/scoring/fit.ts';
import { importModel } from '../../../lib/scoring/import/import-model.ts';
import { parseModel } from '../../../lib/scoring/model-schema.ts';
import { Session } from '../../../lib/scoring/session.ts';

/** What make_exports.py writes into results.json. */
export interface Results {
  anomalib: string;
  torch: string;
  cases: Case[];
  failures: { name: string; error: string }[];
}

export interface Case {
  name: string;
  model: string;
  variant: string;
  raw: boolean;
  /** Sides of the input and of what the network sees of it, pixels. */
  side: number;
  crop: number;
  onnx: string;
  /** By how many times larger the pictures are than the input. */
  frames: Record<string, Said[]>;
}

interface Said {
  file: string;
  /** As it comes out of the graph (2.x) or the maximum of the raw map (0.7, 1.x). */
  score: number;
  /** As anomalib's inferencer reports it. */
  predScore: number;
  label?: boolean;
  /** Width and height of the map. */
  map: [number, number];
  /** Column and row of its maximum. */
  peak: [number, number];
}

/** How far we are from what anomalib said of pictures of one size. */
export interface Agreement {
  case: string;
  scale: number;
  /** Largest |ours − theirs| / |theirs|. */
  score: number;
  /** The same of the score as the inferencer reports it, 0..1, absolute. */
  predScore: number;
  /** Largest distance of the maps' maxima, in pixels of the model's input. */
  peak: number;
  /** Pictures that one of the two calls anomalous and the other does not; null where anomalib gives no label. */
  labels: number | null;
  kind: string;
  milliseconds: number;
}

export function readResults(dir: string): Results {
  return JSON.parse(readFileSync(join(dir, 'results.json'), 'utf8'));
}

/** Imports one export and scores its pictures as the engine's child does: same decoding, same session, same reading. */
export async function compare(dir: string, { name, side, crop, onnx, frames }: Case): Promise<Agreement[]> {
  const got = await importModel({ onnx: join(dir, onnx), name: 'judged', version: '1' });
  const model = parseModel({ schema: 1, ...got.description, sha256: '0'.repeat(64) });
  const session = await Session.open(got.onnx, { threads: 2 });
  const wanted = wantedOutputs(model);
  const agreements: Agreement[] = [];
  for (const [scale, pictures] of Object.entries(frames)) {
    const worst = { score: 0, predScore: 0, peak: 0, milliseconds: 0 };
    let labels: number | null = null;
    for (const said of pictures) {
      const data = readFileSync(join(dir, 'pictures', said.file));
      const info = { encoding: 'png' as const, width: null, height: null, channels: null, bitDepth: null };
      const image = await decodeTo({ data, info }, model.input);
      const began = performance.now();
      const outputs = await session.run({ [model.input.name]: toTensor(image.data, model.input) }, wanted);
      worst.milliseconds = Math.max(worst.milliseconds, performance.now() - began);
      const { score, map } = readOutputs(model, outputs);
      const { median, fail } = model.calibration;
      const isNew = model.imported?.kind === 'anomalib-2';
      const reported = isNew ? score : Math.min(1, Math.max(0, (score - median) / (fail - median) / 2));
      worst.score = Math.max(worst.score, relative(score, said.score));
      worst.predScore = Math.max(worst.predScore, Math.abs(reported - said.predScore));
      if (map === null) worst.peak = Number.NaN;
      else {
        const place = (at: number, cells: number) => ((at + 0.5) / cells) * side;
        const inFrame = (at: number, cells: number) => ((at + 0.5) / cells) * crop + (side - crop) / 2;
        const top = highest(map.values);
        const x = place(top % map.width, map.width) - inFrame(said.peak[0], said.map[0]);
        const y = place(Math.floor(top / map.width), map.height) - inFrame(said.peak[1], said.map[1]);
        worst.peak = Math.max(worst.peak, Math.hypot(x, y));
      }
      if (said.label !== undefined && fail > median) labels = (labels ?? 0) + Number(score > fail !== said.label);
    }
    agreements.push({ case: name, scale: Number(scale), ...worst, labels, kind: model.imported?.kind ?? '' });
  }
  await session.dispose();
  return agreements;
}

/** Scores that are both exactly 0 (cut off) agree. */
function relative(ours: number, theirs: number): number {
  return ours === theirs ? 0 : Math.abs(ours - theirs) / Math.max(Math.abs(theirs), 1e-6);
}

function highest(values: Float32Array): number {
  let top = -1;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i]) && (top < 0 || values[i] > values[top])) top = i;
  }
  return top;
}

export function table({ anomalib, torch }: Results, agreements: readonly Agreement[]): string {
  const rows = agreements.map(
    ({ case: name, scale, score, predScore, peak, labels }) =>
      `${name.padEnd(26)} ${`x${scale}`.padStart(4)} ${score.toExponential(1).padStart(9)} ${predScore.toExponential(1).padStart(9)} ` +
      `${peak.toFixed(2).padStart(8)} ${String(labels ?? '-').padStart(6)}`,
  );
  const head = `${'export'.padEnd(26)} size  score/rel  reported  peak/px  labels`;
  return [`anomalib ${anomalib}, torch ${torch}: largest deviation`, head, ...rows].join('\n');
}
