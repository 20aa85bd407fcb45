import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { takeEndpoint } from '../plc-endpoint.ts';
import { config } from './config.ts';

/** A Modbus TCP server; each station that is shown on it has a block of registers from 1000 · its slot. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { host, port, unitId, wordOrder, textOrder } = kit.config;
    const options = { host, port, unitId, wordOrder, textOrder };
    const about = { name: kit.config.name, protocol: 'Modbus TCP', address: `${host}:${port}` } as const;
    const lease = await takeEndpoint(`modbus ${kit.id}`, about, options, (link, key) => link.openModbus(key, options));
    kit.onClose(() => lease.release());
    return { offers: lease.value };
  });
}
