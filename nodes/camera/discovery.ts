import type { NodeAPI } from 'node-red';
import { discover } from '../../lib/capture/camera.ts';
import type { SourceSettings } from '../../lib/capture/settings.ts';
import type { DiscoveredSource } from '../../lib/capture/source.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { adminRoute } from '../../lib/node-red/routes.ts';
import { findable } from './discovered.ts';

type Kind = SourceSettings['kind'];

/** Whoever asks again so soon gets what was found: a search starts a process and calls into the network. */
const sameAnswerMs = 2_000;
const searches = new Map<Kind, { answer: Promise<DiscoveredSource[]>; endedAt: number }>();

function search(kind: Kind): Promise<DiscoveredSource[]> {
  const last = searches.get(kind);
  if (last !== undefined && systemClock.mono() - last.endedAt < sameAnswerMs) return last.answer;
  const one = { answer: discover(kind), endedAt: Number.POSITIVE_INFINITY };
  const ended = () => {
    one.endedAt = systemClock.mono();
  };
  one.answer.then(ended, ended);
  searches.set(kind, one);
  return one.answer;
}

/** Devices that the dialog offers. Behind `goodpart.write`: a search is more than reading, and only who may deploy needs it. */
export function serveDiscovery(RED: NodeAPI): void {
  adminRoute(RED, 'get', 'cameras/:kind', 'goodpart.write', async ({ params }) => {
    const kind = Object.values(findable).find((known) => known === params.kind);
    if (kind === undefined) return { status: 404, body: { message: 'Devices of this kind cannot be looked for' } };
    return { body: { found: await search(kind) } };
  });
}
