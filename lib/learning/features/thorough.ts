import type { FeatureExtractor, Pictures } from './extractor.ts';
import { addBank, type BankOptions, bankChannels } from './fixed-bank.ts';
import {
  addFilters,
  alikeFilters,
  describeFilters,
  type FilterOptions,
  filterChannels,
  learnFilters,
} from './learned-filters.ts';
import { addPyramid, addStatistics, levels, statisticsChannels, stride } from './pyramid.ts';

/**
 * Fixed bank and learned filters together: each sees what the other averages away; large defects show in the surroundings.
 * Throws GP_LEARN_FAILED where nothing varies.
 */
export async function thoroughFeatures(
  pictures: Pictures,
  bank: BankOptions,
  filters: FilterOptions,
  progress: (done: number, total: number) => Promise<void>,
): Promise<FeatureExtractor> {
  const learned = await learnFilters(pictures, filters, progress);
  return {
    kind: 'thorough',
    description: `${describeFilters(pictures, filters)}, and a fixed bank of ${bankChannels / levels / 2}, every ${bank.strides.join(', ')} pixels`,
    channels: bankChannels + filterChannels(filters.centroids) + statisticsChannels(pictures.channels),
    alike: alikeFilters(filters.centroids, bankChannels),
    surroundings: true,
    stride,
    add(graph, picture, size) {
      const pyramid = addPyramid(graph, picture, size);
      return graph.concatChannels([
        ...addBank(graph, pyramid, bank),
        ...addFilters(graph, pyramid, learned, filters),
        ...addStatistics(graph, pyramid),
      ]);
    },
  };
}
