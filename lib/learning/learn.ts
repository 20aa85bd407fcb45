import {
  describePreprocessing,
  type Lineage,
  type ModelDescription,
  type ModelInput,
} from '../scoring/model-schema.ts';
import { type Appraisal, appraise } from './appraise.ts';
import { Describer, type Features, fitProjection } from './describer.ts';
import { failed } from './failure.ts';
import { chooseBackbone } from './features/backbone.ts';
import { type FeatureChoice, prepareFeatures, usualFeatures } from './features/features.ts';
import { FinishedModel } from './finished-model.ts';
import { type FittedHead, fitBestHead } from './fitting.ts';
import { writeGraph } from './graph/write-graph.ts';
import { mapOf, maximumOf } from './heads/calibration.ts';
import { assignFolds } from './heads/cross-fit.ts';
import { Samples } from './heads/samples.ts';
import type { LearnBody } from './learning-protocol.ts';
import { lineageOf } from './lineage.ts';
import { modelGraph, names } from './model-graph.ts';
import type { Parent } from './parent.ts';
import { duplicateGroups, lookAtAll, type SetLooks } from './pictures/checks.ts';
import { fewestPictures, type PictureSet, type UsablePictures } from './pictures/picture-set.ts';
import { checkDefects, checkRepeats } from './proof.ts';
import { registerPictures, registerTo } from './registering.ts';
import { Roster } from './roster.ts';

export type Progress = (stage: string, done: number, total: number) => Promise<void>;

/** What a run has besides its options. */
export interface Material {
  set: PictureSet;
  /** The version that is continued. */
  parent?: Parent;
  /** Bytes of the backbone's file. */
  backbone?: Buffer;
  threads: number;
}

/** Everything that a new version consists of, still in memory. */
export interface Learned extends Appraisal {
  onnx: Buffer;
  description: Omit<ModelDescription, 'schema' | 'sha256' | 'name' | 'version' | 'createdAt'>;
  /** sha256 of the graph that made the samples. */
  origin: string;
  roster: Roster;
  /** Features of the new pictures. */
  samples: Samples;
  parent: Parent | undefined;
  pictures: UsablePictures;
  seed: number;
}

const checkedPictures = 5;

/** Good pictures → a finished, checked model and its limits. The same pictures and seed give the same bytes. Throws GP_LEARN_FAILED. */
export async function learn(material: Material, options: LearnBody, tell: Progress): Promise<Learned> {
  const { parent, threads } = material;
  const { seed } = options;
  const at = (stage: string) => (done: number, total: number) => tell(stage, done, total);
  await checkRepeats(options.repeats);
  await checkDefects(options.defects);
  const taken = takePictures(material, options);
  await tell('checking pictures', 0, taken.count);
  const looks = lookAtAll(taken);
  const looked = { looks, labels: taken.labels, digests: taken.digests };
  const { pictures, registration, groups } = await placed(taken, looks, parent, options, at('registering'));
  const roster = new Roster(parent, pictures, { exclude: options.exclude, groups });
  const features = parent?.features ?? (await learnFeatures(material, options, pictures, tell));
  const describer = await Describer.open(pictures, features, threads);
  const samples = new Samples(describer.grid.width * describer.grid.height, describer.dimensions);
  for (let i = 0; i < pictures.count; i++) {
    samples.add(await describer.z(pictures.pixels(i)));
    await tell('features', i + 1, pictures.count);
  }
  const all = parent ? roster.keptSamples(await parent.samples()) : samples;
  if (parent) for (let i = 0; i < samples.pictures; i++) all.addStored(samples.stored(i));
  const foldOf = assignFolds(
    all.pictures,
    seed,
    roster.used.map(({ group }) => group),
  );
  const fitted = await fitBestHead(
    { samples: all, foldOf, describer, pictures, kept: roster.kept, parent, threads },
    options,
    tell,
  );
  const { size, channels, window } = pictures;
  const { fit } = fitted;
  const scores = fit.maps.map(maximumOf);
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw failed(`the score of ${roster.used[bad].label}`, 'a finite number', String(scores[bad]));
  await tell('writing', 0, 1);
  const onnx = writeGraph(modelGraph({ size, channels, window, ...features, head: fit, calibration: fit.calibration }));
  const model = await FinishedModel.open(onnx, pictures, threads);
  await check(model, { pictures, fitted, describer, samples }, at('checking'));
  const description = features.extractor.description;
  const appraisal = await appraise(
    {
      model,
      describer,
      pictures,
      fitted,
      foldOf,
      roster,
      scores,
      looked,
      registration,
      parent,
      samples: all,
      description,
    },
    options,
    tell,
  );
  await model.dispose();
  await describer.dispose();
  const lineage = lineageOf(parent, options, appraisal.summary);
  const about = describe({ features, fitted, appraisal, roster, pictures, scores, registration, seed, lineage });
  const origin = parent?.training.origin ?? describer.origin;
  return { ...appraisal, onnx, description: about, origin, roster, samples, parent, pictures, seed };
}

