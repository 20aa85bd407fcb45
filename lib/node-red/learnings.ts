import type { NodeAPI } from 'node-red';
import { learningPage } from '../console/learning-page.ts';
import { contentSecurityPolicy, newNonce } from '../console/overview-page.ts';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { adminRoute } from './routes.ts';

/** What a node that learns shows and takes on the console. */
export interface LearningDesk {
  /** Text of the report.json of the model that was learned last; null where nothing was learned yet. Rejects where it has none. */
  report(): Promise<string | null>;
  /** Begins to learn again without these pictures; throws where it cannot. */
  exclude(digests: string[]): void;
}

const desks = new Map<string, LearningDesk>();
const mostDigests = 5000;

/** Shows a node's learning on the console until the answer is called. */
export function showLearning(nodeId: string, desk: LearningDesk): () => void {
  desks.set(nodeId, desk);
  return () => {
    if (desks.get(nodeId) === desk) desks.delete(nodeId);
  };
}

function deskOf(nodeId: string): LearningDesk {
  const desk = desks.get(nodeId);
  if (desk !== undefined) return desk;
  throw new GoodpartError('GP_INPUT_INVALID', 'This node does not run: deploy it first');
}

/** The report of a learning node behind `goodpart.read`; leaving pictures out behind `goodpart.write`. */
export function serveLearnings(RED: NodeAPI): void {
  adminRoute(RED, 'get', 'learning/:node/report', 'goodpart.read', async ({ params }) => {
    const report = await deskOf(params.node).report();
    const nonce = newNonce();
    return {
      type: 'text/html',
      headers: { 'Content-Security-Policy': contentSecurityPolicy(nonce) },
      body: learningPage(report, nonce),
    };
  });
  adminRoute(RED, 'post', 'learning/:node/exclude', 'goodpart.write', ({ params, body }) => {
    const digests = (body as { digests?: unknown } | null)?.digests;
    const usable = Array.isArray(digests) && digests.length > 0 && digests.length <= mostDigests;
    if (!usable || !digests.every((digest) => typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest))) {
      throw invalidParameter('digests', 'a list of sha256 digests of pictures', digests);
    }
    deskOf(params.node).exclude(digests);
    return {
      status: 202,
      body: { message: 'Learning has begun. Open the report again when the node is done.' },
    };
  });
}
