import { createHash } from 'node:crypto';
import type { Levels } from '../imaging/levels.ts';
import type { ModelDescription } from '../scoring/model-schema.ts';
import type { Describer } from './describer.ts';
import type { FinishedModel } from './finished-model.ts';
import type { FittedHead } from './fitting.ts';
import { mapOf } from './heads/calibration.ts';
import type { Samples } from './heads/samples.ts';
import type { Progress } from './learn.ts';
import type { LearnBody, LearnedBody } from './learning-protocol.ts';
import { judgeDefects } from './limits/defects.ts';
import { layRegions, proposeRegions, type RegionLimits, rejectedTogether } from './limits/regions.ts';
import { judgeRepeatability } from './limits/repeatability.ts';
import { proposeThresholds, statementOf, type Thresholds } from './limits/thresholds.ts';
import type { Parent } from './parent.ts';
import { checkLooks, checkScores, type Finding, type SetLooks } from './pictures/checks.ts';
import { type Clusters, clustersOf, meanFeatures } from './pictures/clusters.ts';
import { coverageOf } from './pictures/coverage.ts';
import type { UsablePictures } from './pictures/picture-set.ts';
import { showPictures, verdictOf } from './proof.ts';
import type { Roster } from './roster.ts';
import { measureSensitivity } from './sensitivity/sensitivity.ts';

/** A good picture as it went into the graph, kept beside the model for measuring again, and its score. */
export interface Example {
  pixels: Levels;
  digest: string;
  score: number;
}

/** What a model is worth: its limits and what they rest on, what it sees, which pictures to look at. */
export interface Appraisal {
  thresholds: Thresholds;
  rois: RegionLimits[];
  /** sha256 over the pictures that were learned from, in order. */
  digest: string;
  examples: Example[];
  summary: LearnedBody;
}

interface Subject {
  model: FinishedModel;
  describer: Describer;
  pictures: UsablePictures;
  samples: Samples;
  fitted: FittedHead;
  foldOf: number[];
  roster: Roster;
  scores: number[];
  /** The new pictures as they were before registration. */
  looked: { looks: SetLooks; labels: readonly string[]; digests: readonly string[] };
  registration: ModelDescription['registration'];
  parent: Parent | undefined;
  /** What the features are. */
  description: string;
}

const shownHighest = 5;
const keptExamples = 24;

/** Limits from the cross-fitted maps, proof on what was shown and drawn, good pictures that stand out. */
export async function appraise(subject: Subject, options: LearnBody, tell: Progress): Promise<Appraisal> {
  const { model, pictures, fitted, roster, scores, registration, describer } = subject;
  const { goal, seed } = options;
  const { fit } = fitted;
  const regions = layRegions(options.rois, describer.grid);
  const show = (what: 'defects' | 'repeats') =>
    showPictures(what, options[what], model, pictures, registration, (done, total) => tell(what, done, total));
  const defects = await show('defects');
  const repeats = await show('repeats');
  const known = defects.length > 0 ? { maps: defects.map(({ map }) => map), drawn: false } : drawnDefects(fitted);
  const scoresOfKnown = known && {
    scores: known.maps.map((map) => map.reduce((top, value) => Math.max(top, value), Number.NEGATIVE_INFINITY)),
    drawn: known.drawn,
  };
  const thresholds = proposeThresholds(scores, goal, undefined, scoresOfKnown);
  const rois = proposeRegions(regions, fit.maps, goal, known);
  const limits = { warn: thresholds.warn.value, fail: thresholds.fail.value, rois };
  const verdict = (each: (typeof defects)[number]) => verdictOf(each, regions, limits);
  const found = judgeDefects(
    defects.map((each) => ({ label: each.label, kind: each.group, score: each.score, verdict: verdict(each) })),
    thresholds,
    scores,
  );
  const repeatability =
    repeats.length > 0
      ? judgeRepeatability(
          repeats.map((each) => ({ part: each.group, score: each.score, verdict: verdict(each) })),
          limits,
        )
      : null;
  const examples = await exampleSet(subject);
  const sensitivity =
    options.sensitivity === false
      ? null
      : await measureSensitivity({
          ...drawingGround(subject, examples),
          size: pictures.size,
          frame: pictures.count > 0 ? pictures.own : undefined,
          channels: pictures.channels,
          grid: describer.grid,
          regions,
          limits,
          seed,
          progress: (done, total) => tell('drawing defects', done, total),
        });
  const coverage = coverageOf(roster.used, options.declared);
  const { provisional } = coverage;
  const statement = statementOf(thresholds, roster.used.length, {
    defects: found?.statement,
    provisional,
    regions:
      rois.length > 0
        ? { count: rois.length, expected: rejectedTogether(regions, rois, fit.maps).expected }
        : undefined,
  });
  const byScore = roster.used
    .map(({ label }, i) => ({ path: label, score: scores[i] }))
    .sort((a, b) => b.score - a.score);
  const digest = createHash('sha256');
  for (const entry of roster.used) digest.update(entry.digest);
  await tell('looking for clusters', 0, 1);
  const summary: LearnedBody = {
    images: roster.used.length,
    skipped: pictures.skipped,
    excluded: roster.excluded,
    goodScores: scores,
    highest: byScore.slice(0, shownHighest),
    median: thresholds.median,
    warn: thresholds.warn.value,
    fail: thresholds.fail.value,
    rois,
    statement,
    features: subject.description,
    head: fit.kind,
    headReason: fitted.why,
    findings: findingsOf(subject),
    clusters: clustersIn(subject, seed),
    coverage,
    provisional,
    sensitivity,
    defects: found,
    repeatability,
  };
  return { thresholds, rois, digest: digest.digest('hex'), examples, summary };
}

