import type { LearnResult } from '../../lib/learning/learning-job.ts';
import type { StatusColour } from '../../lib/node-red/status.ts';

type Outcome = Pick<LearnResult, 'model' | 'images' | 'provisional' | 'clusters' | 'findings'>;

/** A node's status after learning: what a person should look at first. */
export function inShort(result: Outcome, activated: boolean): [StatusColour, string] {
  const { model, images, provisional, clusters, findings } = result;
  const what = `${model.name} version ${model.version}`;
  const waits = activated ? '' : ', not activated';
  if (provisional.length > 0) return ['yellow', `${what} is provisional${waits}: ${provisional[0]}`];
  const full = `${what} from ${images} pictures${waits}`;
  if (clusters) return ['yellow', `${full}: they look like ${clusters.count} products or set-ups`];
  return ['green', findings.length > 0 ? `${full}, ${findings.length} to look at` : full];
}
