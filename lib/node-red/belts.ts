import type { NodeAPI } from 'node-red';
import type { BeltAnswer } from '../console/belt-data.ts';
import { contentSecurityPolicy, fixedPage, newNonce } from '../console/overview-page.ts';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { adminRoute } from './routes.ts';

/** What a simulated line shows and takes on its page. */
export interface BeltDesk {
  answer(): BeltAnswer;
  /** Throws for a name that is no fault. */
  fault(name: unknown, on: boolean): void;
  run(on: boolean): void;
  reset(): void;
}

const desks = new Map<string, BeltDesk>();

/** Shows a node's simulated line on its page until the answer is called. */
export function showBelt(nodeId: string, desk: BeltDesk): () => void {
  desks.set(nodeId, desk);
  return () => {
    if (desks.get(nodeId) === desk) desks.delete(nodeId);
  };
}

function deskOf(nodeId: string): BeltDesk {
  const desk = desks.get(nodeId);
  if (desk !== undefined) return desk;
  throw new GoodpartError('GP_INPUT_INVALID', 'This node does not run: deploy it first');
}

/** `plc-simulator/<node id>/belt`, the page, and `state.json` behind `goodpart.read`; `command` behind `goodpart.write`. */
export function serveBelts(RED: NodeAPI): void {
  adminRoute(RED, 'get', 'plc-simulator/:node/belt', 'goodpart.read', ({ params }) => {
    deskOf(params.node);
    const nonce = newNonce();
    return {
      type: 'text/html',
      headers: { 'Content-Security-Policy': contentSecurityPolicy(nonce) },
      body: fixedPage('belt', nonce),
    };
  });
  adminRoute(RED, 'get', 'plc-simulator/:node/state.json', 'goodpart.read', ({ params }) => ({
    body: deskOf(params.node).answer(),
  }));
  adminRoute(RED, 'post', 'plc-simulator/:node/command', 'goodpart.write', ({ params, body }) => {
    const desk = deskOf(params.node);
    const { action, name, on } = (body ?? {}) as { action?: unknown; name?: unknown; on?: unknown };
    if (action === 'reset') desk.reset();
    else if (action === 'run' && typeof on === 'boolean') desk.run(on);
    else if (action === 'fault' && typeof on === 'boolean') desk.fault(name, on);
    else throw invalidParameter('action', 'reset, run or fault, with on', action);
    return { body: {} };
  });
}
