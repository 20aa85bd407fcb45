import type { NodeAPI } from 'node-red';
import { invalidParameter } from '../../lib/core/errors.ts';
import { claim } from '../../lib/node-red/claims.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { requireRef } from '../../lib/node-red/messages.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';

/** Judges one view by the ledger's own score; what the message says of scores is never looked at. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { thresholds, final, rois } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    if (thresholds === 'drawn') {
      const { view } = kit.config;
      const expected = 'a view that no other roi rules node of this station draws regions for';
      const oneNode = () => invalidParameter('view', expected, view, 'GP_CONFIG_INVALID');
      kit.onClose(claim(`regions ${station.id} ${view}`, kit.id, oneNode));
      station.drawRegions(view, rois);
      kit.onClose(() => station.drawRegions(view, null));
    }
    const fixed = thresholds === 'fixed' ? { rois, overrideBy: `roi rules ${kit.config.name || kit.id}` } : {};
    return {
      input: (message, send) => {
        const { id, view } = requireRef(message, station);
        const judged = station.judgeView(id, view, { final, ...fixed });
        const colour = { pass: 'green', warn: 'yellow', fail: 'red', invalid: 'grey' } as const;
        const verdict = judged.verdict ?? 'invalid';
        kit.status(colour[verdict], [verdict, judged.severity?.toFixed(2)].filter(Boolean).join(' '));
        send({ ...message, payload: verdict, inspection: station.describe(id, view) });
      },
    };
  });
}
