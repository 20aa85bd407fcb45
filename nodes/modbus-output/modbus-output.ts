import type { NodeAPI } from 'node-red';
import { defineOutput } from '../../lib/node-red/define-output.ts';
import { config } from './config.ts';

/** Publishes the ledger's verdict on all endpoints of the station and gives a receipt; shows the station's registers from 1000 · slot. */
export default function register(RED: NodeAPI): void {
  defineOutput(RED, config, { endpointType: 'goodpart-modbus-endpoint', slot: ({ slot }) => slot });
}
