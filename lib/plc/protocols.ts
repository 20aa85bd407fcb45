import { GoodpartError } from '../core/errors.ts';
import type { ProtocolServer } from './endpoint.ts';
import { ModbusServer } from './modbus-server.ts';
import { OpcUaServer } from './opcua-server.ts';
import type { EndpointSettings } from './settings.ts';

/** The protocol of an endpoint, and its address for people. */
export function makeProtocol(settings: EndpointSettings): { protocol: ProtocolServer; address: string } {
  switch (settings.kind) {
    case 'modbus': {
      const { host, port } = settings.options;
      return { protocol: new ModbusServer(settings.options), address: `${host}:${port}` };
    }
    case 'opcua': {
      const { host, port } = settings.options;
      return { protocol: new OpcUaServer(settings.options), address: `${host}:${port}` };
    }
    default:
      throw new GoodpartError('GP_CONFIG_INVALID', 'Clients come with the next change', { field: 'role' });
  }
}
