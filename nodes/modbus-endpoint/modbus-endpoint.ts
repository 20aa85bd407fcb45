import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { takeEndpoint } from '../plc-endpoint.ts';
import { config } from './config.ts';

/**
 * A Modbus TCP server, or a client of a PLC's; each station that is shown on it has a block of registers, 1000 · its slot from the
 * first.
 */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { name, role, unitId, wordOrder, textOrder } = kit.config;
    const owner = `modbus ${kit.id}`;
    if (role === 'client') {
      const { plcHost: host, plcPort: port, base, pollMs, timeoutMs } = kit.config;
      const options = { host, port, unitId, base, wordOrder, textOrder, pollMs, timeoutMs };
      const about = { name, protocol: 'Modbus TCP', address: `${host}:${port}`, role } as const;
      const lease = await takeEndpoint(owner, about, options, (link, key) => link.openModbusClient(key, options));
      kit.onClose(() => lease.release());
      return { offers: lease.value };
    }
    const { host, port, maxClients } = kit.config;
    const options = { host, port, unitId, wordOrder, textOrder, maxClients };
    const about = { name, protocol: 'Modbus TCP', address: `${host}:${port}`, role } as const;
    const lease = await takeEndpoint(owner, about, options, (link, key) => link.openModbus(key, options));
    kit.onClose(() => lease.release());
    return { offers: lease.value };
  });
}
