import type { ModelIdentity, Roi } from '../core/inspection.ts';
import type { RegionLimits } from './limits/regions.ts';
import type { FalseRejectRate } from './limits/thresholds.ts';
import type { Skipped } from './pictures/picture-set.ts';

/** What LearningJob and its child say to each other, in this order: begin, file or frame …, learn, stage. */
export interface BeginBody {
  keepAspect: boolean;
}

export interface LearnBody {
  seed: number;
  rois: Roi[];
  falseRejectRate: FalseRejectRate;
}

export interface LearnedBody {
  images: number;
  skipped: Skipped[];
  goodScores: number[];
  highest: { path: string; score: number }[];
  median: number;
  warn: number;
  fail: number;
  rois: RegionLimits[];
  statement: string;
}

export interface StageBody {
  root: string;
  name: string;
  version: string;
}

export interface StagedBody {
  dir: string;
  model: ModelIdentity;
}
