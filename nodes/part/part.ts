import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { requireRef } from '../../lib/node-red/messages.ts';
import type { PartRule } from '../../lib/rules/part.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';

/** Joins the branches of one part by inspection id; sends one message, when the part's verdict is known. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { required, needed } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const rule: PartRule =
      kit.config.rule === 'worst' ? { kind: 'worst', required } : { kind: 'k-of-n', required, k: needed };
    return {
      input: (message, send) => {
        const { id, view } = requireRef(message, station);
        if (station.describe(id, view).verdict !== null) return; // a late view of a part that has its verdict
        const part = station.judgePart(id, rule);
        if (part === null) {
          kit.status('blue', 'waiting for views');
          return;
        }
        kit.status('green', `${part.verdict} from ${required.length} views`);
        send({ ...message, payload: part.verdict, inspection: station.describe(id, view) });
      },
    };
  });
}
