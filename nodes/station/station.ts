import type { NodeAPI } from 'node-red';
import { GoodpartError } from '../../lib/core/errors.ts';
import { serveConsole, watchOf } from '../../lib/node-red/console.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { adminRoute } from '../../lib/node-red/routes.ts';
import { takeStation } from '../../lib/node-red/stations.ts';
import { serveVersions } from '../../lib/node-red/versions.ts';
import type { Station } from '../../lib/station/station.ts';
import { takeEvidence } from '../evidence-desk.ts';
import { config } from './config.ts';

/** Stations by the id of the configuration node that speaks for them. */
const byNode = new Map<string, Station>();

/** The newest inspected picture of a view, scaled down: what regions are drawn upon in the dialog. */
async function lastFrame(nodeId: string, view: unknown): Promise<Buffer> {
  const station = byNode.get(nodeId);
  const views = (station && watchOf(station).last?.views) ?? [];
  const frame = views.find(({ name, frame }) => frame && (view === undefined || name === view))?.frame;
  if (!frame) throw new GoodpartError('GP_INPUT_INVALID', 'There is no picture of this station yet');
  const lease = await takeEvidence();
  try {
    return await lease.value.encode(frame, { maxWidth: 960, quality: 80 });
  } finally {
    await lease.release();
  }
}

export default function register(RED: NodeAPI): void {
  serveConsole(RED);
  serveVersions(RED);
  adminRoute(RED, 'get', 'stations/:id/last-frame', 'goodpart.read', async ({ params, query }) => ({
    type: 'image/jpeg',
    body: await lastFrame(params.id, query.view),
  }));
  defineNode(RED, config, async (kit) => {
    const lease = await takeStation(RED, kit.id, kit.config);
    kit.onClose(() => lease.release());
    byNode.set(kit.id, lease.value);
    kit.onClose(() => {
      byNode.delete(kit.id);
    });
    watchOf(lease.value);
    return { offers: lease.value };
  });
}