/** The pictures that are new; a version that is continued has its own already. */
function takePictures({ set, parent }: Material, { exclude }: LearnBody): UsablePictures {
  const pictures = set.finish(exclude, parent ? 0 : fewestPictures);
  set.release();
  if (parent === undefined) return pictures;
  const known = new Set(parent.training.pictures.map(({ digest }) => digest));
  return pictures.moved((i) =>
    known.has(pictures.digests[i]) ? { reason: 'the model has learned it before' } : { pixels: pictures.pixels(i) },
  );
}

/** The pictures registered where that is wanted, with the groups of likely copies among those that are left. */
async function placed(
  pictures: UsablePictures,
  looks: SetLooks,
  parent: Parent | undefined,
  { registration: limits }: LearnBody,
  progress: (done: number, total: number) => Promise<void>,
) {
  const group = new Map(duplicateGroups(looks).map((number, i) => [pictures.digests[i], number]));
  const groupsOf = ({ digests }: UsablePictures) => digests.map((digest) => group.get(digest) ?? 0);
  const kept = parent?.description.registration;
  if (parent ? !kept : !limits) return { pictures, registration: undefined, groups: groupsOf(pictures) };
  const result = kept
    ? { pictures: await registerTo(pictures, kept, progress), registration: kept }
    : await registerPictures(pictures, limits as NonNullable<typeof limits>, progress);
  return { ...result, groups: groupsOf(result.pictures) };
}

async function learnFeatures(
  { backbone, threads }: Material,
  { features = usualFeatures, backbone: said, seed }: LearnBody,
  pictures: UsablePictures,
  tell: Progress,
): Promise<Features> {
  const tools = (stage: string) => ({
    seed,
    threads,
    progress: (done: number, total: number) => tell(stage, done, total),
  });
  let choice: FeatureChoice;
  if (features === 'backbone') {
    if (backbone === undefined) throw failed('backbone', 'an ONNX file', 'none');
    choice = { kind: features, backbone: await chooseBackbone(backbone, said, pictures.size) };
  } else choice = { kind: features };
  const extractor = await prepareFeatures(choice, pictures, seed, tools('filters'));
  return { extractor, projection: await fitProjection(pictures, extractor, tools('projection')) };
}

/** Runs the finished graph as the engine will and compares with the numbers it was made from. */
async function check(
  model: FinishedModel,
  {
    pictures,
    fitted,
    describer,
    samples,
  }: Pick<Learned, 'pictures' | 'samples'> & { fitted: FittedHead; describer: Describer },
  progress: (done: number, total: number) => Promise<void>,
): Promise<void> {
  const count = Math.min(checkedPictures, pictures.count);
  for (let i = 0; i < count; i++) {
    const picture = Math.floor((i * pictures.count) / count);
    const { score } = await model.run(pictures.pixels(picture));
    const { fit } = fitted;
    const expected = maximumOf(mapOf(fit.distances(samples.picture(picture)), fit.calibration, describer.grid));
    if (!(Math.abs(score - expected) <= 1e-2 * Math.max(1, Math.abs(expected)))) {
      throw failed(`the finished model’s score of good picture ${picture + 1}`, String(expected), String(score));
    }
    await progress(i + 1, count);
  }
}

function describe(o: {
  features: Features;
  fitted: FittedHead;
  appraisal: Appraisal;
  roster: Roster;
  pictures: UsablePictures;
  scores: number[];
  registration: ModelDescription['registration'];
  seed: number;
  lineage: Lineage;
}): Learned['description'] {
  const { features, fitted, appraisal, roster, pictures, scores, registration, seed, lineage } = o;
  const { thresholds, rois, summary } = appraisal;
  const input: ModelInput = {
    name: names.input,
    ...pictures.size,
    channels: pictures.channels,
    layout: 'NHWC',
    type: pictures.window ? 'float32' : 'uint8',
    resize: 'stretch',
    ...(pictures.window && { window: pictures.window }),
  };
  return {
    input,
    preprocessing: describePreprocessing(input, registration),
    outputs: { map: names.map, score: names.score },
    ...(registration ? { registration } : {}),
    units: 'deviations from the typical good part',
    trainingSet: {
      images: roster.used.length,
      digest: appraisal.digest,
      skipped: pictures.skipped.length,
      excluded: roster.excluded.length,
      provisional: summary.provisional,
      seed,
    },
    calibration: {
      median: thresholds.median,
      warn: thresholds.warn.value,
      fail: thresholds.fail.value,
      scores,
      method: summary.statement.slice(0, 2000),
      thresholds,
      rois,
    },
    lineage,
    tool: `goodpart learning: ${features.extractor.description}; ${fitted.fit.description}`.slice(0, 200),
  };
}
