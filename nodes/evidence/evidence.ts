import type { NodeAPI } from 'node-red';
import { showEvidence } from '../../lib/node-red/console.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { requireRef } from '../../lib/node-red/messages.ts';
import { stationFolder } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import { takeRecorder } from '../evidence-desk.ts';
import { config } from './config.ts';
import { policyOf } from './policy-of.ts';

/** Keeps evidence of every inspection of its station; passes a message on at once, for the record is the ledger's. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const folder = stationFolder(RED, station.line, station.station);
    const lease = await takeRecorder(station, folder, policyOf(kit.config));
    kit.onClose(() => lease.release());
    const { store, key } = lease.value;

    const show = () => {
      const { ok, text, written, lost } = store.stats(key);
      if (!ok) kit.status('red', text);
      else kit.status(lost > 0 ? 'yellow' : 'green', lost > 0 ? `${written} kept, ${lost} lost` : `${written} kept`);
    };
    store.on('state', show);
    kit.onClose(() => {
      store.off('state', show);
    });
    show();
    const panel = () => {
      const { ok, text, queued: waiting } = store.stats(key);
      return { ok, text, waiting };
    };
    kit.onClose(showEvidence(station.id, panel));

    return {
      input: (message, send) => {
        const { id, view } = requireRef(message, station);
        const inspection = station.describe(id, view);
        const { verdict, severity, sequence, part, reasons, challenge } = inspection;
        show();
        send({
          ...message,
          payload: {
            ...{ id, sequence, part: part.id, verdict, severity, reasons: reasons.map(({ text }) => text) },
            ...(challenge > 0 && { challenge }),
          },
          inspection,
        });
      },
    };
  });
}
