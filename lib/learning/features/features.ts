import { type BackboneChoice, backboneFeatures } from './backbone.ts';
import type { FeatureExtractor, FeatureKind, Pictures } from './extractor.ts';
import { bankFeatures } from './fixed-bank.ts';
import { type FilterOptions, filterFeatures } from './learned-filters.ts';
import { thoroughFeatures } from './thorough.ts';

export type FeatureChoice = { kind: Exclude<FeatureKind, 'backbone'> } | { kind: 'backbone'; backbone: BackboneChoice };

/** What is learned with when nothing was chosen. */
export const usualFeatures = 'filters' satisfies FeatureKind;

/**
 * Pixels between two places where the filters of levels 0, 1 and 2 are applied. A coarser first level halves the time of a run and
 * costs half a point to two points of image AUROC on parts that sit still, more on others (frontier.ts, README).
 */
export const usualStrides: readonly number[] = [1, 1, 1];

export interface FeatureOptions {
  strides?: readonly number[];
  filters?: Partial<Omit<FilterOptions, 'seed' | 'strides'>>;
}

const usualFilters = { contrast: 0.03, regularisation: 1, patches: 20_000 } as const;
/** Of each level, in sixteens, which convolutions take together. Alone the filters are to be quick; with the bank time matters less. */
const usualCentroids = { bank: 0, filters: 48, thorough: 64 } as const;

/** Makes the chosen features, learning from the good pictures what they need. Throws GP_LEARN_FAILED where that is not possible. */
export async function prepareFeatures(
  choice: FeatureChoice,
  pictures: Pictures,
  seed: number,
  tools: { threads: number; progress: (done: number, total: number) => Promise<void> },
  options: FeatureOptions = {},
): Promise<FeatureExtractor> {
  if (choice.kind === 'backbone') return backboneFeatures(choice.backbone, pictures);
  const strides = options.strides ?? usualStrides;
  const bank = { seed, strides };
  const filters = { ...usualFilters, centroids: usualCentroids[choice.kind], ...options.filters, seed, strides };
  switch (choice.kind) {
    case 'bank':
      return bankFeatures(pictures.channels, bank);
    case 'filters':
      return filterFeatures(pictures, filters, tools.progress);
    case 'thorough':
      return thoroughFeatures(pictures, bank, filters, tools.progress);
  }
}
