import type { NodeAPI } from 'node-red';
import { serveConsole, watchOf } from '../../lib/node-red/console.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { takeStation } from '../../lib/node-red/stations.ts';
import { config } from './config.ts';

export default function register(RED: NodeAPI): void {
  serveConsole(RED);
  defineNode(RED, config, async (kit) => {
    const lease = await takeStation(RED, kit.id, kit.config);
    kit.onClose(() => lease.release());
    watchOf(lease.value);
    return { offers: lease.value };
  });
}
