import type { NodeAPI } from 'node-red';
import { invalidParameter } from '../../lib/core/errors.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { inspectionRef } from '../../lib/node-red/messages.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { overlayOf, regionsOf, takeEvidence } from '../evidence-desk.ts';
import { config } from './config.ts';

/** A JPEG of the view as the ledger knows it: the frame, or the frame with heat map, regions and verdict. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { content, maxWidth, quality } = kit.config;
    const lease = await takeEvidence();
    kit.onClose(() => lease.release());
    let drawing = false;
    let dropped = 0;
    return {
      input: async (message, send) => {
        const ref = inspectionRef(message);
        const station = ref && findStation(ref.line, ref.station);
        if (!ref || !station)
          throw invalidParameter('msg.inspection', 'an inspection of a running station', ref?.station);
        const view = station.describe(ref.id, ref.view).views.find(({ name }) => name === ref.view);
        if (!view?.frame) throw invalidParameter('msg.inspection', 'a view with a picture', ref.view);
        if (drawing) {
          dropped += 1; // pictures are for people: the newest is enough, and no queue may grow behind a slow screen
          kit.status('yellow', `${dropped} skipped`);
          return;
        }
        drawing = true;
        try {
          const size = { maxWidth, quality };
          const regions = regionsOf(station)[ref.view] ?? [];
          const payload =
            content === 'frame'
              ? await lease.value.encode(view.frame, size)
              : await lease.value.draw(view.frame, overlayOf(view, regions), size);
          send({ ...message, payload });
        } finally {
          drawing = false;
        }
      },
    };
  });
}
