import type { NodeAPI } from 'node-red';
import { defineOutput } from '../../lib/node-red/define-output.ts';
import { config } from './config.ts';

/** Publishes the ledger's verdict on all endpoints of the station and gives a receipt; shows the station's tags over OPC UA. */
export default function register(RED: NodeAPI): void {
  defineOutput(RED, config, { endpointType: 'goodpart-opcua-endpoint', slot: () => 0 });
}
