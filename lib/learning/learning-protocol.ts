import type { FrameInfo } from '../core/frame.ts';
import type { ModelIdentity } from '../core/inspection.ts';
import type { HeadKind } from './heads/head.ts';
import type { DefectsShown } from './limits/defects.ts';
import type { RegionLimits } from './limits/regions.ts';
import type { Repeatability } from './limits/repeatability.ts';
import type { BackboneFile, CheckedOptions, PictureAttributes } from './options.ts';
import type { Finding } from './pictures/checks.ts';
import type { Clusters } from './pictures/clusters.ts';
import type { Coverage } from './pictures/coverage.ts';
import type { Skipped } from './pictures/picture-set.ts';
import type { Sensitivity } from './sensitivity/sensitivity.ts';

/** What LearningJob and its child say to each other, in this order: expand, haveOneAspect, begin, file or frame …, learn, stage. */
export interface BeginBody {
  keepAspect: boolean;
  side?: number;
  extend?: string;
  backbone?: BackboneFile;
}

export interface FileBody {
  index: number;
  path: string;
  about: PictureAttributes;
}

export interface FrameBody {
  index: number;
  label: string;
  info: FrameInfo;
  about: PictureAttributes;
}

export type LearnBody = Omit<CheckedOptions, 'images' | 'modelsRoot'>;

export interface StageBody {
  root: string;
  name: string;
  version: string;
}

export interface StagedBody {
  dir: string;
  model: ModelIdentity;
}

export interface LearningProgress {
  /** `reading`, `checking pictures`, `registering`, `filters`, `projection`, `features`, `fitting`, `choosing`, … */
  stage: string;
  done: number;
  total: number;
}

/** What a run found out, as it is told and as report.json holds it. */
export interface LearnedBody {
  /** Good pictures in the model, those of the model that was extended among them. */
  images: number;
  skipped: Skipped[];
  /** Left out because a person said so. */
  excluded: Skipped[];
  /** Cross-fitted: each picture scored by a model that had not seen it. */
  goodScores: number[];
  /** The five good pictures with the highest scores: worth a look, one bad part among them lifts the limits. */
  highest: { path: string; score: number }[];
  median: number;
  warn: number;
  fail: number;
  rois: RegionLimits[];
  statement: string;
  /** What the features are, with their numbers. */
  features: string;
  head: HeadKind;
  /** Why this head. */
  headReason: string;
  /** Good pictures to look at: blurred, dark, duplicate, outlying. */
  findings: Finding[];
  /** Null where the pictures look like one product in one set-up. */
  clusters: Clusters | null;
  coverage: Coverage | null;
  /** Why the model is provisional, a sentence each; empty where it is not. */
  provisional: string[];
  sensitivity: Sensitivity | null;
  defects: DefectsShown | null;
  repeatability: Repeatability | null;
}

export interface LearnResult extends LearnedBody {
  model: ModelIdentity;
  /** Folder of the new version. */
  dir: string;
  seconds: number;
}