const drawnDefects = ({ drawn }: FittedHead) => (drawn === null ? undefined : { maps: drawn, drawn: true });

/** Looks of the new pictures and scores of all, by their number among all that were learned from. */
function findingsOf({ looked, roster, scores }: Subject): Finding[] {
  const labels = roster.used.map(({ label }) => label);
  const digests = roster.used.map(({ digest }) => digest);
  const place = new Map(digests.map((digest, i) => [digest, i]));
  const ofLooks = checkLooks(looked.looks, looked).flatMap((finding) => {
    const picture = place.get(finding.digest);
    const repeated = finding.of && place.get(finding.of.digest);
    // of two copies one may have been left out by registration: the other repeats nothing then
    if (picture === undefined || (finding.of && repeated === undefined)) return [];
    const of = finding.of && repeated !== undefined ? { of: { ...finding.of, picture: repeated } } : {};
    return [{ ...finding, picture, ...of }];
  });
  return [...ofLooks, ...checkScores(scores, labels, digests)];
}

/** One product in one set-up, or several; how the pictures look is known where all of them are new. */
function clustersIn({ samples, roster, looked }: Subject, seed: number): Clusters | null {
  const features = Array.from({ length: samples.pictures }, (_, picture) =>
    meanFeatures(samples.picture(picture), samples.dimensions),
  );
  const place = new Map(looked.digests.map((digest, i) => [digest, i]));
  const looks = roster.used.flatMap(({ digest }) => looked.looks.looks[place.get(digest) ?? -1] ?? []);
  const labels = roster.used.map(({ label }) => label);
  return clustersOf({ features, looks: looks.length === features.length ? looks : null }, labels, seed);
}

/** Good pictures evenly from all, with their scores by the finished graph: what an engine or a later version is measured on. */
async function exampleSet({ pictures, parent, roster, model }: Subject): Promise<Example[]> {
  const chosen: { pixels: Levels; digest: string }[] = [];
  const used = new Set(roster.used.map(({ digest }) => digest));
  if (parent) {
    const kept = await parent.examples();
    for (const [i, { digest }] of parent.training.examples.entries()) {
      if (used.has(digest)) chosen.push({ pixels: kept[i], digest });
    }
  }
  const wanted = Math.min(pictures.count, Math.max(keptExamples - chosen.length, keptExamples / 4));
  for (let i = 0; i < wanted; i++) {
    const picture = Math.floor((i * pictures.count) / wanted);
    chosen.push({ pixels: pictures.pixels(picture), digest: pictures.digests[picture] });
  }
  const examples: Example[] = [];
  for (const each of chosen.slice(-keptExamples))
    examples.push({ ...each, score: (await model.run(each.pixels)).score });
  return examples;
}

/** Good pictures to draw into and what scores them: held-out pictures by a model without them, else those that were kept. */
function drawingGround(subject: Subject, examples: Example[]) {
  const { pictures, foldOf, roster, fitted, describer, model } = subject;
  const { heldOut } = fitted.fit;
  const unseen = foldOf.slice(roster.kept).flatMap((fold, i) => (fold === 0 ? [pictures.pixels(i)] : []));
  if (unseen.length > 0) {
    const score = async (pixels: Levels) =>
      mapOf(heldOut.model.distances(await describer.z(pixels)), heldOut.calibration, describer.grid);
    return { pictures: unseen, score, learned: false };
  }
  return {
    pictures: examples.map(({ pixels }) => pixels),
    score: async (pixels: Levels) => (await model.run(pixels)).map,
    learned: true,
  };
}
